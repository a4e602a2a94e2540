/** Roles that a grant can give. `server/admins/roles.ts` has their rights. */
export const ROLES = ['owner', 'fleet', 'helpdesk', 'legal', 'auditor', 'backup'] as const;
export type Role = (typeof ROLES)[number];
