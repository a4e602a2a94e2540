/**
 * Verifies an order list against a pinned root and against what is already known. Pure: no clock, no store. The online key only makes the
 * list fresh and complete; whether a revision counts is decided by its approvers' signatures, one by one. What was verified once is
 * monotone: a list that omits an order, carries an older revision or one that not enough people signed takes nothing away, it raises an alarm.
 */
import { CordonError, isCordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import { personsWhoSigned, type Root } from './approvers.ts';
import { canonicalText, parseDocument } from './canonical.ts';
import { sha256 } from './digest.ts';
import {
  type Envelope,
  type OrderList,
  type OrderStub,
  orderListSchema,
  orderStubSchema,
  PAYLOAD_TYPES,
  type Revision,
  revisionSchema,
} from './documents.ts';
import { payloadOf, signedBy } from './dsse.ts';
import { isExit, requireExit } from './exit.ts';
import { compileRule } from './rules.ts';
import { holdsOnly, standingOf } from './standing.ts';
import { stubOf, withheldAt } from './stub.ts';

/** A revision that its approvers' signatures have been checked for. */
export interface AcceptedRevision {
  readonly revision: Revision;
  /** SHA-256 of the payload. */
  readonly digest: string;
  readonly envelope: Envelope;
  /** A hold that enough people stand behind, so that it does not lapse. */
  readonly lasting: boolean;
}

export interface KnownList {
  readonly installation: string;
  /** Of the newest list stored; 0 and null before the first. */
  readonly version: number;
  readonly hash: string | null;
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
}

export const LIST_ALARMS = [
  'order_missing',
  'order_rolled_back',
  'order_forked',
  'order_unverified',
  'hold_renewed',
  /** The list speaks of a revision that is kept from the public, and it did not come with the list. */
  'withheld_missing',
] as const;
export interface ListAlarm {
  readonly code: (typeof LIST_ALARMS)[number];
  readonly order: string;
  readonly detail: string;
}

export interface VerifiedList {
  readonly list: OrderList;
  /** SHA-256 of the payload. */
  readonly hash: string;
  /** What holds from now on: the newest verified revision of every order ever known. */
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
  readonly alarms: readonly ListAlarm[];
  /** Not a refusal: each order's own `stale` rule says what follows. */
  readonly expired: boolean;
}

/** Reads a revision without believing it. */
export function readRevision(envelope: Envelope): { revision: Revision; digest: string } {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.revision);
  return { revision: parseDocument(revisionSchema, payload), digest: sha256(payload) };
}

/** Reads what stands in a withheld revision's place, without believing it. */
export function readStub(envelope: Envelope): OrderStub {
  return parseDocument(orderStubSchema, payloadOf(envelope, PAYLOAD_TYPES.stub));
}

/** The stubs of a list's payload, read without believing them. What is none is passed over. */
export function stubsOf(list: Pick<OrderList, 'orders'>): OrderStub[] {
  return list.orders.flatMap((envelope) => {
    try {
      return envelope.payloadType === PAYLOAD_TYPES.stub ? [readStub(envelope)] : [];
    } catch (error) {
      if (!isCordonError(error)) throw error;
      return [];
    }
  });
}

/** Of a list's stubs, those whose revisions are newer than what is known: they have to be asked for. */
export const lackingIn = (list: Pick<OrderList, 'orders'>, known: ReadonlyMap<string, AcceptedRevision>): OrderStub[] =>
  stubsOf(list).filter(({ order, revision }) => (known.get(order)?.revision.revision ?? 0) < revision);

/**
 * Takes up again what was verified before it was stored. `roots`: the chain that is kept, since its signers may have left the newest
 * root meanwhile and what was verified stays.
 */
export function readAccepted(envelope: Envelope, roots: readonly Root[]): AcceptedRevision {
  const { revision, digest } = readRevision(envelope);
  const lasting = roots.some(
    (root) => standingOf(revision, personsWhoSigned(envelope, root), root.approvers.threshold, false).lasting,
  );
  return { revision, digest, envelope, lasting };
}

interface Offered {
  readonly revision: Revision;
  readonly digest: string;
  readonly envelope: Envelope;
}

/** Why an offered revision does not count, or the revision as it counts. */
type Judgement = AcceptedRevision | Pick<ListAlarm, 'code' | 'detail'>;

function judge(
  offered: Offered,
  root: Root,
  known: AcceptedRevision | undefined,
  beneath: readonly Offered[],
  issuedAt: string,
): Judgement {
  const { revision, envelope } = offered;
  const { threshold } = root.approvers;
  const persons = personsWhoSigned(envelope, root);
  const alone = standingOf(revision, persons, threshold, true);
  if (alone.adopted) return { ...offered, lasting: alone.lasting };
  const brief = standingOf(revision, persons, threshold, false);
  const name = `Revision ${revision.revision} of order ${revision.order}`;
  if (!brief.adopted) {
    return { code: 'order_unverified', detail: `${name} is signed by too few approvers (${alone.missing} missing).` };
  }
  const base =
    known?.digest === revision.previous
      ? known
      : beneath.find(
          (below) =>
            below.digest === revision.previous &&
            standingOf(below.revision, personsWhoSigned(below.envelope, root), threshold, true).adopted,
        );
  if (!base || !holdsOnly(revision, base.digest, base.revision)) {
    return {
      code: 'order_unverified',
      detail: `${name} is a hold by one person on no verified revision, or changes more.`,
    };
  }
  // Two people's revision must lie between two holds by one: a hold on what the device has left behind, or on another document of the
  // same number, would prolong the first.
  if (known && base.digest !== known.digest && base.revision.revision <= known.revision.revision) {
    return { code: 'hold_renewed', detail: `${name} would prolong a hold without a second approver.` };
  }
  if (revision.heldSince === null || revision.heldSince > issuedAt) {
    return { code: 'order_unverified', detail: `${name} is held since a time after the list was made.` };
  }
  return { ...offered, lasting: brief.lasting };
}

/** The newest of one order's offered revisions that counts, and alarms for those that do not. */
function newestOf(
  order: string,
  offered: readonly Offered[],
  root: Root,
  known: AcceptedRevision | undefined,
  issuedAt: string,
  stubs: readonly OrderStub[],
): { accepted: AcceptedRevision | undefined; alarms: ListAlarm[] } {
  const alarms: ListAlarm[] = [];
  const alarm = (code: ListAlarm['code'], detail: string) => void alarms.push({ code, order, detail });
  const sorted = offered.toSorted((a, b) => b.revision.revision - a.revision.revision);
  const newest = sorted[0];
  const stub = stubs.toSorted((a, b) => b.revision - a.revision)[0];
  if (stub && stub.revision > (newest?.revision.revision ?? 0)) {
    const about = `revision ${stub.revision} of order ${order}`;
    const there = known?.revision.revision ?? 0;
    if (stub.revision < there) alarm('order_rolled_back', `The list goes back from revision ${there} to ${about}.`);
    else if (stub.revision === there) alarm('order_forked', `The list names another document as ${about}.`);
    else alarm('withheld_missing', `The list keeps ${about} from the public, and it did not come beside the list.`);
    if (!newest) return { accepted: known, alarms };
  }
  if (!newest) {
    if (known && known.revision.status !== 'withdrawn') alarm('order_missing', `The list leaves out order ${order}.`);
    return { accepted: known, alarms };
  }
  if (known && newest.revision.revision < known.revision.revision) {
    alarm('order_rolled_back', `The list goes back from revision ${known.revision.revision} of order ${order}.`);
    return { accepted: known, alarms };
  }
  for (const [index, candidate] of sorted.entries()) {
    if (known && candidate.revision.revision < known.revision.revision) break;
    if (known && candidate.revision.revision === known.revision.revision) {
      if (candidate.digest !== known.digest) {
        alarm('order_forked', `Two documents claim to be revision ${known.revision.revision} of order ${order}.`);
        break;
      }
      return { accepted: refreshed(candidate, known, root), alarms };
    }
    const judged = judge(candidate, root, known, sorted.slice(index + 1), issuedAt);
    if ('revision' in judged) return { accepted: judged, alarms };
    alarm(judged.code, judged.detail);
  }
  return { accepted: known, alarms };
}

/** The same revision again. Only one thing can be new: a second approver behind a hold, which then lasts. */
function refreshed(offered: Offered, known: AcceptedRevision, root: Root): AcceptedRevision {
  if (known.revision.status !== 'held' || known.lasting) return known;
  const persons = personsWhoSigned(offered.envelope, root);
  const { lasting } = standingOf(known.revision, persons, root.approvers.threshold, false);
  return lasting ? { ...offered, lasting } : known;
}

interface Offering {
  readonly offered: Map<string, Offered[]>;
  /** Stubs whose revisions are nowhere to be found. */
  readonly stubs: Map<string, OrderStub[]>;
  readonly alarms: ListAlarm[];
}

/**
 * The revision that a stub stands for: it came beside the list, or is known already. Null when it is neither. Throws when it says other things in
 * public than the revision does, so that what approvers signed for the public is what devices do.
 */
function behind(stub: OrderStub, beside: ReadonlyMap<string, Envelope>, known: KnownList['orders']): Envelope | null {
  const there = known.get(stub.order);
  const envelope = beside.get(stub.digest) ?? (there?.digest === stub.digest ? there.envelope : null);
  if (!envelope) return null;
  const { revision, digest } = readRevision(envelope);
  if (canonicalText(stubOf(revision, digest)) === canonicalText(stub)) return envelope;
  const detail = `What the list says in public of order ${stub.order} is not what revision ${revision.revision} says.`;
  throw new CordonError('document_malformed', detail);
}

/** Groups what the list offers by order. A document that is no revision of this installation is an alarm and nothing more. */
function offeredBy(list: OrderList, withheld: readonly Envelope[], known: KnownList['orders']): Offering {
  const offered = new Map<string, Offered[]>();
  const stubs = new Map<string, OrderStub[]>();
  const alarms: ListAlarm[] = [];
  const beside = new Map(withheld.map((envelope) => [sha256(Buffer.from(envelope.payload, 'base64')), envelope]));
  for (const listed of list.orders) {
    try {
      let envelope: Envelope | null = listed;
      if (listed.payloadType === PAYLOAD_TYPES.stub) {
        const stub = readStub(listed);
        if (stub.installation !== list.installation) {
          throw new CordonError('list_other_installation', `Order ${stub.order} is of ${stub.installation}.`);
        }
        envelope = behind(stub, beside, known);
        if (!envelope) {
          stubs.set(stub.order, [...(stubs.get(stub.order) ?? []), stub]);
          continue;
        }
      }
      const { revision, digest } = readRevision(envelope);
      if (listed !== envelope && !withheldAt(revision, Date.parse(list.issuedAt))) {
        const detail = `Revision ${revision.revision} of order ${revision.order} is public, and the list keeps it back.`;
        alarms.push({ code: 'order_unverified', order: revision.order, detail });
      }
      if (revision.installation !== list.installation) {
        throw new CordonError('list_other_installation', `Order ${revision.order} is of ${revision.installation}.`);
      }
      // What this version cannot compile it could not enforce: better said now than half done later.
      compileRule({ revision, lasting: false });
      if (isExit(revision)) requireExit(revision.terms, Date.parse(revision.proposedAt));
      const same = offered.get(revision.order) ?? [];
      offered.set(revision.order, [...same, { revision, digest, envelope }]);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      alarms.push({ code: 'order_unverified', order: '', detail: error.message });
    }
  }
  return { offered, stubs, alarms };
}

function readList(envelope: Envelope, root: Root, known: KnownList): { list: OrderList; hash: string } {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.list);
  const list = parseDocument(orderListSchema, payload);
  const hash = sha256(payload);
  if (list.installation !== known.installation || root.approvers.installation !== known.installation) {
    throw new CordonError('list_other_installation', `This list is of installation ${list.installation}.`);
  }
  if (list.root > root.approvers.version) {
    throw new CordonError('root_older', `The list was made under root ${list.root}: get the newer roots first.`);
  }
  if (signedBy(envelope, root.onlineKeys).size === 0) {
    throw new CordonError('signature_invalid', 'The list is not signed by an online key that the root names.');
  }
  if (list.version < known.version) {
    throw new CordonError('list_older', `List ${list.version} is older than list ${known.version}, which is stored.`);
  }
  const forked =
    (list.version === known.version && hash !== known.hash) ||
    (list.version === known.version + 1 && list.previous !== known.hash);
  if (forked) {
    throw new CordonError('list_forked', `List ${list.version} does not belong to the chain of list ${known.version}.`);
  }
  return { list, hash };
}

/**
 * Throws `document_malformed`, `document_wrong_type`, `signature_invalid`, `list_other_installation`, `list_older`, `list_forked` or
 * `root_older` when the list as a whole is refused; then nothing changes.
 */
export function verifyList(given: {
  readonly envelope: Envelope;
  readonly root: Root;
  readonly known: KnownList;
  readonly now: Instant;
  /** What came beside the list: revisions that are kept from the public. */
  readonly withheld?: readonly Envelope[] | undefined;
}): VerifiedList {
  const { envelope, root, known, now, withheld = [] } = given;
  const { list, hash } = readList(envelope, root, known);
  const { offered, stubs, alarms } = offeredBy(list, withheld, known.orders);
  const orders = new Map<string, AcceptedRevision>();
  for (const order of new Set([...known.orders.keys(), ...offered.keys(), ...stubs.keys()])) {
    const lacking = stubs.get(order) ?? [];
    const found = newestOf(order, offered.get(order) ?? [], root, known.orders.get(order), list.issuedAt, lacking);
    if (found.accepted) orders.set(order, found.accepted);
    alarms.push(...found.alarms);
  }
  return { list, hash, orders, alarms, expired: now >= Date.parse(list.expiresAt) };
}
