/** Texts of the monitor form screens. */
export const monitorForm = {};
