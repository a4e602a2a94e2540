/** Limits of scripts, which server, agent and console apply. */

/** Interpreters by name, with the programs that run them. */
export const INTERPRETERS = ['sh', 'bash', 'python3'] as const;
export type Interpreter = (typeof INTERPRETERS)[number];

/** Maximum length of the text of a script, in bytes of UTF-8. */
export const LARGEST_SCRIPT = 64 * 1024;
/** Maximum running time in seconds. */
export const LONGEST_RUN = 3600;
/** Minimum and maximum of the address space of one process, in MiB. With less than the minimum, interpreters cannot start. */
export const SMALLEST_MEMORY = 64;
export const LARGEST_MEMORY = 4096;
/** Maximum output in KiB. */
export const LARGEST_OUTPUT = 1024;
export const MOST_ARGUMENTS = 16;
export const LONGEST_ARGUMENT = 1000;
/** Maximum length of one piece of output in a report, in UTF-16 code units. A report with it is smaller than `MAX_FRAME_FROM_DEVICE`. */
export const LONGEST_PIECE = 16_384;
/** Maximum time from the writing of a version to its expiry, in days. */
export const LONGEST_VALIDITY = 365;

/** Returns true for a text without the character NUL, which programs and PostgreSQL do not accept. */
export const hasNoNul = (text: string): boolean => !text.includes('\0');
