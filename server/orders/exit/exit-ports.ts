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
  /** Salt of the hash in the ledger. */
  readonly salt: string;
}

export type NewExit = Omit<ExitRow, 'destroyed'>;

export type Unfinished = Pick<ExitRow, 'order' | 'revision' | 'device' | 'generation'>;

export interface Awaited extends Pick<NewExit, 'device' | 'generation'> {
  /** Start of the time during which the exit continuously blocked the device by its home or seat and the device did not answer. */
  readonly since: Instant;
}

export interface ExitStore {
  /**
   * Enrollments that have not ended, with a verified receipt `wiped` for these revisions and device ids above `after`. Sorted by device id.
   */
  wiped(order: string, revisions: readonly number[], after: DeviceId | null, limit: number): Promise<Unfinished[]>;
  /** Active devices among these that have no receipt about this revision or a later one. */
  unanswered(
    order: string,
    revision: number,
    devices: readonly DeviceId[],
  ): Promise<Pick<NewExit, 'device' | 'generation'>[]>;
  /** Like `unanswered`, and records for each enrollment since when the exit waits for it. */
  awaited(order: string, revision: number, devices: readonly DeviceId[], at: Instant): Promise<Awaited[]>;
  /** Deletes the records of enrollments that the exit did not wait for at this time. */
  forgetAwaited(order: string, revision: number, at: Instant): Promise<void>;
  /**
   * In one transaction: ends the enrollment and its certificates, deletes its data, and adds the ledger entry with the amounts. Null if the
   * enrollment has already ended or the device has a new one.
   */
  finish(
    exit: NewExit & { readonly realAt: number; readonly reason: number },
    entries: {
      readonly revoked: (serial: string) => EntryDraft<'certificate.revoked'>;
      readonly exited: (destroyed: Destroyed) => EntryDraft<'order.exited' | 'order.executed'>;
    },
  ): Promise<Destroyed | null>;
  /** Ended enrollments, sorted by device id. */
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
