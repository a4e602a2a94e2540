/**
 * The life of a command as one table. A device's own word about the end outweighs what the server had assumed meanwhile: a command
 * that was given up as expired, or cancelled while it was on its way, and that the device says it has carried out, was carried out.
 */
import type { CommandKind } from '../../shared/protocol/frames.ts';

export const COMMAND_STATES = ['queued', 'stored', 'done', 'failed', 'expired', 'cancelled'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export const COMMAND_EVENTS = [
  /** The device has it durably. */
  'stored',
  /** The device's word: carried out, tried in vain, or too late and therefore not tried. */
  'done',
  'failed',
  'expired',
  /** The server's timer: it was not heard of in time. */
  'lapse',
  /** An admin calls it back. */
  'cancel',
  /** The device was revoked or unenrolled, or enrolled again. */
  'ended',
] as const;
export type CommandEvent = (typeof COMMAND_EVENTS)[number];

/** What cannot be undone, and takes what is somebody's. */
export const DESTROYING: ReadonlySet<CommandKind> = new Set(['wipe-workspace', 'unenrol']);

/** The state that follows; the same state when there is nothing new in the event; `refuse` when somebody must be told no. */
export type Step = CommandState | 'refuse';

const LIFECYCLE: Readonly<Record<CommandState, Readonly<Record<CommandEvent, Step>>>> = {
  queued: {
    stored: 'stored',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    lapse: 'expired',
    cancel: 'cancelled',
    ended: 'cancelled',
  },
  stored: {
    stored: 'stored',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    lapse: 'expired',
    cancel: 'refuse',
    ended: 'cancelled',
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
  cancelled: {
    stored: 'cancelled',
    done: 'done',
    failed: 'failed',
    expired: 'cancelled',
    lapse: 'cancelled',
    cancel: 'cancelled',
    ended: 'cancelled',
  },
};

export function step(state: CommandState, event: CommandEvent): Step {
  return LIFECYCLE[state][event];
}

/** The states that `event` moves to another one: what a conditional update asks for. */
export function movedBy(event: CommandEvent): CommandState[] {
  return COMMAND_STATES.filter((state) => {
    const next = step(state, event);
    return next !== state && next !== 'refuse';
  });
}
