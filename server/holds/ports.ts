/** Ports of the holds module, and the types that pass through them. Times are domain time unless stated otherwise. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId, LegalHoldId, PersonId } from '../../shared/protocol/ids.ts';

export interface LegalHold {
  readonly id: LegalHoldId;
  /** A hold on a person covers all present and future devices of the person. `user`: the person's name. */
  readonly on:
    | { readonly kind: 'device'; readonly device: DeviceId; readonly user: string }
    | { readonly kind: 'person'; readonly person: PersonId; readonly user: string; readonly devices: number };
  readonly reason: string;
  /** Case number. */
  readonly reference: string | null;
  readonly placedAt: number;
  /** The account that placed the hold. */
  readonly placedBy: string;
  /** Null: the hold is in effect. */
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
  /** Real time, for the commands that the hold cancels. */
  readonly realAt: number;
}

export interface HoldPosition {
  readonly placedAt: number;
  readonly id: LegalHoldId;
}

export interface HoldQuery {
  /** Null: both released holds and those in effect. */
  readonly released: boolean | null;
  /** Legal holds on this device or on its person. */
  readonly device: DeviceId | null;
  readonly after: HoldPosition | null;
  readonly limit: number;
}

export interface HoldStore {
  /** Cancels waiting commands that would destroy data, in the same transaction. Throws `not_found` without such a device or person. */
  place(hold: NewHold, entry: EntryDraft<'legal-hold.placed'>): Promise<void>;
  /** False when the hold is not in effect. */
  release(id: LegalHoldId, release: Release, entry: EntryDraft<'legal-hold.released'>): Promise<boolean>;
  hold(id: LegalHoldId): Promise<LegalHold | null>;
  /** Newest first. */
  holds(query: HoldQuery): Promise<LegalHold[]>;
  /** The given devices that are under a hold. */
  held(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
  /** Devices of the hold, also after its release, in the order of their ids. */
  devicesOf(id: LegalHoldId, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /** Holds whose last change is not yet in all device records. */
  untold(): Promise<{ readonly id: LegalHoldId; readonly released: boolean }[]>;
  /** Marks the change as delivered to the device records. Does nothing after a later release. */
  told(hold: { readonly id: LegalHoldId; readonly released: boolean }): Promise<void>;
}

export interface RecordsPort {
  /** Issues the device's record if its content has changed, and wakes the device. */
  reissueRecord(device: DeviceId): Promise<unknown>;
}

/** Slice of pino's logger. */
export interface Log {
  error(fields: object, message: string): void;
}
