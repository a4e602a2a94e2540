import { isDeepStrictEqual } from 'node:util';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, type DeviceId, newCommandId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { commandIdFor } from './command-id-for.ts';
import type { CommandRecord } from './command-record.ts';
import { type JobOptions, planJob, requireOptions } from './job-plan.ts';
import type { CommandStore, JobStore, Joiners, RefusedDevice, RequestProgress, StoredJob } from './ports.ts';
import { newUnlockShare } from './unlock-shares.ts';

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
  readonly options?: JobOptions;
  /** Filter for devices that may join the job later; null if the job's devices are fixed. */
  readonly joiners?: Joiners | null;
  /**
   * Number of devices that the admin saw before sending the request. If the number has changed since then, the request fails with
   * `conflict`.
   */
  readonly expect?: number;
}

export interface IssuedToMany {
  /** Id of the request. A repeated request with this id issues no further commands. */
  readonly id: CommandId;
  readonly queued: number;
  readonly refused: readonly RefusedDevice[];
}

const DAY = 86_400_000;
export const DEFAULT_LIFE = 7 * DAY;
export const LONGEST_LIFE = 90 * DAY;

export interface CommandIssuePorts {
  readonly store: Pick<CommandStore, 'insert'>;
  readonly jobs: Pick<JobStore, 'insert' | 'get'>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly now: () => number;
}

export function createCommandIssue({ store, jobs, bus, clock, now }: CommandIssuePorts) {
  async function issue({
    id = newCommandId(),
    device,
    command,
    by,
    expiresInSeconds,
  }: IssueCommand): Promise<CommandRecord> {
    const createdAt = now();
    const expiresAt = createdAt + lifeOf(expiresInSeconds);
    const created = { id, device, command, createdBy: by, createdAt, expiresAt };
    const stored = await store.insert(created, isWipe(command) ? wipeEntry(id, device, clock.now()) : null);
    if (stored.device !== device || !sameCommand(stored.command, command)) {
      throw new CordonError('conflict', 'Another command has this id. Choose a new id.', { id });
    }
    bus.publish({ kind: 'commands', devices: [device] });
    return stored;
  }

  /**
   * Returns the result of the earlier request with this id. If the earlier request was for another command, refuses the command for each
   * device.
   */
  function repeated(id: CommandId, command: Command, devices: readonly DeviceId[], earlier: StoredJob): IssuedToMany {
    if (!sameCommand(earlier.command, command)) {
      return { id, queued: 0, refused: devices.map((device) => ({ device, code: 'conflict' })) };
    }
    bus.publish({ kind: 'job', job: id });
    return { id, queued: earlier.devices, refused: earlier.refused };
  }

  /**
   * Issues one command to each device, as one job. If a device cannot get a command, the result names the device, and the remaining devices
   * still get theirs. Throws `conflict` if the number of devices differs from `expect`. A repeated request returns the earlier result.
   */
  async function issueToMany(input: IssueToMany): Promise<IssuedToMany> {
    const { id = newCommandId(), devices, expect, command, by, expiresInSeconds, options = {}, joiners = null } = input;
    const life = lifeOf(expiresInSeconds);
    const all = [...new Set(devices)].sort();
    const earlier = await jobs.get(id);
    if (expect !== undefined && all.length !== expect) {
      if (earlier?.createdBy === by && sameCommand(earlier.command, command))
        return repeated(id, command, all, earlier);
      const detail = `The request now selects ${all.length} devices, not ${expect}, so no command was issued. Review the selection and try again.`;
      throw new CordonError('conflict', detail, { expected: expect, found: all.length });
    }
    if (earlier) return repeated(id, command, all, earlier);
    requireOptions(command.kind, options, joiners !== null);
    if (options.after !== undefined && !(await jobs.get(options.after))) {
      const detail = 'There is no job with the id of the prerequisite (after).';
      throw new CordonError('invalid_input', detail, { field: 'after' });
    }
    const createdAt = now();
    const at = clock.now();
    const stored = await jobs.insert(
      {
        id,
        command,
        devices: all,
        createdBy: by,
        createdAt,
        expiresAt: createdAt + life,
        lockSecret: command.kind === 'lock-workspace' ? newUnlockShare() : null,
        name: options.name ?? null,
        priority: options.priority ?? null,
        window: options.window ?? null,
        supersedes: options.supersedes ?? null,
        after: options.after ?? null,
        joiners,
      },
      (accepted) => planJob(options, joiners !== null, accepted),
      isWipe(command) ? (device) => wipeEntry(commandIdFor(id, device), device, at) : null,
    );
    return repeated(id, command, all, stored);
  }

  return { issue, issueToMany };
}

function lifeOf(seconds: number | undefined): number {
  const life = seconds === undefined ? DEFAULT_LIFE : seconds * 1000;
  if (life > 0 && life <= LONGEST_LIFE) return life;
  const detail = `A command must expire after at least a second and at most ${LONGEST_LIFE / DAY} days.`;
  throw new CordonError('invalid_input', detail, { field: 'expiresInSeconds' });
}

const isWipe = (command: Command): boolean => command.kind === 'wipe-workspace';

/**
 * The public ledger has an entry for each wipe, because a wipe destroys a person's data. Outsiders can then hold the operator accountable.
 */
const wipeEntry = (command: CommandId, device: DeviceId, at: number): EntryDraft<'workspace.wipe'> => ({
  kind: 'workspace.wipe',
  at,
  subject: device,
  public: { command },
});

export const totalOf = ({ counts }: Pick<RequestProgress, 'counts'>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const sameCommand = (a: Command, b: Command): boolean => isDeepStrictEqual(a, b);
