/**
 * Verification of an order list by a device. The online key's signature proves only that the list is fresh and complete; each revision also
 * needs the approvers' signatures. If the list omits an order, or contains an older or unapproved revision, the device raises an alert and
 * keeps its stored revision.
 */
import { CordonError, isCordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import { adoptionStateOf, pausesOnly } from './adoption-state.ts';
import { type ApproverSet, personsWhoSigned } from './approvers.ts';
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
import { stubOf, withheldAt } from './stub.ts';

export interface AcceptedRevision {
  readonly revision: Revision;
  readonly digest: string;
  readonly envelope: Envelope;
  /**
   * Whether the revision is a pause without an end. Without a court's document, a pause ends after 72 hours unless enough approvers sign
   * it.
   */
  readonly permanentPause: boolean;
}

export interface KnownList {
  readonly installation: string;
  /** Version and digest of the newest stored order list; 0 and null if none is stored. */
  readonly version: number;
  readonly hash: string | null;
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
}

export const LIST_ALERTS = [
  'order_missing',
  'order_rolled_back',
  'order_forked',
  'order_unverified',
  'pause_renewed',
  /** Alert: the order list contains a stub of a withheld revision, but the device has not received the revision. */
  'withheld_missing',
] as const;
export interface ListAlert {
  readonly code: (typeof LIST_ALERTS)[number];
  readonly order: string;
  readonly detail: string;
}

export interface VerifiedList {
  readonly list: OrderList;
  readonly hash: string;
  readonly orders: ReadonlyMap<string, AcceptedRevision>;
  readonly alerts: readonly ListAlert[];
  /** Whether the order list has expired. An expired list is no error: each order's `stale` rule then decides whether the order applies. */
  readonly expired: boolean;
}

/** Parses a revision without a check of its signatures. */
export function readRevision(envelope: Envelope): { revision: Revision; digest: string } {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.revision);
  return { revision: parseDocument(revisionSchema, payload), digest: sha256(payload) };
}

/** Parses a stub (public summary of a revision that is withheld from the public). Does not check signatures. */
export function readStub(envelope: Envelope): OrderStub {
  return parseDocument(orderStubSchema, payloadOf(envelope, PAYLOAD_TYPES.stub));
}

/** Returns the stubs in an order list (public summaries of withheld revisions). Skips malformed stubs and does not check signatures. */
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

/**
 * Returns stubs (public summaries) of revisions that are withheld from the public and are newer than the device's stored revisions. The
 * device must request these revisions from the server.
 */
export const missingRevisions = (
  list: Pick<OrderList, 'orders'>,
  known: ReadonlyMap<string, AcceptedRevision>,
): OrderStub[] => stubsOf(list).filter(({ order, revision }) => (known.get(order)?.revision.revision ?? 0) < revision);

/**
 * Reads a stored revision whose signatures were verified before it was stored. `approverSets` must include old approver sets, because the
 * newest set may not contain the signers.
 */
export function readAccepted(envelope: Envelope, approverSets: readonly ApproverSet[]): AcceptedRevision {
  const { revision, digest } = readRevision(envelope);
  const permanentPause = approverSets.some(
    (approverSet) =>
      adoptionStateOf(revision, personsWhoSigned(envelope, approverSet), approverSet.approvers.threshold, false)
        .permanentPause,
  );
  return { revision, digest, envelope, permanentPause };
}

interface Offered {
  readonly revision: Revision;
  readonly digest: string;
  readonly envelope: Envelope;
}

type Judgment = AcceptedRevision | Pick<ListAlert, 'code' | 'detail'>;

function judge(
  offered: Offered,
  approverSet: ApproverSet,
  known: AcceptedRevision | undefined,
  beneath: readonly Offered[],
  issuedAt: string,
): Judgment {
  const { revision, envelope } = offered;
  const { threshold } = approverSet.approvers;
  const persons = personsWhoSigned(envelope, approverSet);
  const alone = adoptionStateOf(revision, persons, threshold, true);
  if (alone.adopted) return { ...offered, permanentPause: alone.permanentPause };
  const brief = adoptionStateOf(revision, persons, threshold, false);
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
            adoptionStateOf(below.revision, personsWhoSigned(below.envelope, approverSet), threshold, true).adopted,
        );
  if (!base || !pausesOnly(revision, base.digest, base.revision)) {
    return {
      code: 'order_unverified',
      detail: `${name} is one person’s pause of an unverified revision, or changes more than the pause.`,
    };
  }
  // Between two 72-hour pauses there must be a revision with enough approvals. Otherwise a pause of an outdated revision could extend the
  // first pause.
  if (known && base.digest !== known.digest && base.revision.revision <= known.revision.revision) {
    return { code: 'pause_renewed', detail: `${name} would extend a pause without a second approver.` };
  }
  if (revision.pausedSince === null || revision.pausedSince > issuedAt) {
    return { code: 'order_unverified', detail: `${name} has a pause that begins after the list was issued.` };
  }
  return { ...offered, permanentPause: brief.permanentPause };
}

/** Newest acceptable revision of one order, and alerts about the order's rejected revisions. */
function newestOf(
  order: string,
  offered: readonly Offered[],
  approverSet: ApproverSet,
  known: AcceptedRevision | undefined,
  issuedAt: string,
  stubs: readonly OrderStub[],
): { accepted: AcceptedRevision | undefined; alerts: ListAlert[] } {
  const alerts: ListAlert[] = [];
  const alert = (code: ListAlert['code'], detail: string) => void alerts.push({ code, order, detail });
  const sorted = offered.toSorted((a, b) => b.revision.revision - a.revision.revision);
  const newest = sorted[0];
  const stub = stubs.toSorted((a, b) => b.revision - a.revision)[0];
  if (stub && stub.revision > (newest?.revision.revision ?? 0)) {
    const about = `revision ${stub.revision} of order ${order}`;
    const current = known?.revision.revision ?? 0;
    if (stub.revision < current)
      alert('order_rolled_back', `The list rolls back from revision ${current} to ${about}.`);
    else if (stub.revision === current) alert('order_forked', `The list names another document as ${about}.`);
    else
      alert(
        'withheld_missing',
        `The list withholds ${about} from the public, and the server did not send the revision with the list.`,
      );
    if (!newest) return { accepted: known, alerts };
  }
  if (!newest) {
    if (known && known.revision.status !== 'withdrawn') alert('order_missing', `The list omits order ${order}.`);
    return { accepted: known, alerts };
  }
  if (known && newest.revision.revision < known.revision.revision) {
    alert('order_rolled_back', `The list rolls back from revision ${known.revision.revision} of order ${order}.`);
    return { accepted: known, alerts };
  }
  for (const [index, candidate] of sorted.entries()) {
    if (known && candidate.revision.revision < known.revision.revision) break;
    if (known && candidate.revision.revision === known.revision.revision) {
      if (candidate.digest !== known.digest) {
        alert('order_forked', `Two documents claim to be revision ${known.revision.revision} of order ${order}.`);
        break;
      }
      return { accepted: refreshed(candidate, known, approverSet), alerts };
    }
    const judged = judge(candidate, approverSet, known, sorted.slice(index + 1), issuedAt);
    if ('revision' in judged) return { accepted: judged, alerts };
    alert(judged.code, judged.detail);
  }
  return { accepted: known, alerts };
}

/**
 * Updates a stored revision from a list that contains it again. Only one thing can have changed: a second person may have approved a pause,
 * which removes the end of the pause.
 */
function refreshed(offered: Offered, known: AcceptedRevision, approverSet: ApproverSet): AcceptedRevision {
  if (known.revision.status !== 'paused' || known.permanentPause) return known;
  const persons = personsWhoSigned(offered.envelope, approverSet);
  const { permanentPause } = adoptionStateOf(known.revision, persons, approverSet.approvers.threshold, false);
  return permanentPause ? { ...offered, permanentPause } : known;
}

interface Offering {
  readonly offered: Map<string, Offered[]>;
  readonly stubs: Map<string, OrderStub[]>;
  readonly alerts: ListAlert[];
}

/**
 * Withheld revision that belongs to a stub, received with the order list or already stored; null if the device has neither. Throws an error
 * if the revision differs from the stub, so that devices enforce exactly what the public stub states.
 */
function revisionOfStub(
  stub: OrderStub,
  beside: ReadonlyMap<string, Envelope>,
  known: KnownList['orders'],
): Envelope | null {
  const current = known.get(stub.order);
  const envelope = beside.get(stub.digest) ?? (current?.digest === stub.digest ? current.envelope : null);
  if (!envelope) return null;
  const { revision, digest } = readRevision(envelope);
  if (canonicalText(stubOf(revision, digest)) === canonicalText(stub)) return envelope;
  const detail = `The public stub of order ${stub.order} in the list does not match revision ${revision.revision}.`;
  throw new CordonError('document_malformed', detail);
}

/** Revisions in the order list, grouped by order. A document that is not a revision of this installation causes an alert. */
function offeredBy(list: OrderList, withheld: readonly Envelope[], known: KnownList['orders']): Offering {
  const offered = new Map<string, Offered[]>();
  const stubs = new Map<string, OrderStub[]>();
  const alerts: ListAlert[] = [];
  const beside = new Map(withheld.map((envelope) => [sha256(Buffer.from(envelope.payload, 'base64')), envelope]));
  for (const listed of list.orders) {
    try {
      let envelope: Envelope | null = listed;
      if (listed.payloadType === PAYLOAD_TYPES.stub) {
        const stub = readStub(listed);
        if (stub.installation !== list.installation) {
          throw new CordonError(
            'list_other_installation',
            `Order ${stub.order} belongs to installation ${stub.installation}.`,
          );
        }
        envelope = revisionOfStub(stub, beside, known);
        if (!envelope) {
          stubs.set(stub.order, [...(stubs.get(stub.order) ?? []), stub]);
          continue;
        }
      }
      const { revision, digest } = readRevision(envelope);
      if (listed !== envelope && !withheldAt(revision, Date.parse(list.issuedAt))) {
        const detail = `Revision ${revision.revision} of order ${revision.order} is public, but the list withholds it.`;
        alerts.push({ code: 'order_unverified', order: revision.order, detail });
      }
      if (revision.installation !== list.installation) {
        throw new CordonError(
          'list_other_installation',
          `Order ${revision.order} belongs to installation ${revision.installation}.`,
        );
      }
      // Refuses a revision that this version of the software could not enforce. The device then does not store it.
      compileRule({ revision, permanentPause: false });
      if (isExit(revision)) requireExit(revision.terms, Date.parse(revision.proposedAt));
      const same = offered.get(revision.order) ?? [];
      offered.set(revision.order, [...same, { revision, digest, envelope }]);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      alerts.push({ code: 'order_unverified', order: '', detail: error.message });
    }
  }
  return { offered, stubs, alerts };
}

function readList(envelope: Envelope, approverSet: ApproverSet, known: KnownList): { list: OrderList; hash: string } {
  const payload = payloadOf(envelope, PAYLOAD_TYPES.list);
  const list = parseDocument(orderListSchema, payload);
  const hash = sha256(payload);
  if (list.installation !== known.installation || approverSet.approvers.installation !== known.installation) {
    throw new CordonError('list_other_installation', `The order list belongs to installation ${list.installation}.`);
  }
  if (list.approverSet > approverSet.approvers.version) {
    throw new CordonError(
      'approver_set_older',
      `The order list was issued under approver set ${list.approverSet}. Fetch the newer approver sets first.`,
    );
  }
  if (signedBy(envelope, approverSet.onlineKeys).size === 0) {
    throw new CordonError('signature_invalid', 'The list is not signed by an online key of the approver set.');
  }
  if (list.version < known.version) {
    throw new CordonError(
      'list_older',
      `Order list ${list.version} is older than the stored order list ${known.version}.`,
    );
  }
  const forked =
    (list.version === known.version && hash !== known.hash) ||
    (list.version === known.version + 1 && list.previous !== known.hash);
  if (forked) {
    throw new CordonError(
      'list_forked',
      `Order list ${list.version} does not continue the stored order list ${known.version}: the server has published two different lists.`,
    );
  }
  return { list, hash };
}

/**
 * Verifies an order list. Throws `document_malformed`, `document_wrong_type`, `signature_invalid`, `list_other_installation`, `list_older`,
 * `list_forked` or `approver_set_older` if the whole order list is invalid.
 */
export function verifyList(input: {
  readonly envelope: Envelope;
  readonly approverSet: ApproverSet;
  readonly known: KnownList;
  readonly now: Instant;
  /** Withheld revisions, which the server sends separately from the order list. */
  readonly withheld?: readonly Envelope[] | undefined;
}): VerifiedList {
  const { envelope, approverSet, known, now, withheld = [] } = input;
  const { list, hash } = readList(envelope, approverSet, known);
  const { offered, stubs, alerts } = offeredBy(list, withheld, known.orders);
  const orders = new Map<string, AcceptedRevision>();
  for (const order of new Set([...known.orders.keys(), ...offered.keys(), ...stubs.keys()])) {
    const lacking = stubs.get(order) ?? [];
    const found = newestOf(
      order,
      offered.get(order) ?? [],
      approverSet,
      known.orders.get(order),
      list.issuedAt,
      lacking,
    );
    if (found.accepted) orders.set(order, found.accepted);
    alerts.push(...found.alerts);
  }
  return { list, hash, orders, alerts, expired: now >= Date.parse(list.expiresAt) };
}
