/**
 * Lifecycle of a command as one table. The device's report overrides the server's assumption: a command that the device carried out ends as
 * carried out, even if the server has marked it as expired or canceled.
 */
import { COMMAND_KINDS, type CommandKind, destroysData } from '../../shared/protocol/command-kinds.ts';

export const COMMAND_STATES = ['queued', 'stored', 'done', 'failed', 'expired', 'canceled'] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

export const COMMAND_EVENTS = [
  'stored',
  /** Reports of the device about a command: carried out, failed, or expired before an attempt. */
  'done',
  'failed',
  'expired',
  /** The device reports that it canceled the command before an attempt, because the server asked for this. */
  'withdrawn',
  /** The server found that the device sent no result of the command in time. */
  'lapse',
  'cancel',
  /** The enrollment ended: the device was revoked, unenrolled, or enrolled again. */
  'ended',
] as const;
export type CommandEvent = (typeof COMMAND_EVENTS)[number];

export const DESTROYING: ReadonlySet<CommandKind> = new Set(COMMAND_KINDS.filter(destroysData));

/** Next state of a command: the current state if the event is a repetition, or `refuse` if the caller must get an error. */
export type Step = CommandState | 'refuse';

const LIFECYCLE: Readonly<Record<CommandState, Readonly<Record<CommandEvent, Step>>>> = {
  queued: {
    stored: 'stored',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    withdrawn: 'canceled',
    lapse: 'expired',
    cancel: 'canceled',
    ended: 'canceled',
  },
  stored: {
    stored: 'stored',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    withdrawn: 'canceled',
    lapse: 'expired',
    cancel: 'refuse',
    ended: 'canceled',
  },
  done: {
    stored: 'done',
    done: 'done',
    failed: 'done',
    expired: 'done',
    withdrawn: 'done',
    lapse: 'done',
    cancel: 'refuse',
    ended: 'done',
  },
  failed: {
    stored: 'failed',
    done: 'failed',
    failed: 'failed',
    expired: 'failed',
    withdrawn: 'failed',
    lapse: 'failed',
    cancel: 'refuse',
    ended: 'failed',
  },
  expired: {
    stored: 'expired',
    done: 'done',
    failed: 'failed',
    expired: 'expired',
    withdrawn: 'expired',
    lapse: 'expired',
    cancel: 'refuse',
    ended: 'expired',
  },
  canceled: {
    stored: 'canceled',
    done: 'done',
    failed: 'failed',
    expired: 'canceled',
    withdrawn: 'canceled',
    lapse: 'canceled',
    cancel: 'canceled',
    ended: 'canceled',
  },
};

export function step(state: CommandState, event: CommandEvent): Step {
  return LIFECYCLE[state][event];
}

/**
 * Returns the states of commands that `event` changes. Database updates select commands by these states, so that the event does not change
 * commands in other states.
 */
export function movedBy(event: CommandEvent): CommandState[] {
  return COMMAND_STATES.filter((state) => {
    const next = step(state, event);
    return next !== state && next !== 'refuse';
  });
}
