/** The roles that a grant can give. What each may do is the server's table (`server/admins/roles.ts`). */
export const ROLES = ['owner', 'fleet', 'helpdesk', 'legal', 'auditor', 'backup'] as const;
export type Role = (typeof ROLES)[number];
