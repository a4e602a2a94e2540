/** Submission port on loopback, unless the user chooses another one. */
export const DEFAULT_PORT = 8587;
