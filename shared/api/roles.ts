/** Roles of admins. `server/admins/roles.ts` lists the rights of each role. */
export const ROLES = ['owner', 'fleet', 'helpdesk', 'legal', 'auditor', 'backup'] as const;
export type Role = (typeof ROLES)[number];
