/** Texts for the state of a device's workspace, and for commands that have no effect in this state. */
import type { DeviceView } from '../../../shared/api/devices.ts';
import type { CommandKind } from '../../../shared/protocol/command-kinds.ts';
import type { Service } from '../../../shared/verdict/terms.ts';

/** `label`: short text of the badge. `fact`: text of the details of a device. */
export const WORKSPACE_BADGES = {
  passcode: { label: 'Needs passcode', fact: 'Waits for the user’s passcode', color: 'gray' },
  locked: { label: 'Locked', fact: 'Locked', color: 'orange' },
  wiped: { label: 'Wiped', fact: 'Wiped', color: 'red' },
} as const;

export const NEEDS_WORKSPACE: readonly Service[] = ['messaging', 'mail'];

export const SERVICES_UNAVAILABLE = {
  passcode:
    'The workspace waits until the user enters the passcode. Messages and mail wait on the server. Orders and commands still take effect.',
  locked: 'The workspace is locked. This service is unavailable on the device until an admin unlocks the workspace.',
  wiped:
    'The workspace was wiped, so this service is unavailable on the device. The command “Unlock workspace” gives the device a new, empty workspace.',
} as const;

/** Reason why a command has no effect on a workspace in the given state. Null if the command may have an effect. */
export function withoutEffect(
  kind: CommandKind,
  { workspace: { state, since }, generation }: Pick<DeviceView, 'workspace' | 'generation'>,
): string | null {
  switch (kind) {
    case 'lock-workspace':
      if (state === 'wiped') return 'The workspace was already wiped.';
      return state === 'locked' ? 'The workspace is already locked.' : null;
    case 'unlock-workspace':
      // A device that has enrolled again may still have a locked or wiped workspace until it reports the state.
      if (since === null && generation > 1) return null;
      if (state === 'passcode')
        return 'The workspace waits for the user’s passcode. An unlock does not replace the passcode.';
      return state === 'open' ? 'The workspace is already open.' : null;
    case 'wipe-workspace':
      return state === 'wiped' ? 'The workspace was already wiped.' : null;
    case 'message':
      return state === 'wiped'
        ? 'The workspace was wiped, so the device cannot show messages. The command “Unlock workspace” gives the device a new, empty workspace.'
        : null;
    default:
      return null;
  }
}

export interface WorkspaceCounts {
  readonly locked: number;
  readonly wiped: number;
}

export function effectSentence(kind: CommandKind, total: number, { locked, wiped }: WorkspaceCounts): string | null {
  const open = Math.max(0, total - locked - wiped);
  switch (kind) {
    case 'lock-workspace':
      return sentence(locked + wiped, 'already locked or wiped', 'The command does not change these devices.');
    case 'unlock-workspace':
      return sentence(open, 'not locked', 'The command does not change these devices.');
    case 'wipe-workspace':
      return sentence(wiped, 'already wiped', 'The command does not change these devices.');
    case 'message':
      return sentence(
        wiped,
        'wiped',
        'These devices cannot show messages. The command “Unlock workspace” gives a device a new, empty workspace.',
      );
    default:
      return null;
  }
}

const sentence = (count: number, what: string, consequence: string): string | null =>
  count === 0
    ? null
    : `${count.toLocaleString('en')} of these devices ${count === 1 ? 'is' : 'are'} ${what}. ${consequence}`;
