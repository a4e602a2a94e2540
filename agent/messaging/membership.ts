/**
 * Who may be a member of a conversation, as this device has verified it. The server's word alone makes nobody a member: a device counts when an
 * online key and an organisation key of the root that this device pins have signed its key, and the ledger shows both acts.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Root } from '../../shared/order/approvers.ts';
import { personId } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { judgeMessagingCertificate, signMessagingKey } from '../../shared/order/messaging-certificate.ts';
import { membersAnswer, messagingKeyAnswer, peopleAnswer } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { accepted, httpsOf } from '../enrolment/est.ts';
import { type Http, reached } from '../link/http.ts';
import { createLedgerWatch, type LedgerStore, type LedgerTree } from './ledger-watch.ts';
import { type About, createMemberCache, keepNewest } from './member-cache.ts';
import { verifyMember } from './member-proof.ts';
import type { FoundPerson } from './messaging.ts';

/** One device of a person, and the key that it signs messages with. */
export interface Member {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  /** Name, e-mail and group as the organization's key confirmed them. They tell people apart for a reader and decide nothing. */
  readonly name: string;
  readonly email?: string | null;
  readonly group?: string | null;
  /** The raw Ed25519 public key, base64. */
  readonly signatureKey: string;
}

export interface OwnMembership {
  /** `unknown`: the key has not been handed in, or nothing was heard since. `waiting`: for the organisation's countersignature. */
  readonly state: 'unknown' | 'waiting' | 'member';
  /** What the server's certificate says of oneself, once there is one. */
  readonly person: string | null;
  readonly name: string | null;
}

export interface Membership {
  /**
   * Hands in the key of this enrolment and hears what has become of it. To be called after each welcome, and while it waits. Throws
   * `messaging_key_taken` when this enrolment has handed in another key before: the device has to be enrolled anew.
   */
  handIn(signatureKey: string): Promise<OwnMembership>;
  own(): OwnMembership;
  /** Every verified device of these people, none for whom there is none. What does not hold is left out, and has raised its alarm. */
  membersOf(people: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>>;
  /**
   * For MLS: throws `ghost_member`, with an alarm, unless this device and key are a member's. Those that are asked about in the same turn of the
   * loop are one question to the server.
   */
  proofOf(device: DeviceId, generation: number, signatureKey: string): Promise<Member>;
  /** People with verified devices. Name, e-mail and groups are from the certificates of those devices, not from the server's answer. */
  search(text: string): Promise<readonly FoundPerson[]>;
  /** The server says that the devices of this person have changed: what was known of them is asked anew. */
  changed(person: string): void;
  /** The newest tree of the ledger that was verified, to tell others of; null before the first. */
  ledger(): LedgerTree | null;
  /** Throws `ledger_forked`, with an alarm that names the device, when it was shown another ledger than this one. */
  compareCheckpoint(theirs: LedgerTree, from: DeviceId): Promise<void>;
}

export interface MembershipPorts {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  /** Of the certificate's key. */
  readonly signer: () => Signer;
  /** The one that this device pins. */
  readonly root: () => Root | null;
  readonly store: LedgerStore;
  readonly http: () => Http;
  readonly deviceUrl: () => string;
  /** Milliseconds that only run forward. */
  readonly monotonic: () => number;
  readonly now: () => Instant;
  /** The same alarm is raised once for as long as the agent runs. */
  readonly alarm: (code: MembershipAlarm, detail: string) => void;
}

const ALARMS = ['ghost_member', 'ledger_forked', 'ledger_older'] as const;
export type MembershipAlarm = (typeof ALARMS)[number];

const PEOPLE_AT_ONCE = 200;
const DEVICES_AT_ONCE = 512;
const MOST_ALARMS = 200;

export function createMembership(ports: MembershipPorts): Membership {
  const { identity, store } = ports;
  const cache = createMemberCache(ports.monotonic);
  let own: OwnMembership = { state: 'unknown', person: null, name: null };
  /** The digest of the root under which the cache was filled. */
  let knownUnder = '';
  /** How often something was said to have changed: what was asked before is not kept. */
  let changes = 0;
  const raised = new Set<string>();

  const watch = createLedgerWatch({
    installation: identity.installation,
    store,
    consistency: (from, to) => learn('GET', `/device/ledger/consistency?from=${from}${to === null ? '' : `&to=${to}`}`),
  });

  async function ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const answer = await reached(
      ports.http()(new URL(path, httpsOf(ports.deviceUrl())), {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
    );
    return JSON.parse(accepted(answer).toString('utf8'));
  }

  /**
   * Of others and of the ledger. That the server does not say it just now, for whatever reason of its own, speaks against nobody: a letter that waits
   * for it is opened later. That it cannot prove its ledger does.
   */
  async function learn(...asked: Parameters<typeof ask>): Promise<unknown> {
    try {
      return await ask(...asked);
    } catch (cause) {
      if (!isCordonError(cause) || ['unavailable', 'proof_invalid'].includes(cause.code)) throw cause;
      throw new CordonError('unavailable', cause.message, cause.context, cause);
    }
  }

  function raise(code: MembershipAlarm, detail: string): void {
    const name = `${code} ${detail}`;
    if (raised.has(name)) return;
    raised.add(name);
    keepNewest(raised, MOST_ALARMS);
    ports.alarm(code, detail.slice(0, 1000));
  }

  /** What is refused is told to an admin too. */
  async function watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const code = isCordonError(error) ? ALARMS.find((alarm) => alarm === error.code) : undefined;
      if (code && error instanceof CordonError) raise(code, error.message);
      throw error;
    }
  }

  function rootInForce(): Root {
    const root = ports.root();
    if (!root) throw new CordonError('approvers_required', 'This device has pinned no root of approvers yet.');
    if (knownUnder !== root.digest) {
      cache.clear();
      own = { ...own, state: 'unknown' };
      knownUnder = root.digest;
    }
    return root;
  }

  /** What the server proves of these people and devices; what does not hold is left out. Kept, unless something changed meanwhile. */
  async function asked(about: About): Promise<Member[]> {
    const before = changes;
    const members = await proved(about);
    if (changes === before) cache.keep(members, about);
    return members;
  }

  async function proved(about: About): Promise<Member[]> {
    const root = rootInForce();
    const known = watch.newest()?.size ?? 0;
    const { members: proofs } = membersAnswer.parse(await learn('POST', '/device/members', about));
    const [first] = proofs;
    if (!first) return [];
    const { checkpoint: note, key } = first.certified;
    const tree = await watch.accept({ note, key }, known);
    const members: Member[] = [];
    for (const proof of proofs) {
      try {
        if ([proof.certified, proof.countersigned].some(({ checkpoint }) => checkpoint !== note)) {
          throw new CordonError('ghost_member', 'The server proves members by several trees of the ledger at once.');
        }
        members.push(await verifyMember(proof, { installation: identity.installation, root, tree }));
      } catch (error) {
        if (!isCordonError(error, 'ghost_member')) throw error;
        raise('ghost_member', error.message);
      }
    }
    return onePerDevice(members);
  }

  /** An honest server knows one enrolment of a device, and one key of an enrolment. */
  function onePerDevice(members: readonly Member[]): Member[] {
    return [...Map.groupBy(members, ({ device }) => device)].flatMap(([device, its]) => {
      if (its.length === 1) return its;
      raise('ghost_member', `The server shows several messaging keys of ${device} at once: none is believed.`);
      return [];
    });
  }

  async function membersOf(wanted: readonly string[]): Promise<ReadonlyMap<string, readonly Member[]>> {
    rootInForce();
    const found = new Map<string, readonly Member[]>();
    for (const person of new Set(wanted)) {
      const members = cache.ofPerson(person);
      if (members) found.set(person, members);
    }
    const missing = [...new Set(wanted)].filter((person) => !found.has(person));
    for (let from = 0; from < missing.length; from += PEOPLE_AT_ONCE) {
      const about = { people: missing.slice(from, from + PEOPLE_AT_ONCE), devices: [] };
      const members = await asked(about);
      for (const person of about.people) {
        found.set(
          person,
          members.filter((member) => member.person === person),
        );
      }
    }
    return found;
  }

  let gathering: { readonly devices: Set<DeviceId>; readonly answer: Promise<readonly Member[]> } | null = null;

  /** Of one device, with all that are asked about in the same turn of the loop. */
  async function askedTogether(device: DeviceId): Promise<Member | undefined> {
    if (!gathering || gathering.devices.size >= DEVICES_AT_ONCE) {
      const together = new Set<DeviceId>();
      const answer = new Promise<void>((go) => void setImmediate(go)).then(async () => {
        if (gathering?.devices === together) gathering = null;
        return asked({ people: [], devices: [...together] });
      });
      gathering = { devices: together, answer };
    }
    gathering.devices.add(device);
    return (await gathering.answer).find((member) => member.device === device);
  }

  async function proofOf(device: DeviceId, generation: number, signatureKey: string): Promise<Member> {
    rootInForce();
    const is = (member: Member | undefined): member is Member =>
      member !== undefined && member.generation === generation && member.signatureKey === signatureKey;
    const known = cache.ofDevice(device)?.find(is);
    if (known) return known;
    // Also when another key of it is known: it may have enrolled anew just now.
    const member = await askedTogether(device);
    if (is(member)) return member;
    const detail = `${device}, enrolment ${generation}, stands in a conversation, and nothing proves that the organisation has confirmed its key: ${member ? 'it has confirmed another' : 'it has ended, or never was confirmed'}.`;
    throw new CordonError('ghost_member', detail, { device, generation });
  }

  async function handIn(signatureKey: string): Promise<OwnMembership> {
    const { device, installation, generation } = identity;
    const root = rootInForce();
    if (own.state === 'member') return own;
    let answer = messagingKeyAnswer.parse(await ask('GET', '/device/messaging-key'));
    if (!answer.certificate) {
      const at = new Date(ports.now()).toISOString();
      const envelope = signMessagingKey({ installation, device, generation, signatureKey, at }, ports.signer());
      answer = messagingKeyAnswer.parse(await ask('POST', '/device/messaging-key', { envelope }));
    }
    if (!answer.certificate) return own;
    const { certificate, certifiedBy, countersignedBy } = judgeMessagingCertificate(answer.certificate, root);
    const mine =
      certificate.device === device &&
      certificate.generation === generation &&
      certificate.installation === installation;
    if (!mine || certifiedBy.size === 0) {
      throw new CordonError('ghost_member', 'The server gives this device a certificate that is not its own.');
    }
    if (certificate.signatureKey !== signatureKey) {
      throw new CordonError(
        'messaging_key_taken',
        'This enrolment has handed in another messaging key before: enrol the device again with a new activation link.',
      );
    }
    const { person, name } = certificate;
    own = { state: countersignedBy.size > 0 ? 'member' : 'waiting', person, name };
    return own;
  }

  return {
    handIn: (signatureKey) => watched(handIn(signatureKey)),
    own: () => own,
    membersOf: (wanted) => watched(membersOf(wanted)),
    proofOf: (...claim) => watched(proofOf(...claim)),
    async search(text) {
      const wanted = text.trim();
      const query = new URLSearchParams({ text: wanted });
      const found = personId.safeParse(wanted).success
        ? [wanted]
        : peopleAnswer.parse(await ask('GET', `/device/people?${query}`)).people.map(({ person }) => person);
      // The server could give one person's name with another person's identifier, and a message would reach the wrong person.
      const verified = await watched(membersOf(found));
      return [...verified].flatMap(([person, members]) => describePerson(person, members) ?? []);
    },
    changed(person) {
      changes += 1;
      cache.forget(person);
    },
    ledger: watch.newest,
    compareCheckpoint: (theirs, from) => watched(watch.compare(theirs, from)),
  };
}

/** By the newest certificate; null without a verified device. */
function describePerson(person: string, members: readonly Member[]): FoundPerson | null {
  const newest = members.at(-1);
  if (!newest) return null;
  const groups = [...new Set(members.flatMap(({ group }) => group ?? []))].sort();
  return { person, name: newest.name, email: newest.email ?? null, groups };
}
