import { CordonError } from '../../shared/errors.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';
import type { Bus } from '../bus/bus.ts';
import { workspaceEventOf } from '../devices/devices.ts';
import type { Displayed } from './command-record.ts';
import type { JobControls } from './job-control.ts';
import type { CommandReport, DeviceCommandStore } from './ports.ts';
import { type SentCommand, type UnlockShareStore, withShares } from './unlock-shares.ts';

/** The error text is equal for an unknown command and for a command of another device, so that a device learns nothing by guessing ids. */
const NO_SUCH_COMMAND = 'This enrollment of the device has no such command.';

export interface CommandResult {
  readonly command: CommandId;
  readonly outcome: 'done' | 'failed' | 'expired' | 'canceled';
  readonly detail: string;
}

export interface CommandReportsPorts {
  readonly store: DeviceCommandStore;
  readonly shares: UnlockShareStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly devices: {
    unenroll(device: DeviceId): Promise<unknown>;
  };
  readonly announceReleased: JobControls['announceReleased'];
  readonly now: () => number;
}

export function createCommandReports({
  store,
  shares,
  bus,
  clock,
  devices,
  announceReleased,
  now,
}: CommandReportsPorts) {
  const pendingFor = async (device: DeviceId, generation: number): Promise<SentCommand[]> =>
    withShares(shares, await store.pending(device, generation, now()), now());

  async function apply(report: CommandReport): Promise<void> {
    const applied = await store.report(report);
    if (!applied) {
      throw new CordonError('not_found', NO_SUCH_COMMAND, { id: report.id });
    }
    bus.publish({ kind: 'results' });
    if (applied.stopped) bus.publish({ kind: 'alerts' });
    if (applied.released) await announceReleased();
    if (applied.dependents) bus.publish({ kind: 'commands', devices: [report.device] });
    if (applied.moved && report.event === 'done' && workspaceEventOf(applied.kind)) bus.publish({ kind: 'devices' });
    if (applied.kind === 'unenroll' && report.event === 'done') await devices.unenroll(report.device);
  }

  /** Records that the device stored the command durably. A repeated report changes nothing. */
  const stored = (device: DeviceId, generation: number, id: CommandId) =>
    apply({ id, device, generation, event: 'stored', at: now(), domainAt: clock.now(), detail: null });

  /** Stores the result of a command. Throws `not_found` for a command of another device or enrollment, and changes nothing. */
  const finished = (device: DeviceId, generation: number, result: CommandResult) =>
    apply({
      id: result.command,
      device,
      generation,
      event: result.outcome === 'canceled' ? 'withdrawn' : result.outcome,
      detail: result.detail,
      at: now(),
      domainAt: clock.now(),
    });

  /**
   * Records that a device displayed a message. A time in the future is replaced by the current time, because the device's clock is not
   * trusted. Throws `not_found` if the server sent no such message to the enrollment `generation` of the device.
   */
  async function displayed(device: DeviceId, generation: number, report: { readonly command: CommandId } & Displayed) {
    const at = Math.min(report.at, now());
    if (!(await store.displayed({ id: report.command, device, generation, on: report.on, at }))) {
      throw new CordonError('not_found', NO_SUCH_COMMAND, { id: report.command });
    }
    bus.publish({ kind: 'results' });
  }

  /** Stores the state of the workspace's passcode. A report of an earlier enrollment changes nothing. */
  async function passcode(device: DeviceId, generation: number, state: PasscodeState): Promise<void> {
    await store.passcode({ device, generation, state, at: clock.now() });
    bus.publish({ kind: 'devices' });
  }

  /** Stores a share with which an admin can later reset the passcode of the device's workspace. */
  const addPasscodeShare = (device: DeviceId, share: string) => shares.addPasscodeShare({ device, share, at: now() });

  return { pendingFor, stored, finished, displayed, passcode, addPasscodeShare };
}
