/** Selects the revisions in an order list, and converts them into the form in which the list contains them. Pure. */
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import { type Envelope, orderListSchema, PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { payloadOf } from '../../../shared/order/dsse.ts';
import { stubText, withheldAt } from '../../../shared/order/stub.ts';
import { stubsOf } from '../../../shared/order/verify-list.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { RevisionRow } from '../ports.ts';
import type { StoredList } from './order-list.ts';
import { readPayload, revisionEnvelopeOf } from './revision-payload.ts';

/** Adopted revisions of each order, by order number; the oldest revision of an order is first. */
type AdoptedRevisions = ReadonlyMap<string, readonly RevisionRow[]>;

/** Removes signatures of older approver sets from a revision (ADR 10), so that the order list does not grow with each new set. */
const signedUnder = (row: RevisionRow, { persons }: ApproverSet): RevisionRow => ({
  ...row,
  approvals: row.approvals.filter(({ keyid }) => persons.has(keyid)),
});

/** Returns the complete revision. While the order is withheld, returns its stub (public replacement) instead. */
function listedEnvelopeOf(row: RevisionRow, now: Instant): Envelope {
  const text = withheldAt(readPayload(row.payload), now) ? stubText(row.payload, row.digest) : null;
  if (text === null) return revisionEnvelopeOf(row);
  return {
    payloadType: PAYLOAD_TYPES.stub,
    payload: Buffer.from(text).toString('base64'),
    signatures: row.approvals.flatMap(({ keyid, stub }) => (stub === null ? [] : [{ keyid, sig: stub }])),
  };
}

/**
 * Revisions of one order in the order list. The list contains the order's newest adopted revision. If one person paused the order, the list
 * also contains the revision before the pause, because a device accepts such a pause only together with it.
 */
function listedOf(rows: readonly RevisionRow[]): RevisionRow[] {
  const newest = rows.at(-1);
  if (!newest) return [];
  if (newest.act !== 'pause') return [newest];
  const { previous } = readPayload(newest.payload);
  const base = rows.find((row) => row.digest === previous);
  return base ? [base, newest] : [newest];
}

/** Earliest time after `after` at which any withheld revision becomes public; infinity if no revision becomes public. */
export function nextPublication(revisions: Iterable<readonly RevisionRow[]>, after: Instant): Instant {
  const instants = [...revisions].flatMap(listedOf).flatMap(({ payload }) => {
    const { publication } = readPayload(payload).terms;
    return publication && 'until' in publication ? [Date.parse(publication.until)] : [];
  });
  return Math.min(...instants.filter((at) => at > after));
}

/** Adopted revisions of all orders, as they are after the revision `changed` is adopted. `siblings` has all revisions of its order. */
export function withChange(
  adopted: AdoptedRevisions,
  changed: RevisionRow | undefined,
  siblings: readonly RevisionRow[],
): AdoptedRevisions {
  if (!changed) return adopted;
  const before = siblings.filter((row) => row.state === 'adopted' && row.revision < changed.revision);
  return new Map(adopted).set(changed.order, [...before, changed]);
}

/** Signed documents for the order list, in the order of their order numbers. */
export function listedEnvelopes(adopted: AdoptedRevisions, set: ApproverSet, now: Instant): Envelope[] {
  return [...adopted]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, rows]) => listedOf(rows).map((row) => listedEnvelopeOf(signedUnder(row, set), now)));
}

/** Complete texts of the withheld revisions that the order list contains as stubs (public replacements). */
export function revisionsOfStubs(list: StoredList, adopted: AdoptedRevisions, set: ApproverSet): Envelope[] {
  const { orders } = parseDocument(orderListSchema, payloadOf(list.envelope, PAYLOAD_TYPES.list));
  const digests = new Set(stubsOf({ orders }).map(({ digest }) => digest));
  if (digests.size === 0) return [];
  const rows = [...adopted.values()].flat().filter(({ digest }) => digests.has(digest));
  return rows.map((row) => revisionEnvelopeOf(signedUnder(row, set)));
}
