/**
 * Who may be a member of a conversation, as this device has verified it. The server's word alone makes nobody a member: a device counts when an
 * online key and an organisation key of the root that this device pins have signed its key, and the ledger shows both acts.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

/** One device of a person, and the key that it signs messages with. */
export interface Member {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  /** As the activation code named them. */
  readonly name: string;
  /** The raw Ed25519 public key, base64. */
  readonly signatureKey: string;
}

/** A tree of the ledger, as devices tell each other of it. */
export interface LedgerTree {
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

export interface OwnMembership {
  /** `unknown`: the key has not been handed in, or nothing was heard since. `waiting`: for the organisation's countersignature. */
  readonly state: 'unknown' | 'waiting' | 'member';
  /** What the server's certificate says of oneself, once there is one. */
  readonly person: string | null;
  readonly name: string | null;
}

export interface Membership {
  /** Hands in the key of this enrolment and hears what has become of it. To be called after each welcome, and while it waits. */
  handIn(signatureKey: string): Promise<OwnMembership>;
  own(): OwnMembership;
  /** Every verified device of these people, none for whom there is none. What does not hold is left out, and has raised its alarm. */
  membersOf(people: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>>;
  /** For MLS: throws `ghost_member`, with an alarm, unless this device and key are a member's. */
  proofOf(device: DeviceId, generation: number, signatureKey: string): Promise<Member>;
  search(
    text: string,
  ): Promise<readonly { readonly person: string; readonly name: string; readonly devices: number }[]>;
  /** The server says that the devices of this person have changed: what was known of them is asked anew. */
  changed(person: string): void;
  /** The newest tree that was verified, to tell others of; null before the first. */
  ledger(): LedgerTree | null;
  /** Throws `ledger_forked`, with an alarm that names the device, when it was shown another ledger than this one. */
  compareCheckpoint(theirs: LedgerTree, from: DeviceId): Promise<void>;
}
