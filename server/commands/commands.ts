/**
 * The durable queue of commands: an admin issues, the device stores, carries out and reports. Delivery is at least once and by the
 * gateway; what happens twice counts once, by the command's id. A command belongs to one enrolment of one device and never reaches a
 * later one. All times are real time, but for the ledger's.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, type DeviceId, newCommandId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Devices } from '../devices/devices.ts';
import { commandIdFor } from './command-id-for.ts';
import { type CommandEvent, type CommandState, movedBy } from './lifecycle.ts';
import { type SentCommand, type UnlockShareStore, withShares } from './unlock-shares.ts';

export interface CommandRecord {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly command: Command;
  readonly state: CommandState;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly storedAt: number | null;
  readonly finishedAt: number | null;
  /** The device's words on the result, or why it ended without one. */
  readonly detail: string | null;
}

export interface NewCommand {
  readonly id: CommandId;
  /** The request to many that it is of. */
  readonly request: CommandId | null;
  readonly device: DeviceId;
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** What a device says about a command. */
export interface CommandWord {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly event: 'stored' | 'done' | 'failed' | 'expired';
  readonly at: number;
  readonly detail: string | null;
}

export interface CommandStore {
  /**
   * Binds it to the device's generation of this moment. With an id that exists already nothing changes and the existing command is
   * given. Throws `not_found` without such a device, `conflict` when it is not active, `legal_hold` when it would destroy what a hold keeps.
   */
  insert(command: NewCommand, leaf: LeafDraft<'workspace.wipe'> | null): Promise<CommandRecord>;
  get(id: CommandId): Promise<CommandRecord | null>;
  /** Newest first. */
  list(device: DeviceId, before: CommandPosition | null, limit: number): Promise<CommandRecord[]>;
  /** Null when none of the request's commands is for a device of the scope. At most `most` failures. */
  progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null>;
  /** Queued and not expired, oldest first. */
  pending(device: DeviceId, generation: number, now: number): Promise<CommandRecord[]>;
  /** Moves it to `cancelled` if it is in one of these states. */
  cancel(id: CommandId, from: readonly CommandState[], at: number, detail: string): Promise<void>;
  /** Applies the lifecycle; null when this device has no such command in this generation. `moved`: it was news. */
  word(word: CommandWord): Promise<{ readonly kind: Command['kind']; readonly moved: boolean } | null>;
  /** Gives up what was not heard of in time; returns how many. */
  lapse(from: readonly CommandState[], now: number): Promise<number>;
}

/** How far the commands of one request have come. */
export interface RequestProgress {
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly counts: Readonly<Record<CommandState, number>>;
  readonly failures: readonly {
    readonly device: DeviceId;
    readonly user: string;
    readonly state: CommandState;
    readonly detail: string | null;
  }[];
}

/** Whose devices count; null: everybody's. */
export type CommandScope = Parameters<Devices['reached']>[1];

export interface CommandPosition {
  readonly createdAt: number;
  readonly id: string;
}

export interface CommandsPorts {
  readonly store: CommandStore;
  readonly shares: UnlockShareStore;
  readonly bus: Bus;
  /** For the ledger alone. */
  readonly clock: Clock;
  readonly devices: {
    /** Called when a device has carried out `unenrol`; must be idempotent. */
    unenrol(device: DeviceId): Promise<unknown>;
  };
  /** Real time. */
  readonly now?: () => number;
}

export interface IssueCommand {
  /** Chosen by whoever wants to repeat the request without repeating the command. */
  readonly id?: CommandId;
  readonly device: DeviceId;
  readonly command: Command;
  readonly by: string;
  readonly expiresInSeconds?: number;
}

export interface IssueToMany extends Omit<IssueCommand, 'device'> {
  readonly devices: readonly DeviceId[];
  /** How many they were when somebody decided. */
  readonly expect?: number;
}

export interface IssuedToMany {
  /** Of the request: with it again, nothing is issued twice. */
  readonly id: CommandId;
  readonly queued: number;
  readonly refused: readonly { readonly device: DeviceId; readonly code: RefusedFor }[];
}

/** Why one device of many got no command. */
const REFUSED_FOR = ['not_found', 'conflict', 'legal_hold'] as const;
type RefusedFor = (typeof REFUSED_FOR)[number];
const isRefusal = (code: string): code is RefusedFor => REFUSED_FOR.some((known) => known === code);

const DAY = 86_400_000;
/** Commands of one request that share a commit; between commits others have their turn. */
const AT_ONCE = 2_000;
export const DEFAULT_LIFE = 7 * DAY;
export const LONGEST_LIFE = 90 * DAY;
const LAPSE_EVERY = 30_000;
const FAILURES_SHOWN = 50;

export type Commands = ReturnType<typeof createCommands>;

export function createCommands({ store, shares, bus, clock, devices, now = Date.now }: CommandsPorts) {
  async function queue(
    { id = newCommandId(), device, command, by, expiresInSeconds }: IssueCommand,
    request: CommandId | null,
  ) {
    const createdAt = now();
    const expiresAt = createdAt + lifeOf(expiresInSeconds);
    const made = { id, request, device, command, createdBy: by, createdAt, expiresAt };
    const stored = await store.insert(made, leafOf(made, clock.now()));
    if (stored.device !== device || !sameCommand(stored.command, command)) {
      throw new CordonError('conflict', 'Another command has this id: choose a new one.', { id });
    }
    return stored;
  }

  async function issue(wanted: IssueCommand): Promise<CommandRecord> {
    const stored = await queue(wanted, null);
    bus.publish({ kind: 'commands', devices: [wanted.device] });
    return stored;
  }

  /**
   * One command each. A device that takes none is told of and holds up nobody else. Throws `conflict` when they are more or fewer by now than
   * `expect`, unless this very request was carried out before: then it is told how many got the command, and nobody else gets it.
   */
  async function issueToMany(asked: IssueToMany): Promise<IssuedToMany> {
    const { id = newCommandId(), devices: wanted, expect, ...rest } = asked;
    lifeOf(rest.expiresInSeconds);
    // In the order of the store's index: neighbours share its pages, and a commit writes whole pages.
    const all = [...new Set(wanted)].sort();
    if (expect !== undefined && all.length !== expect) {
      const before = await store.progress(id, null, 0);
      if (before && before.createdBy === rest.by && sameCommand(before.command, rest.command)) {
        return { id, queued: totalOf(before), refused: [] };
      }
      const detail = `This would reach ${all.length} devices by now and not ${expect}: nothing was done. Look again, and decide anew.`;
      throw new CordonError('conflict', detail, { expected: expect, found: all.length });
    }
    const refused: { device: DeviceId; code: RefusedFor }[] = [];
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const queued: DeviceId[] = [];
      const one = async (device: DeviceId): Promise<void> => {
        try {
          await queue({ ...rest, id: commandIdFor(id, device), device }, id);
          queued.push(device);
        } catch (error) {
          if (!isCordonError(error) || !isRefusal(error.code)) throw error;
          refused.push({ device, code: error.code });
        }
      };
      await Promise.all(all.slice(from, from + AT_ONCE).map(one));
      bus.publish({ kind: 'commands', devices: queued });
    }
    return { id, queued: all.length - refused.length, refused };
  }

  async function get(id: CommandId): Promise<CommandRecord> {
    const record = await store.get(id);
    if (!record) throw new CordonError('not_found', 'There is no such command.', { id });
    return record;
  }

  async function cancel(id: CommandId, by: string): Promise<CommandRecord> {
    await store.cancel(id, movedBy('cancel'), now(), `Cancelled by ${by}.`);
    bus.publish({ kind: 'results' });
    const record = await get(id);
    if (record.state === 'cancelled') return record;
    if (record.state === 'expired') {
      throw new CordonError('command_expired', 'The command has expired: there is nothing to cancel.', { id });
    }
    const detail =
      record.state === 'stored'
        ? 'The device has the command already: it cannot be called back.'
        : `The command is ${record.state}: there is nothing to cancel.`;
    throw new CordonError('command_finished', detail, { id, state: record.state });
  }

  async function list(device: DeviceId, before: CommandPosition | null = null, limit = 50) {
    return store.list(device, before, Math.min(Math.max(1, limit), 200));
  }

  async function progress(request: CommandId, scope: CommandScope = null): Promise<RequestProgress> {
    const found = await store.progress(request, scope, FAILURES_SHOWN);
    if (found) return found;
    const detail = 'There is no such command for many, or your role reaches none of its devices.';
    throw new CordonError('not_found', detail, { id: request });
  }

  async function said(word: CommandWord): Promise<void> {
    const answer = await store.word(word);
    if (!answer) {
      // The same words whether it is another's or nobody's: a device learns nothing by trying ids.
      throw new CordonError('not_found', 'This enrolment of the device has no such command.', { id: word.id });
    }
    bus.publish({ kind: 'results' });
    if (answer.kind === 'unenrol' && word.event === 'done') await devices.unenrol(word.device);
  }

  /** Resolves once it is durable. Saying the same twice is the same as once. */
  const stored = (device: DeviceId, generation: number, id: CommandId) =>
    said({ id, device, generation, event: 'stored', at: now(), detail: null });

  /** The device's result. Throws `not_found` for another device's or another enrolment's command, and changes nothing. */
  const finished = (device: DeviceId, generation: number, result: CommandResult) =>
    said({ id: result.command, device, generation, event: result.outcome, at: now(), detail: result.detail });

  async function expire(): Promise<number> {
    const lapsed = await store.lapse(movedBy('lapse'), now());
    if (lapsed > 0) bus.publish({ kind: 'results' });
    return lapsed;
  }

  return {
    issue,
    issueToMany,
    get,
    cancel,
    list,
    progress,
    pendingFor: async (device: DeviceId, generation: number): Promise<SentCommand[]> =>
      withShares(shares, await store.pending(device, generation, now()), now()),
    stored,
    finished,
    expire,
    /** Expires on a timer until the returned function is called. A failure is left to the next turn and told to `failed`. */
    keepExpiring: (failed: (error: unknown) => void) => {
      const timer = setInterval(() => void expire().catch(failed), LAPSE_EVERY);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

export interface CommandResult {
  readonly command: CommandId;
  readonly outcome: Extract<CommandEvent, 'done' | 'failed' | 'expired'>;
  readonly detail: string;
}

function lifeOf(seconds: number | undefined): number {
  const life = seconds === undefined ? DEFAULT_LIFE : seconds * 1000;
  if (life > 0 && life <= LONGEST_LIFE) return life;
  const detail = `A command lives between a second and ${LONGEST_LIFE / DAY} days.`;
  throw new CordonError('invalid_input', detail, { field: 'expiresInSeconds' });
}

/** A wipe destroys what is somebody's, so an outsider may hold the operator to it. */
function leafOf({ id, device, command }: NewCommand, at: number): LeafDraft<'workspace.wipe'> | null {
  return command.kind === 'wipe-workspace'
    ? { kind: 'workspace.wipe', at, subject: device, public: { command: id } }
    : null;
}

/** How many commands the request has. */
export const totalOf = ({ counts }: Pick<RequestProgress, 'counts'>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function sameCommand(a: Command, b: Command): boolean {
  return a.kind === b.kind && (a.kind !== 'message' || (b.kind === 'message' && a.text === b.text));
}
