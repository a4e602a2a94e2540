/**
 * Durable queue of commands to devices. A command may be delivered more than once, and its id makes repetitions harmless. Each command
 * belongs to one enrollment of a device. The times of commands come from the system clock. The times of ledger entries and workspace states
 * come from the server clock, which a demo can advance.
 */
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createCommandIssue } from './command-issue.ts';
import type { CommandRecord } from './command-record.ts';
import { createCommandReports } from './command-reports.ts';
import { createJobDelivery } from './job-delivery.ts';
import { movedBy } from './lifecycle.ts';
import type { CommandPosition, CommandScope, CommandStores, RequestProgress } from './ports.ts';
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

const REQUESTS_SHOWN = 10;
const FAILURES_SHOWN = 50;
const EXPIRE_EVERY = 30_000;

export type Commands = ReturnType<typeof createCommands>;

export function createCommands({ stores, shares, bus, clock, devices, now = Date.now }: CommandsPorts) {
  async function get(id: CommandId): Promise<CommandRecord> {
    const record = await stores.commands.get(id);
    if (!record) throw new CordonError('not_found', 'There is no such command.', { id });
    return record;
  }

  async function cancel(id: CommandId, by: string): Promise<CommandRecord> {
    await stores.commands.cancel(id, movedBy('cancel'), now(), `Canceled by ${by}.`);
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
    return stores.commands.list(device, before, Math.min(Math.max(1, limit), 200));
  }

  async function progress(request: CommandId, scope: CommandScope = null): Promise<RequestProgress> {
    const found = await stores.requests.progress(request, scope, FAILURES_SHOWN);
    if (found) return found;
    const detail = 'There is no such request to many devices, or your role includes none of its devices.';
    throw new CordonError('not_found', detail, { id: request });
  }

  async function requests(scope: CommandScope, cursor: string | null) {
    const { ids, next } = await stores.requests.requests(cursor, REQUESTS_SHOWN);
    const found: (RequestProgress & { readonly id: CommandId })[] = [];
    for (const id of ids) {
      const progressed = await stores.requests.progress(id, scope, 0);
      if (progressed) found.push({ id, ...progressed });
    }
    return { requests: found, cursor: next };
  }

  async function expire(): Promise<number> {
    const expired = await stores.commands.expire(movedBy('lapse'), now());
    if (expired > 0) bus.publish({ kind: 'results' });
    return expired;
  }

  /** Expires commands at regular intervals. Returns the function that stops the schedule. */
  function startExpiry(failed: (error: unknown) => void): () => Promise<void> {
    const loop = new Loop({ run: async () => void (await expire()), failed, every: EXPIRE_EVERY });
    loop.requestAt(Date.now() + EXPIRE_EVERY);
    return () => loop.stop();
  }

  return {
    ...createCommandIssue({ store: stores.commands, jobs: stores.jobs, bus, clock, now }),
    ...createCommandReports({ store: stores.devices, shares, bus, clock, devices, now }),
    ...createJobDelivery({ jobs: stores.jobs, shares, now }),
    get,
    cancel,
    list,
    progress,
    requests,
    expire,
    startExpiry,
  };
}
