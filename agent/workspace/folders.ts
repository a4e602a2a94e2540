/** Beginnings of names in the workspace. */

/** Messages and mail, which only the agent writes. */
export const OWN_FILES = 'messages/';
/** Files that the organization sends and fetches (`organization-files.ts`). */
export const ORGANIZATION_FOLDER = 'organization/';
