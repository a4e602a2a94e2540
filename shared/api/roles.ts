import type { CustomRoleId } from '../protocol/ids.ts';

/** Built-in roles of admins. `server/admins/roles.ts` lists the rights of each role. */
export const ROLES = ['owner', 'fleet', 'helpdesk', 'legal', 'auditor', 'backup'] as const;
export type Role = (typeof ROLES)[number];
/** Built-in role, or id of a custom role. */
export type RoleName = Role | CustomRoleId;

export const isBuiltIn = (role: string): role is Role => (ROLES as readonly string[]).includes(role);
