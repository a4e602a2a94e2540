/**
 * Interfaces and data types of the module for legal holds. Times follow the server's corrected clock (domain time), unless a comment says
 * real time.
 */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId, LegalHoldId, PersonId } from '../../shared/protocol/ids.ts';

export interface LegalHold {
  readonly id: LegalHoldId;
  /**
   * Device or person under the legal hold. A legal hold on a person covers all current and future devices of this person. `user` is the
   * person's name.
   */
  readonly on:
    | { readonly kind: 'device'; readonly device: DeviceId; readonly user: string }
    | { readonly kind: 'person'; readonly person: PersonId; readonly user: string; readonly devices: number };
  readonly reason: string;
  readonly reference: string | null;
  readonly placedAt: number;
  readonly placedBy: string;
  readonly released: Release | null;
}

export interface Release {
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

export interface NewHold extends Pick<LegalHold, 'id' | 'reason' | 'reference' | 'placedAt' | 'placedBy'> {
  readonly on:
    | { readonly kind: 'device'; readonly device: DeviceId }
    | { readonly kind: 'person'; readonly person: PersonId };
  /**
   * Time at which the legal hold was placed, by the machine's clock, in Unix milliseconds. The legal hold cancels commands, whose end times
   * are also by the machine's clock.
   */
  readonly realAt: number;
}

export interface HoldPosition {
  readonly placedAt: number;
  readonly id: LegalHoldId;
}

export interface HoldQuery {
  /** True selects released legal holds, false selects legal holds in effect, and null selects all. */
  readonly released: boolean | null;
  readonly device: DeviceId | null;
  readonly after: HoldPosition | null;
  readonly limit: number;
}

export interface HoldStore {
  /**
   * In one transaction, places a legal hold and cancels waiting commands that would destroy data. Throws `not_found` for an unknown device
   * or person.
   */
  place(hold: NewHold, entry: EntryDraft<'legal-hold.placed'>): Promise<void>;
  /**
   * Places legal holds on devices in one transaction, as `place` does, and returns their number. A device without a record, or with an equal
   * legal hold in effect (same reason and reference), is left out.
   */
  placeAll(
    holds: readonly (NewHold & { readonly on: { readonly kind: 'device' } })[],
    entry: (hold: NewHold & { readonly on: { readonly kind: 'device' } }) => EntryDraft<'legal-hold.placed'>,
  ): Promise<number>;
  release(id: LegalHoldId, release: Release, entry: EntryDraft<'legal-hold.released'>): Promise<boolean>;
  hold(id: LegalHoldId): Promise<LegalHold | null>;
  holds(query: HoldQuery): Promise<LegalHold[]>;
  underLegalHold(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
  devicesOf(id: LegalHoldId, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  undelivered(): Promise<{ readonly id: LegalHoldId; readonly released: boolean }[]>;
  /**
   * Records that all affected devices have a device record with the current state of the legal holds. `released`: state that the records
   * contain. Skips a legal hold that now has another state, because new records must then be signed.
   */
  markDelivered(holds: readonly { readonly id: LegalHoldId; readonly released: boolean }[]): Promise<void>;
}

export interface RecordsPort {
  /** If the content of the device record changed, signs a new record and notifies the device. */
  reissueRecord(device: DeviceId): Promise<unknown>;
}

export interface Log {
  error(fields: object, message: string): void;
}
