import type { Role } from '../../../shared/api/roles.ts';
import { areaName } from '../../../shared/areas/area-words.ts';

export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  owner: 'Owner',
  fleet: 'Fleet admin',
  helpdesk: 'Helpdesk',
  legal: 'Legal',
  auditor: 'Auditor',
  backup: 'Backup',
};

export const ROLE_MEANING: Readonly<Record<Role, string>> = {
  owner: 'All rights, including people and backups.',
  fleet: 'Manages devices and groups: enroll, command, wipe, revoke. No orders.',
  helpdesk: 'Supports devices: enroll, message, lock. No destructive actions.',
  legal: 'Manages orders: propose, approve, withdraw. Places legal holds. Sees devices without commanding them.',
  auditor: 'Reads everything, changes nothing.',
  backup: 'Creates encrypted backups only. Intended for the token of a scheduled job.',
};

/** Limit of a role, such as `Karachi office`; null for a role without a limit. */
export function limitOf(
  { group, area }: { readonly group: string | null; readonly area: string | null },
  groupName: (id: string) => string,
): string | null {
  const parts = [group === null ? null : groupName(group), area === null ? null : areaName(area)];
  return parts.filter((part) => part !== null).join(', ') || null;
}
