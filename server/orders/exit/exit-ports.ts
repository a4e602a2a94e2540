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
  /** Time when the enrollment ended and the data was destroyed. */
  readonly at: Instant;
  readonly destroyed: Destroyed;
  /** Salt of the hash in the ledger entry. */
  readonly salt: string;
}

export type NewExit = Omit<ExitRow, 'destroyed'>;

export type Unfinished = Pick<ExitRow, 'order' | 'revision' | 'device' | 'generation'>;

export interface Awaited extends Pick<NewExit, 'device' | 'generation'> {
  /** Time since when the exit has blocked the device without interruption, by its home area or seat, and the device has not answered. */
  readonly since: Instant;
}

export interface ExitStore {
  /** Active enrollments with a verified receipt `wiped` for the given revisions, sorted by device id. Only device ids above `after`. */
  wiped(order: string, revisions: readonly number[], after: DeviceId | null, limit: number): Promise<Unfinished[]>;
  /** Active devices among the given devices that have no receipt about the given revision or a later one. */
  unanswered(
    order: string,
    revision: number,
    devices: readonly DeviceId[],
  ): Promise<Pick<NewExit, 'device' | 'generation'>[]>;
  /** Active devices without a receipt, as in `unanswered`. Also records since when the exit has waited for each enrollment. */
  awaited(order: string, revision: number, devices: readonly DeviceId[], at: Instant): Promise<Awaited[]>;
  /** Deletes the records of enrollments for which the exit did not wait at the given time. */
  forgetAwaited(order: string, revision: number, at: Instant): Promise<void>;
  /**
   * Ends the enrollment and its certificates, deletes its data, and adds the ledger entry with the amounts, in one transaction. Returns
   * null if the enrollment has already ended or the device has a new enrollment.
   */
  finish(
    exit: NewExit & { readonly realAt: number; readonly reason: number },
    entries: {
      readonly revoked: (serial: string) => EntryDraft<'certificate.revoked'>;
      readonly exited: (destroyed: Destroyed) => EntryDraft<'order.exited' | 'order.executed'>;
    },
  ): Promise<Destroyed | null>;
  /** Enrollments that the order's exits ended, sorted by device id. */
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
  held(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
}
