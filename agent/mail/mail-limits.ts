/** Maximum bytes of all files of one mail together. In base64, with line breaks, they stay below `LARGEST_MAIL`. */
export const LARGEST_FILES = 26_000_000;
