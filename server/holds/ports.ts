/** Ports of the holds module, and their types. Times are domain time unless stated otherwise. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId, LegalHoldId, PersonId } from '../../shared/protocol/ids.ts';

export interface LegalHold {
  readonly id: LegalHoldId;
  /** Legal hold. A hold on a person covers all present and future devices of the person. `user`: the person's name. */
  readonly on:
    | { readonly kind: 'device'; readonly device: DeviceId; readonly user: string }
    | { readonly kind: 'person'; readonly person: PersonId; readonly user: string; readonly devices: number };
  readonly reason: string;
  /** Case number of the legal hold. */
  readonly reference: string | null;
  readonly placedAt: number;
  /** Account that placed the legal hold. */
  readonly placedBy: string;
  /** Time of the release; null while the legal hold is in effect. */
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
  /** Real time, for the commands that the legal hold cancels. */
  readonly realAt: number;
}

export interface HoldPosition {
  readonly placedAt: number;
  readonly id: LegalHoldId;
}

export interface HoldQuery {
  /** Selects released holds or those in effect; null for all. */
  readonly released: boolean | null;
  /** Selects legal holds on this device or on its user. */
  readonly device: DeviceId | null;
  readonly after: HoldPosition | null;
  readonly limit: number;
}

export interface HoldStore {
  /**
   * Places a legal hold and cancels waiting commands that would destroy data, in one transaction. Throws `not_found` for an unknown device
   * or person.
   */
  place(hold: NewHold, entry: EntryDraft<'legal-hold.placed'>): Promise<void>;
  /** Releases a legal hold. Returns false if the hold is not in effect. */
  release(id: LegalHoldId, release: Release, entry: EntryDraft<'legal-hold.released'>): Promise<boolean>;
  hold(id: LegalHoldId): Promise<LegalHold | null>;
  /** Legal holds, newest first. */
  holds(query: HoldQuery): Promise<LegalHold[]>;
  /** Given devices that are under a legal hold. */
  held(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
  /** Devices of the legal hold, also after its release, sorted by id. */
  devicesOf(id: LegalHoldId, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /** Legal holds whose last change is not yet in all device records. */
  undelivered(): Promise<{ readonly id: LegalHoldId; readonly released: boolean }[]>;
  /** Marks the change of a legal hold as delivered to the device records. Does nothing if the hold was released meanwhile. */
  markDelivered(hold: { readonly id: LegalHoldId; readonly released: boolean }): Promise<void>;
}

export interface RecordsPort {
  /** Issues the device's record if its content has changed, and wakes the device. */
  reissueRecord(device: DeviceId): Promise<unknown>;
}

/** Part of pino's logger that this module uses. */
export interface Log {
  error(fields: object, message: string): void;
}
