/** What a role may do, as an owner who gives it has to understand it. */
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
  owner: 'Everything, people and backups included.',
  fleet: 'Devices and groups: enrol, command, wipe, revoke. No orders.',
  helpdesk: 'Devices day by day: enrol, message, lock. Nothing that destroys.',
  legal: 'Orders: propose, approve, withdraw. Places legal holds. Sees devices, commands none.',
  auditor: 'Sees everything, changes nothing.',
  backup: 'Takes encrypted backups and sees nothing else. For the token of a scheduled job.',
};

/** A limit in words: `devices of Karachi office`; null without one. */
export function limitOf(
  { group, area }: { readonly group: string | null; readonly area: string | null },
  groupName: (id: string) => string,
): string | null {
  const parts = [group === null ? null : groupName(group), area === null ? null : areaName(area)];
  return parts.filter((part) => part !== null).join(', ') || null;
}
