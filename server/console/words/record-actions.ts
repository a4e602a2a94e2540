import type { RECORD_ACTIONS } from '../../../shared/api/device-actions.ts';
import type { DeviceMark } from '../../../shared/devices/device-marks.ts';
import { HOLD_MEANING } from './holds.ts';

export type RecordActionKind = (typeof RECORD_ACTIONS)[number];

export const RECORD_ACTION_NAMES: Readonly<Record<RecordActionKind, string>> = {
  'mark-missing': 'Mark as missing',
  'mark-found': 'Mark as found',
  label: 'Change labels',
  place: 'Change group or location',
  'add-to-group': 'Add to group',
  'remove-from-group': 'Remove from group',
  'place-hold': 'Place legal hold',
  'start-lost-mode': 'Start lost mode',
  'end-lost-mode': 'End lost mode',
  revoke: 'Revoke device',
  retire: 'Retire device',
};

export const RECORD_ACTION_MEANING: Readonly<Record<RecordActionKind, string>> = {
  'mark-missing':
    'The console shows the device as missing. The device itself does not change: lock or wipe its workspace if you do not expect to find it.',
  'mark-found': 'The console no longer shows the device as missing.',
  label: 'Labels help to find devices. Dynamic groups can use them.',
  place:
    'The server changes the primary group, home area, legal seat or location statement. Orders use the new values at once. If the change alters the effect of an order, a second person must confirm it.',
  'add-to-group':
    'The devices join a static group in addition to their primary group. Policies and roles of the group then apply to them.',
  'remove-from-group':
    'The devices leave a static group and keep their primary group. Policies and roles of the group no longer apply to them.',
  'place-hold': `${HOLD_MEANING} Each device gets its own legal hold.`,
  'start-lost-mode':
    'Each device shows lost mode to its user, who can end it, and reports its position until lost mode ends. You see positions on the page of each device. Lost mode does not lock the workspace.',
  'end-lost-mode':
    'The devices stop reporting their positions. The server deletes all positions now, and you cannot see them again.',
  revoke:
    'The server revokes the certificates and closes the connection at once. The public ledger records the revocation. To return, the device must enroll again.',
  retire:
    'The server revokes the certificates and cancels pending commands. The record and the history stay for 400 days, and the server then deletes them. A legal hold keeps them longer. The device can enroll again before that.',
};

/** Verb of the button. `devices`: such as `7 devices`; null for one device on its own page. */
export function recordActionVerb(kind: RecordActionKind, devices: string | null): string {
  if (devices === null) return kind === 'label' ? 'Save labels' : RECORD_ACTION_NAMES[kind];
  switch (kind) {
    case 'mark-missing':
      return `Mark ${devices} as missing`;
    case 'mark-found':
      return `Mark ${devices} as found`;
    case 'label':
      return `Change labels of ${devices}`;
    case 'place':
      return `Change ${devices}`;
    case 'add-to-group':
      return `Add ${devices}`;
    case 'remove-from-group':
      return `Remove ${devices}`;
    case 'place-hold':
      return `Place hold on ${devices}`;
    case 'start-lost-mode':
      return `Start lost mode on ${devices}`;
    case 'end-lost-mode':
      return `End lost mode on ${devices}`;
    case 'revoke':
      return `Revoke ${devices}`;
    case 'retire':
      return `Retire ${devices}`;
  }
}

export const MARK_BADGES: Readonly<Record<DeviceMark, { readonly label: string; readonly color: string }>> = {
  missing: { label: 'Missing', color: 'orange' },
  retired: { label: 'Retired', color: 'gray' },
  locked: { label: 'Locked', color: 'yellow' },
  wiped: { label: 'Wiped', color: 'red' },
  'lost-mode': { label: 'Lost mode', color: 'orange' },
  'legal-hold': { label: 'Legal hold', color: 'violet' },
  'mail-connector': { label: 'Mail connector', color: 'indigo' },
};

export const LIFE_CYCLE_NAMES = {
  locked: 'Locked',
  wiped: 'Wiped',
  missing: 'Missing',
  ended: 'Enrollment ended',
  retired: 'Retired',
} as const;

export const LIFE_CYCLE_BADGES = {
  active: null,
  locked: null,
  wiped: null,
  missing: { label: 'Missing', color: 'orange' },
  ended: null,
  retired: { label: 'Retired', color: 'gray' },
  deleted: { label: 'Deleted', color: 'gray' },
} as const;
