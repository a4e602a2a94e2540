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
  /** Time at which the server ended the enrollment and destroyed the data. */
  readonly at: Instant;
  readonly destroyed: Destroyed;
  /** Salt of the hash that the ledger entry contains. */
  readonly salt: string;
}

export type NewExit = Omit<ExitRow, 'destroyed'>;

export type Unfinished = Pick<ExitRow, 'order' | 'revision' | 'device' | 'generation'>;

export interface Awaited extends Pick<NewExit, 'device' | 'generation'> {
  /**
   * Time since which the server has waited for the device: the exit has blocked the device without interruption because of its home area or
   * legal seat, and the device has not answered.
   */
  readonly since: Instant;
}

export interface ExitStore {
  /**
   * Active enrollments that have a verified receipt `wiped` for one of the given revisions. Returns only device ids above `after`, sorted.
   */
  wiped(order: string, revisions: readonly number[], after: DeviceId | null, limit: number): Promise<Unfinished[]>;
  /** Those of the given devices that are active and have no receipt about the given revision or a later one. */
  unanswered(
    order: string,
    revision: number,
    devices: readonly DeviceId[],
  ): Promise<Pick<NewExit, 'device' | 'generation'>[]>;
  /**
   * Returns the devices of `unanswered`, each with the time since which the server has waited for it. Records this time for devices that
   * are new in the result.
   */
  awaited(order: string, revision: number, devices: readonly DeviceId[], at: Instant): Promise<Awaited[]>;
  /**
   * Deletes waiting times that no call of `awaited` has renewed at the given time or later, because the server no longer waits for these
   * enrollments.
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
