import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import type { Destroyed, ExitOutcome } from '../../../shared/pack/destruction.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { Reason } from '../../../shared/verdict/terms.ts';

export interface ExitRow {
  readonly order: string;
  readonly revision: number;
  readonly device: DeviceId;
  readonly generation: number;
  readonly outcome: ExitOutcome;
  readonly at: Instant;
  readonly destroyed: Destroyed;
  readonly salt: string;
}

export type NewExit = Omit<ExitRow, 'destroyed'>;

export type Unfinished = Pick<ExitRow, 'order' | 'revision' | 'device' | 'generation'>;

export interface Awaited extends Pick<NewExit, 'device' | 'generation'> {
  /**
   * Time since which the server waits for a device's receipt about an order to wipe work data. The order has affected the device since then
   * without interruption. Only home area and legal seat count, because the server does not know the location of a silent device.
   */
  readonly since: Instant;
}

export interface ExitStore {
  /** Active enrollments with a verified receipt `wiped` for one of the given revisions. Returns only device ids above `after`, sorted. */
  wiped(order: string, revisions: readonly number[], after: DeviceId | null, limit: number): Promise<Unfinished[]>;
  /** Devices with a verified receipt about the given revision or a later one. Only receipts of the devices' current enrollments count. */
  reportingDevices(order: string, revision: number): Promise<ReadonlySet<DeviceId>>;
  /**
   * Returns the given active devices that have sent no receipt about an order to wipe work data. Each result includes the time since which
   * the server waits for the receipt. If the store has no such time for a device, the method stores `at` as this time.
   */
  awaited(order: string, revision: number, devices: readonly DeviceId[], at: Instant): Promise<Awaited[]>;
  /**
   * Deletes the start of the waiting time for devices from which the server no longer expects a receipt. These are the devices that no call
   * of `awaited` has returned since the time `at`. If an order affects such a device again, a new waiting time starts, because only
   * uninterrupted time counts.
   */
  forgetAwaited(order: string, revision: number, at: Instant): Promise<void>;
  /**
   * In one transaction, ends the enrollment and its certificates, deletes its data, and adds a ledger entry with the amounts of deleted
   * data. Returns null if the enrollment has already ended or the device has a newer enrollment.
   */
  finish(
    exit: NewExit & { readonly realAt: number; readonly reason: number },
    entries: {
      readonly revoked: (serial: string) => EntryDraft<'certificate.revoked'>;
      readonly exited: (destroyed: Destroyed) => EntryDraft<'order.exited' | 'order.executed'>;
    },
  ): Promise<Destroyed | null>;
  exits(order: string): Promise<ExitRow[]>;
}

export interface AdoptedExit {
  readonly revision: number;
  readonly adoptedAt: Instant;
}

export interface DeniedDevice {
  readonly device: DeviceId;
  readonly reasons: readonly Reason[];
}

export interface HoldsPort {
  underLegalHold(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
}
