/**
 * Durable queue of commands to devices. A command may be delivered more than once, and its id makes repetitions harmless. Each command
 * belongs to one enrollment of a device. The times of commands come from the system clock. The times of ledger entries and workspace states
 * come from the server clock, which a demo can advance.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createCommandIssue } from './command-issue.ts';
import type { CommandRecord } from './command-record.ts';
import { createCommandReports } from './command-reports.ts';
import { createJobControl } from './job-control.ts';
import { createJobDelivery } from './job-delivery.ts';
import { createJobSearch } from './job-search.ts';
import { movedBy } from './lifecycle.ts';
import type { CommandPosition, CommandScope, CommandStores, JobDevice, JobRecord, RequestProgress } from './ports.ts';
import type { UnlockShareStore } from './unlock-shares.ts';

export interface CommandsPorts {
  readonly stores: CommandStores;
  readonly shares: UnlockShareStore;
  readonly bus: Bus;
  /** Server clock, for ledger entries and workspace states. */
  readonly clock: Clock;
  readonly devices: {
    /** Called after a device has carried out `unenroll`. Must be idempotent. */
    unenroll(device: DeviceId): Promise<unknown>;
  };
  /** Returns the system time of the server machine in Unix milliseconds. */
  readonly now?: () => number;
}

/**
 * Creator of the messages with notices about disclosures, in place of an account. Only the user may read these messages: their texts are
 * hidden from admins, and no admin can cancel them.
 */
export const DISCLOSURE_DESK = 'disclosure-desk';

const FAILURES_SHOWN = 50;
const EXPIRE_EVERY = 30_000;
/** Number of devices on one page of an export. */
const EXPORTED = 500;

export type Commands = ReturnType<typeof createCommands>;

export function createCommands({ stores, shares, bus, clock, devices, now = Date.now }: CommandsPorts) {
  const controls = createJobControl({ jobs: stores.jobs, bus, clock, now });

  async function get(id: CommandId): Promise<CommandRecord> {
    const record = await stores.commands.get(id);
    if (!record) throw new CordonError('not_found', 'There is no such command.', { id });
    return record;
  }

  /**
   * Command that the device carries out now. Throws `not_found` unless the enrollment of the device has an unfinished command of this kind
   * with this id.
   */
  async function requireUnfinished<Kind extends CommandKind>(
    id: CommandId,
    { device, generation }: { readonly device: DeviceId; readonly generation: number },
    kind: Kind,
  ): Promise<Extract<Command, { kind: Kind }>> {
    const record = await stores.commands.get(id);
    const isOwn = record?.device === device && record.generation === generation;
    if (isOwn && isOfKind(record.command, kind) && (record.state === 'queued' || record.state === 'stored')) {
      return record.command;
    }
    throw new CordonError('not_found', `The device has no unfinished command ${kind} with this id.`, { id });
  }

  /**
   * Cancels a command. If the device has already stored the command, the server asks the device to cancel it, and the returned command is
   * still `stored`: the device's report says whether the cancellation was in time. Throws `command_finished` if it is too late.
   */
  async function cancel(id: CommandId, by: string): Promise<CommandRecord> {
    await stores.commands.cancel(id, movedBy('cancel'), now(), `Canceled by ${by}.`);
    bus.publish({ kind: 'results' });
    await controls.announceReleased();
    let record = await get(id);
    if (record.state === 'stored') {
      await stores.commands.requestCancel(id, now());
      bus.publish({ kind: 'commands', devices: [record.device] });
      record = await get(id);
    }
    if (record.state === 'canceled' || record.state === 'stored') return record;
    if (record.state === 'expired') {
      throw new CordonError('command_expired', 'The command has expired, so it cannot be canceled.', { id });
    }
    const detail = `The command is ${record.state}, so it is too late to cancel it.`;
    throw new CordonError('command_finished', detail, { id, state: record.state });
  }

  async function list(device: DeviceId, before: CommandPosition | null = null, limit = 50) {
    return stores.commands.list(device, before, Math.min(Math.max(1, limit), 200));
  }

  async function progress(request: CommandId, scope: CommandScope = null): Promise<RequestProgress> {
    const found = await stores.requests.progress(request, scope, FAILURES_SHOWN);
    if (found) return found;
    const detail = 'There is no such job, or your role includes none of its devices.';
    throw new CordonError('not_found', detail, { id: request });
  }

  /** Devices of a job with their results, page by page. */
  async function* jobDevices(job: JobRecord, scope: CommandScope): AsyncGenerator<JobDevice[]> {
    for (let after: DeviceId | null = null; ; ) {
      const page: JobDevice[] = await stores.requests.devices(job, scope, { state: null, after, limit: EXPORTED });
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (!last || page.length < EXPORTED) return;
      after = last.device;
      await turn();
    }
  }

  async function expire(): Promise<number> {
    const expired = await stores.commands.expire(movedBy('lapse'), now());
    if (expired > 0) bus.publish({ kind: 'results' });
    return expired;
  }

  /** Expires commands and announces due attempts at intervals. Returns the function that stops this work. */
  function startExpiry(failed: (error: unknown) => void): () => Promise<void> {
    const run = async () => {
      await expire();
      await controls.announceDue();
    };
    const loop = new Loop({ run, failed, every: EXPIRE_EVERY });
    loop.requestAt(Date.now() + EXPIRE_EVERY);
    return () => loop.stop();
  }

  return {
    ...controls,
    ...createCommandIssue({ store: stores.commands, jobs: stores.jobs, bus, clock, now }),
    ...createCommandReports({
      store: stores.devices,
      shares,
      bus,
      clock,
      devices,
      announceReleased: controls.announceReleased,
      now,
    }),
    ...createJobDelivery({ jobs: stores.jobs, shares, now }),
    get,
    requireUnfinished,
    cancel,
    list,
    progress,
    requests: createJobSearch(stores.requests),
    jobDevices,
    devicesOf: stores.requests.devices.bind(stores.requests),
    expire,
    startExpiry,
  };
}

function isOfKind<Kind extends CommandKind>(command: Command, kind: Kind): command is Extract<Command, { kind: Kind }> {
  return command.kind === kind;
}
