/** Kinds of entries in the activity log. They have a separate file, because the console needs them on its first page. */

/**
 * Kinds of entries.
 * - change: an admin changed data, or tried to.
 * - read: an admin read or exported personal data.
 * - sign-in: a sign-in, a sign-out, or the use of a token.
 * - event: a serious event of a device or of the server.
 */
export const ACTIVITY_KINDS = ['change', 'read', 'sign-in', 'event'] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];
