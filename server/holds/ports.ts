/**
 * Interfaces and data types of the module for legal holds. Times follow the server's corrected clock (domain time), unless a comment says
 * real time.
 */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId, LegalHoldId, PersonId } from '../../shared/protocol/ids.ts';

export interface LegalHold {
  readonly id: LegalHoldId;
  /** Legal hold. A legal hold on a person covers all present and future devices of this person. `user` is the person's name. */
  readonly on:
    | { readonly kind: 'device'; readonly device: DeviceId; readonly user: string }
    | { readonly kind: 'person'; readonly person: PersonId; readonly user: string; readonly devices: number };
  readonly reason: string;
  /** Case number for which the legal hold was placed; null if none was given. */
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
  /** Real time, at which commands are canceled because of the legal hold. */
  readonly realAt: number;
}

export interface HoldPosition {
  readonly placedAt: number;
  readonly id: LegalHoldId;
}

export interface HoldQuery {
  /** True selects released legal holds, false selects legal holds in effect, and null selects all. */
  readonly released: boolean | null;
  /** Device whose legal holds are selected, including legal holds on its user; null for all devices. */
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
  /** Releases a legal hold. Returns false if the legal hold is not in effect. */
  release(id: LegalHoldId, release: Release, entry: EntryDraft<'legal-hold.released'>): Promise<boolean>;
  hold(id: LegalHoldId): Promise<LegalHold | null>;
  /** Legal holds, newest first. */
  holds(query: HoldQuery): Promise<LegalHold[]>;
  /** Those of the given devices that are under a legal hold. */
  held(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
  /** Devices that a legal hold covers or covered before its release, sorted by id. */
  devicesOf(id: LegalHoldId, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /** Legal holds whose placement or release is not yet in all device records. */
  undelivered(): Promise<{ readonly id: LegalHoldId; readonly released: boolean }[]>;
  /**
   * Marks that all device records contain the placement or release of a legal hold. If the legal hold was released after it was read, does
   * nothing, because its release must still be delivered.
   */
  markDelivered(hold: { readonly id: LegalHoldId; readonly released: boolean }): Promise<void>;
}

export interface RecordsPort {
  /** Signs a new device record if its content has changed, and wakes the device. */
  reissueRecord(device: DeviceId): Promise<unknown>;
}

/** The methods of pino's logger that this module uses. */
export interface Log {
  error(fields: object, message: string): void;
}
