import { CordonError, isCordonError } from '../../../shared/errors.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { personId } from '../../../shared/order/documents.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import { peopleResponse } from '../../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { DeviceListener } from '../../link/http.ts';
import type { FoundPerson } from '../messaging.ts';
import { createLedgerWatch, type LedgerStatement, type LedgerStore, type LedgerTree } from './ledger-watch.ts';
import type { Member } from './member.ts';
import { keepNewest } from './member-cache.ts';
import { createMemberDirectory } from './member-directory.ts';
import { createMembershipClient } from './membership-client.ts';
import { createOwnMembership, type OwnMembership } from './own-membership.ts';

/**
 * Verification of the members of conversations. A device is a member only if the server's online key and an organization key have both
 * signed its messaging key. The server alone therefore cannot add a device. Both signatures must be in the ledger. The valid keys are in
 * the approver set that this device has stored.
 */
export interface Membership {
  /**
   * Sends this enrollment's messaging key to the server, and returns the key's state. Runs after each `welcome` frame, and again while the
   * state is `waiting`. Throws `messaging_key_taken` if this enrollment has sent a different key; the device must then enroll again.
   */
  handIn(signatureKey: string): Promise<OwnMembership>;
  own(): OwnMembership;
  /** Verified devices of the given people. A device with an invalid proof is left out and raises an alert. */
  membersOf(people: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>>;
  /** Verification callback for MLS. Throws `unverified_member` and raises an alert unless the given key is the device's verified key. */
  proofOf(device: DeviceId, generation: number, signatureKey: string): Promise<Member>;
  /** Verified key of an enrollment. Throws `unverified_member` and raises an alert if the organization has not confirmed one. */
  memberOf(device: DeviceId, generation: number): Promise<Member>;
  /**
   * Finds people by a text. The returned names, e-mail addresses and groups come from the certificates of the people's devices. A dishonest
   * server could otherwise show one person's name with another person's identifier.
   */
  search(text: string): Promise<readonly FoundPerson[]>;
  changed(person: string): void;
  ledger(): LedgerTree | null;
  /**
   * Compares this device's ledger tree with another device's. If the server showed that device another ledger, throws `ledger_forked` and
   * raises an alert.
   */
  compareCheckpoint(theirs: LedgerTree, from: DeviceId): Promise<void>;
}

export interface MembershipPorts extends DeviceListener {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly signer: () => Signer;
  readonly approverSet: () => ApproverSet | null;
  readonly store: LedgerStore;
  readonly monotonic: () => number;
  readonly now: () => Instant;
  /** Raises an alert. Called at most once per start of the agent for each alert. */
  readonly alert: (code: MembershipAlert, detail: string) => void;
}

const ALERTS = ['unverified_member', 'ledger_forked', 'ledger_older', 'ledger_not_cosigned'] as const;
export type MembershipAlert = (typeof ALERTS)[number] | LedgerStatement;

const MOST_ALERTS = 200;

export function createMembership(ports: MembershipPorts): Membership {
  const { identity, store } = ports;
  const raised = new Set<string>();
  const client = createMembershipClient(ports);
  const watch = createLedgerWatch({
    installation: identity.installation,
    store,
    approverSet: ports.approverSet,
    state: raise,
    async continuations(size) {
      try {
        return await client.ask('GET', `/device/ledger/continuations?size=${size}`);
      } catch (cause) {
        // A server of an older version responds `not_found`. The device then accepts no new ledger name from that server.
        if (isCordonError(cause, 'not_found')) return { continuations: [] };
        if (!isCordonError(cause) || cause.code === 'unavailable') throw cause;
        throw new CordonError('unavailable', cause.message, cause.context, cause);
      }
    },
    consistency: (from, to) =>
      client.askLater('GET', `/device/ledger/consistency?from=${from}${to === null ? '' : `&to=${to}`}`),
  });
  const directory = createMemberDirectory({
    installation: identity.installation,
    client,
    watch,
    approverSet: ports.approverSet,
    monotonic: ports.monotonic,
    onNewApproverSet: () => own.reset(),
    raiseGhost: (detail) => raise('unverified_member', detail),
  });
  const own = createOwnMembership({
    identity,
    client,
    signer: ports.signer,
    now: ports.now,
    approverSet: directory.requireApproverSet,
  });

  function raise(code: MembershipAlert, detail: string): void {
    const name = `${code} ${detail}`;
    if (raised.has(name)) return;
    raised.add(name);
    keepNewest(raised, MOST_ALERTS);
    ports.alert(code, detail.slice(0, 1000));
  }

  async function alerted<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const code = isCordonError(error) ? ALERTS.find((alert) => alert === error.code) : undefined;
      if (code && error instanceof CordonError) raise(code, error.message);
      throw error;
    }
  }

  return {
    handIn: (signatureKey) => alerted(own.handIn(signatureKey)),
    own: own.own,
    membersOf: (wanted) => alerted(directory.membersOf(wanted)),
    proofOf: (...claim) => alerted(directory.proofOf(...claim)),
    memberOf: (...enrollment) => alerted(directory.memberOf(...enrollment)),
    async search(text) {
      const wanted = text.trim();
      const query = new URLSearchParams({ text: wanted });
      const found = personId.safeParse(wanted).success
        ? [wanted]
        : peopleResponse.parse(await client.ask('GET', `/device/people?${query}`)).people.map(({ person }) => person);
      // The name comes from the device's certificate. A dishonest server could otherwise show one person's name with another person's
      // identifier, and a message would reach the wrong person.
      const verified = await alerted(directory.membersOf(found));
      return [...verified].flatMap(([person, members]) => describePerson(person, members) ?? []);
    },
    changed: directory.changed,
    ledger: () => watch.newest(),
    compareCheckpoint: (theirs, from) => alerted(watch.compare(theirs, from)),
  };
}

/** Person with the name from the newest certificate; null if the person has no verified device. */
function describePerson(person: string, members: readonly Member[]): FoundPerson | null {
  const newest = members.at(-1);
  if (!newest) return null;
  const groups = [...new Set(members.flatMap(({ group }) => group ?? []))].sort();
  return { person, name: newest.name, email: newest.email ?? null, groups };
}
