/** Texts of the incidents screens. */
export const incidents = {};
