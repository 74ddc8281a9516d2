/** Texts of the monitor screens. */
export const monitor = {};
