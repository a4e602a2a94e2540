import { isBuiltIn, type Role } from '../../../shared/api/roles.ts';
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
  owner: 'Has all rights, including people and backups.',
  fleet: 'Manages devices and groups, including enrollment, wipes and revocation. Cannot manage orders.',
  helpdesk: 'Enrolls devices, sends messages to them, and locks them. Cannot perform destructive actions.',
  legal:
    'Proposes, approves and withdraws orders, and places legal holds. Sees devices, but cannot send them commands.',
  auditor: 'Can read everything, but cannot change anything.',
  backup: 'Can only create encrypted backups. This role is for the API token of a scheduled job.',
};

interface NamedRole {
  readonly role: string;
  readonly name?: string | undefined;
}

/** Name of a built-in or custom role. */
export const roleNameOf = ({ role, name }: NamedRole): string => (isBuiltIn(role) ? ROLE_NAMES[role] : (name ?? role));

export const roleMeaningOf = ({ role }: NamedRole): string =>
  isBuiltIn(role) ? ROLE_MEANING[role] : 'A custom role of your organization.';

export function limitOf(
  { group, area }: { readonly group: string | null; readonly area: string | null },
  groupName: (id: string) => string,
): string | null {
  const parts = [group === null ? null : groupName(group), area === null ? null : areaName(area)];
  return parts.filter((part) => part !== null).join(', ') || null;
}
