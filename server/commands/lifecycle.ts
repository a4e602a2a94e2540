/**
 * The lifecycle of a command as one table. The device's own report about the end outweighs the server's assumption: an expired or canceled
 * command that the device carried out counts as carried out.
 */
import { COMMAND_KINDS, type CommandKind, destroysData } from '../../shared/protocol/command-kinds.ts';

export const COMMAND_STATES = ['queued', 'stored', 'done', 'failed', 'expired', 'canceled'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export const COMMAND_EVENTS = [
  'stored',
  /** Reports of the device: carried out, failed, or expired before an attempt. */
  'done',
  'failed',
  'expired',
  /** The server's timer: no result arrived in time. */
  'lapse',
  'cancel',
  /** The device was revoked or unenrolled, or enrolled again. */
  'ended',
] as const;
export type CommandEvent = (typeof COMMAND_EVENTS)[number];

export const DESTROYING: ReadonlySet<CommandKind> = new Set(COMMAND_KINDS.filter(destroysData));

/** The next state; the same state when the event is not new; `refuse` when the caller must get an error. */
export type Step = CommandState | 'refuse';

const LIFECYCLE: Readonly<Record<CommandState, Readonly<Record<CommandEvent, Step>>>> = {
  queued: {
    stored: 'stored',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    lapse: 'expired',
    cancel: 'canceled',
    ended: 'canceled',
  },
  stored: {
    stored: 'stored',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    lapse: 'expired',
    cancel: 'refuse',
    ended: 'canceled',
  },
  done: {
    stored: 'done',
    done: 'done',
    failed: 'done',
    expired: 'done',
    lapse: 'done',
    cancel: 'refuse',
    ended: 'done',
  },
  failed: {
    stored: 'failed',
    done: 'failed',
    failed: 'failed',
    expired: 'failed',
    lapse: 'failed',
    cancel: 'refuse',
    ended: 'failed',
  },
  expired: {
    stored: 'expired',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    lapse: 'expired',
    cancel: 'refuse',
    ended: 'expired',
  },
  canceled: {
    stored: 'canceled',
    done: 'done',
    failed: 'failed',
    expired: 'canceled',
    lapse: 'canceled',
    cancel: 'canceled',
    ended: 'canceled',
  },
};

export function step(state: CommandState, event: CommandEvent): Step {
  return LIFECYCLE[state][event];
}

/** States that `event` changes, for a conditional update. */
export function movedBy(event: CommandEvent): CommandState[] {
  return COMMAND_STATES.filter((state) => {
    const next = step(state, event);
    return next !== state && next !== 'refuse';
  });
}
