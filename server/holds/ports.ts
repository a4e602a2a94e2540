/** What the holds module asks of the store and of its neighbours, and the shapes that go through it. Times are domain time unless they say otherwise. */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { DeviceId, LegalHoldId, PersonId } from '../../shared/protocol/ids.ts';

export interface LegalHold {
  readonly id: LegalHoldId;
  /** A hold on a person covers all devices of the person, also later ones. `user`: the person's name. */
  readonly on:
    | { readonly kind: 'device'; readonly device: DeviceId; readonly user: string }
    | { readonly kind: 'person'; readonly person: PersonId; readonly user: string; readonly devices: number };
  readonly reason: string;
  /** A case's number. */
  readonly reference: string | null;
  readonly placedAt: number;
  /** The account. */
  readonly placedBy: string;
  /** Null: it stands. */
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
  /** Real time, for commands that it ends. */
  readonly realAt: number;
}

export interface HoldPosition {
  readonly placedAt: number;
  readonly id: LegalHoldId;
}

export interface HoldQuery {
  /** Null: those that stand and those that were released. */
  readonly released: boolean | null;
  /** Those on this device or on its person. */
  readonly device: DeviceId | null;
  readonly after: HoldPosition | null;
  readonly limit: number;
}

export interface HoldStore {
  /** Calls back what waits for its devices and would destroy something, in the same transaction. Throws `not_found` without such a device or person. */
  place(hold: NewHold, leaf: LeafDraft<'legal-hold.placed'>): Promise<void>;
  /** False when it does not stand (any more). */
  release(id: LegalHoldId, release: Release, leaf: LeafDraft<'legal-hold.released'>): Promise<boolean>;
  hold(id: LegalHoldId): Promise<LegalHold | null>;
  /** Newest first. */
  holds(query: HoldQuery): Promise<LegalHold[]>;
  /** Those of them that a hold stands on. */
  held(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
  /** The devices that it is on, whether it stands or not, in the order of their ids. */
  devicesOf(id: LegalHoldId, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /** Holds that were placed or released and whose devices' records may not say so yet. */
  untold(): Promise<{ readonly id: LegalHoldId; readonly released: boolean }[]>;
  /** Nothing happens when it has been released since. */
  told(hold: { readonly id: LegalHoldId; readonly released: boolean }): Promise<void>;
}

export interface RecordsPort {
  /** Makes the device's record anew if what it says has changed, and wakes the device. */
  reissueRecord(device: DeviceId): Promise<unknown>;
}

/** pino's, as far as it is needed. */
export interface Log {
  error(fields: object, message: string): void;
}
