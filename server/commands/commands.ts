/**
 * The durable queue of commands. An admin issues a command; the device stores the command, carries it out and reports a result. Delivery is
 * at least once, and the command's id makes repetitions harmless. A command is bound to one enrollment of a device. All times are real
 * time, except in ledger entries.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, type DeviceId, newCommandId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { type Devices, workspaceEventOf } from '../devices/devices.ts';
import { commandIdFor } from './command-id-for.ts';
import type { CommandRecord, Displayed } from './command-record.ts';
import { type CommandEvent, type CommandState, movedBy } from './lifecycle.ts';
import { type SentCommand, type UnlockShareStore, withShares } from './unlock-shares.ts';

export interface DisplayReport extends Displayed {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
}

export interface NewCommand {
  readonly id: CommandId;
  /** Identifier of the request to many devices; null for a single command. */
  readonly request: CommandId | null;
  readonly device: DeviceId;
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A device's report about a command. */
export interface CommandWord {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly event: 'stored' | 'done' | 'failed' | 'expired';
  readonly at: number;
  /** Domain time of the workspace report. */
  readonly domainAt: number;
  readonly detail: string | null;
}

export interface CommandStore {
  /**
   * Stores the command for the device's present generation. Returns the existing command if the id exists.
   * - Throws `not_found` for an unknown device, and `conflict` when the device is not active.
   * - Throws `legal_hold` when the command would destroy data under a legal hold.
   */
  insert(command: NewCommand, entry: EntryDraft<'workspace.wipe'> | null): Promise<CommandRecord>;
  get(id: CommandId): Promise<CommandRecord | null>;
  /** Commands of the device, newest first. */
  list(device: DeviceId, before: CommandPosition | null, limit: number): Promise<CommandRecord[]>;
  /** Requests to many devices after `cursor`, newest first. `next` is the cursor of the next page. */
  requests(cursor: string | null, most: number): Promise<{ readonly ids: CommandId[]; readonly next: string | null }>;
  /**
   * Progress of a request to many devices. Null when no command of the request is for a device in the scope. Lists at most `most` failures.
   */
  progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null>;
  /** Queued commands of a device that have not expired, oldest first. */
  pending(device: DeviceId, generation: number, now: number): Promise<CommandRecord[]>;
  /** Cancels the command if it is in one of these states. */
  cancel(id: CommandId, from: readonly CommandState[], at: number, detail: string): Promise<void>;
  /**
   * Changes the command's state by the lifecycle table, and stores the workspace's new state after a completed command. Null if this
   * enrollment has no command with the id. `moved`: the report was new.
   */
  word(word: CommandWord): Promise<{ readonly kind: Command['kind']; readonly moved: boolean } | null>;
  /** Stores the first display report of a message. Returns false if this enrollment has no such message. */
  displayed(report: DisplayReport): Promise<boolean>;
  /** Expires commands without a result. Returns the number of expired commands. */
  lapse(from: readonly CommandState[], now: number): Promise<number>;
}

export interface RequestProgress {
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly counts: Readonly<Record<CommandState, number>>;
  readonly displayed: number;
  readonly failures: readonly {
    readonly device: DeviceId;
    readonly user: string;
    readonly state: CommandState;
    readonly detail: string | null;
  }[];
}

/** Scope of the affected devices; null for all devices. */
export type CommandScope = Parameters<Devices['reached']>[1];

export interface CommandPosition {
  readonly createdAt: number;
  readonly id: string;
}

export interface CommandsPorts {
  readonly store: CommandStore;
  readonly shares: UnlockShareStore;
  readonly bus: Bus;
  /** Clock for ledger entries and workspace states. */
  readonly clock: Clock;
  readonly devices: {
    /** Called after a device has carried out `unenroll`. Must be idempotent. */
    unenroll(device: DeviceId): Promise<unknown>;
  };
  /** Real time in Unix milliseconds. */
  readonly now?: () => number;
}

export interface IssueCommand {
  /** Id chosen by the caller, so that a repeated request does not repeat the command. */
  readonly id?: CommandId;
  readonly device: DeviceId;
  readonly command: Command;
  readonly by: string;
  readonly expiresInSeconds?: number;
}

export interface IssueToMany extends Omit<IssueCommand, 'device'> {
  readonly devices: readonly DeviceId[];
  /** Number of devices that the admin saw at the decision. */
  readonly expect?: number;
}

export interface IssuedToMany {
  /** Id of the request. A request with a known id issues no command twice. */
  readonly id: CommandId;
  readonly queued: number;
  readonly refused: readonly { readonly device: DeviceId; readonly code: RefusedFor }[];
}

/** Reason why one of many devices got no command. */
const REFUSED_FOR = ['not_found', 'conflict', 'legal_hold'] as const;
type RefusedFor = (typeof REFUSED_FOR)[number];
const isRefusal = (code: string): code is RefusedFor => REFUSED_FOR.some((known) => known === code);

const DAY = 86_400_000;
const REQUESTS_SHOWN = 10;
/** Number of commands in one commit. Other writes run between two commits. */
const AT_ONCE = 2_000;
export const DEFAULT_LIFE = 7 * DAY;
export const LONGEST_LIFE = 90 * DAY;
const LAPSE_EVERY = 30_000;
const FAILURES_SHOWN = 50;
/** Same error text for unknown commands and for commands of other devices, so that a device learns nothing by guessing ids. */
const NO_SUCH_COMMAND = 'This enrollment of the device has no such command.';

export type Commands = ReturnType<typeof createCommands>;

export function createCommands({ store, shares, bus, clock, devices, now = Date.now }: CommandsPorts) {
  async function queue(
    { id = newCommandId(), device, command, by, expiresInSeconds }: IssueCommand,
    request: CommandId | null,
  ) {
    const createdAt = now();
    const expiresAt = createdAt + lifeOf(expiresInSeconds);
    const made = { id, request, device, command, createdBy: by, createdAt, expiresAt };
    const stored = await store.insert(made, entryOf(made, clock.now()));
    if (stored.device !== device || !sameCommand(stored.command, command)) {
      throw new CordonError('conflict', 'Another command has this id. Choose a new id.', { id });
    }
    return stored;
  }

  async function issue(wanted: IssueCommand): Promise<CommandRecord> {
    const stored = await queue(wanted, null);
    bus.publish({ kind: 'commands', devices: [wanted.device] });
    return stored;
  }

  /**
   * Issues one command to each device. A device that cannot get a command is reported and does not stop the others. Throws `conflict` when
   * the number of devices differs from `expect`. A repeated request returns the earlier result.
   */
  async function issueToMany(asked: IssueToMany): Promise<IssuedToMany> {
    const { id = newCommandId(), devices: wanted, expect, ...rest } = asked;
    lifeOf(rest.expiresInSeconds);
    // Sorted by id, as in the store's index, so that one commit writes whole pages of the index.
    const all = [...new Set(wanted)].sort();
    if (expect !== undefined && all.length !== expect) {
      const before = await store.progress(id, null, 0);
      if (before && before.createdBy === rest.by && sameCommand(before.command, rest.command)) {
        return { id, queued: totalOf(before), refused: [] };
      }
      const detail = `The request now selects ${all.length} devices, not ${expect}, so no command was issued. Review the selection and try again.`;
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
    await store.cancel(id, movedBy('cancel'), now(), `Canceled by ${by}.`);
    bus.publish({ kind: 'results' });
    const record = await get(id);
    if (record.state === 'canceled') return record;
    if (record.state === 'expired') {
      throw new CordonError('command_expired', 'The command has expired, so it cannot be canceled.', { id });
    }
    const detail =
      record.state === 'stored'
        ? 'The device already has the command, so it cannot be canceled.'
        : `The command is ${record.state}, so it cannot be canceled.`;
    throw new CordonError('command_finished', detail, { id, state: record.state });
  }

  async function list(device: DeviceId, before: CommandPosition | null = null, limit = 50) {
    return store.list(device, before, Math.min(Math.max(1, limit), 200));
  }

  async function progress(request: CommandId, scope: CommandScope = null): Promise<RequestProgress> {
    const found = await store.progress(request, scope, FAILURES_SHOWN);
    if (found) return found;
    const detail = 'There is no such request to many devices, or your role reaches none of its devices.';
    throw new CordonError('not_found', detail, { id: request });
  }

  async function requests(scope: CommandScope, cursor: string | null) {
    const { ids, next } = await store.requests(cursor, REQUESTS_SHOWN);
    const found: (RequestProgress & { readonly id: CommandId })[] = [];
    for (const id of ids) {
      const one = await store.progress(id, scope, 0);
      if (one) found.push({ id, ...one });
    }
    return { requests: found, cursor: next };
  }

  async function said(word: CommandWord): Promise<void> {
    const answer = await store.word(word);
    if (!answer) {
      throw new CordonError('not_found', NO_SUCH_COMMAND, { id: word.id });
    }
    bus.publish({ kind: 'results' });
    if (answer.moved && word.event === 'done' && workspaceEventOf(answer.kind)) bus.publish({ kind: 'devices' });
    if (answer.kind === 'unenroll' && word.event === 'done') await devices.unenroll(word.device);
  }

  /** Records that the device stored the command durably. A repeated report changes nothing. */
  const stored = (device: DeviceId, generation: number, id: CommandId) =>
    said({ id, device, generation, event: 'stored', at: now(), domainAt: clock.now(), detail: null });

  /** Stores the result of a command. Throws `not_found` for a command of another device or enrollment, and changes nothing. */
  const finished = (device: DeviceId, generation: number, result: CommandResult) =>
    said({
      ...{ id: result.command, device, generation, event: result.outcome, detail: result.detail },
      ...{ at: now(), domainAt: clock.now() },
    });

  /**
   * Records that a device displayed a message. A future time becomes now, because the device's time is not trusted. Throws `not_found` as
   * `finished` does.
   */
  async function displayed(device: DeviceId, generation: number, report: { readonly command: CommandId } & Displayed) {
    const at = Math.min(report.at, now());
    if (!(await store.displayed({ id: report.command, device, generation, on: report.on, at }))) {
      throw new CordonError('not_found', NO_SUCH_COMMAND, { id: report.command });
    }
    bus.publish({ kind: 'results' });
  }

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
    requests,
    pendingFor: async (device: DeviceId, generation: number): Promise<SentCommand[]> =>
      withShares(shares, await store.pending(device, generation, now()), now()),
    stored,
    finished,
    displayed,
    expire,
    /** Expires commands on an interval until the caller calls the returned function. */
    keepExpiring: (failed: (error: unknown) => void) => {
      const loop = new Loop({ run: async () => void (await expire()), failed, every: LAPSE_EVERY });
      loop.requestAt(Date.now() + LAPSE_EVERY);
      return () => loop.stop();
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
  const detail = `A command must expire after at least a second and at most ${LONGEST_LIFE / DAY} days.`;
  throw new CordonError('invalid_input', detail, { field: 'expiresInSeconds' });
}

/** A wipe gets a ledger entry: it destroys a person's data, so outsiders must be able to hold the operator accountable. */
function entryOf({ id, device, command }: NewCommand, at: number): EntryDraft<'workspace.wipe'> | null {
  return command.kind === 'wipe-workspace'
    ? { kind: 'workspace.wipe', at, subject: device, public: { command: id } }
    : null;
}

export const totalOf = ({ counts }: Pick<RequestProgress, 'counts'>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function sameCommand(a: Command, b: Command): boolean {
  return a.kind === b.kind && (a.kind !== 'message' || (b.kind === 'message' && a.text === b.text));
}
