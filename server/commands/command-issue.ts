import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, type DeviceId, newCommandId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { commandIdFor } from './command-id-for.ts';
import type { CommandRecord } from './command-record.ts';
import type { CommandRequestStore, CommandStore, NewCommand, RequestProgress } from './ports.ts';

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
  /** Number of devices that the admin saw when deciding. Any different number is a conflict. */
  readonly expect?: number;
}

export interface IssuedToMany {
  /** Id of the request. A repeated request with this id issues no further commands. */
  readonly id: CommandId;
  readonly queued: number;
  readonly refused: readonly { readonly device: DeviceId; readonly code: RefusedFor }[];
}

const REFUSED_FOR = ['not_found', 'conflict', 'legal_hold'] as const;
type RefusedFor = (typeof REFUSED_FOR)[number];
const isRefusal = (code: string): code is RefusedFor => REFUSED_FOR.some((known) => known === code);

const DAY = 86_400_000;
/** Number of commands in one commit. Other writes run between two commits. */
const AT_ONCE = 2_000;
export const DEFAULT_LIFE = 7 * DAY;
export const LONGEST_LIFE = 90 * DAY;

export interface CommandIssuePorts {
  readonly store: Pick<CommandStore, 'insert'>;
  readonly requests: Pick<CommandRequestStore, 'progress'>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly now: () => number;
}

export function createCommandIssue({ store, requests, bus, clock, now }: CommandIssuePorts) {
  async function queue(
    { id = newCommandId(), device, command, by, expiresInSeconds }: IssueCommand,
    request: CommandId | null,
  ) {
    const createdAt = now();
    const expiresAt = createdAt + lifeOf(expiresInSeconds);
    const created = { id, request, device, command, createdBy: by, createdAt, expiresAt };
    const stored = await store.insert(created, entryOf(created, clock.now()));
    if (stored.device !== device || !sameCommand(stored.command, command)) {
      throw new CordonError('conflict', 'Another command has this id. Choose a new id.', { id });
    }
    return stored;
  }

  async function issue(command: IssueCommand): Promise<CommandRecord> {
    const stored = await queue(command, null);
    bus.publish({ kind: 'commands', devices: [command.device] });
    return stored;
  }

  /**
   * Issues one command to each device. If a device cannot get a command, the result names the device, and the remaining devices still get
   * theirs. Throws `conflict` if the number of devices differs from `expect`. A repeated request returns the earlier result.
   */
  async function issueToMany(input: IssueToMany): Promise<IssuedToMany> {
    const { id = newCommandId(), devices, expect, ...rest } = input;
    lifeOf(rest.expiresInSeconds);
    // Sorts the devices by id, as in the store's index, so that one commit writes whole pages of the index.
    const all = [...new Set(devices)].sort();
    if (expect !== undefined && all.length !== expect) {
      const before = await requests.progress(id, null, 0);
      if (before && before.createdBy === rest.by && sameCommand(before.command, rest.command)) {
        return { id, queued: totalOf(before), refused: [] };
      }
      const detail = `The request now selects ${all.length} devices, not ${expect}, so no command was issued. Review the selection and try again.`;
      throw new CordonError('conflict', detail, { expected: expect, found: all.length });
    }
    const refused: { device: DeviceId; code: RefusedFor }[] = [];
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const queued: DeviceId[] = [];
      const issueTo = async (device: DeviceId): Promise<void> => {
        try {
          await queue({ ...rest, id: commandIdFor(id, device), device }, id);
          queued.push(device);
        } catch (error) {
          if (!isCordonError(error) || !isRefusal(error.code)) throw error;
          refused.push({ device, code: error.code });
        }
      };
      await Promise.all(all.slice(from, from + AT_ONCE).map(issueTo));
      bus.publish({ kind: 'commands', devices: queued });
    }
    return { id, queued: all.length - refused.length, refused };
  }

  return { issue, issueToMany };
}

function lifeOf(seconds: number | undefined): number {
  const life = seconds === undefined ? DEFAULT_LIFE : seconds * 1000;
  if (life > 0 && life <= LONGEST_LIFE) return life;
  const detail = `A command must expire after at least a second and at most ${LONGEST_LIFE / DAY} days.`;
  throw new CordonError('invalid_input', detail, { field: 'expiresInSeconds' });
}

/** A wipe destroys a person's data, so its ledger entry makes the operator accountable to outsiders. */
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
