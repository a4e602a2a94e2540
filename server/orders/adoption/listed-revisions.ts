/** Selects the revisions for an order list and converts them into the form that devices receive. The functions are pure. */
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

type AdoptedRevisions = ReadonlyMap<string, readonly RevisionRow[]>;

/** Removes signatures by keys outside the given approver set (ADR 10), so that the order list does not grow with each new set. */
const signedUnder = (row: RevisionRow, { persons }: ApproverSet): RevisionRow => ({
  ...row,
  approvals: row.approvals.filter(({ keyid }) => persons.has(keyid)),
});

/** Returns the stub (public replacement) of a withheld revision, and otherwise the complete revision. */
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
 * Returns the order's newest adopted revision. If one person paused the order, also returns the revision before the pause, because devices
 * accept a one-person pause only together with it.
 */
function listedOf(rows: readonly RevisionRow[]): RevisionRow[] {
  const newest = rows.at(-1);
  if (!newest) return [];
  if (newest.action !== 'pause') return [newest];
  const { previous } = readPayload(newest.payload);
  const base = rows.find((row) => row.digest === previous);
  return base ? [base, newest] : [newest];
}

/** Earliest time after `after` at which a withheld revision becomes public; infinity if there is none. */
export function nextPublication(revisions: Iterable<readonly RevisionRow[]>, after: Instant): Instant {
  const instants = [...revisions].flatMap(listedOf).flatMap(({ payload }) => {
    const { publication } = readPayload(payload).terms;
    return publication && 'until' in publication ? [Date.parse(publication.until)] : [];
  });
  return Math.min(...instants.filter((at) => at > after));
}

/** Returns the adopted revisions as they will be after the adoption of `changed`. `siblings` has all revisions of the same order. */
export function withChange(
  adopted: AdoptedRevisions,
  changed: RevisionRow | undefined,
  siblings: readonly RevisionRow[],
): AdoptedRevisions {
  if (!changed) return adopted;
  const before = siblings.filter((row) => row.state === 'adopted' && row.revision < changed.revision);
  return new Map(adopted).set(changed.order, [...before, changed]);
}

export function listedEnvelopes(adopted: AdoptedRevisions, set: ApproverSet, now: Instant): Envelope[] {
  return [...adopted]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, rows]) => listedOf(rows).map((row) => listedEnvelopeOf(signedUnder(row, set), now)));
}

export function revisionsOfStubs(list: StoredList, adopted: AdoptedRevisions, set: ApproverSet): Envelope[] {
  const { orders } = parseDocument(orderListSchema, payloadOf(list.envelope, PAYLOAD_TYPES.list));
  const digests = new Set(stubsOf({ orders }).map(({ digest }) => digest));
  if (digests.size === 0) return [];
  const rows = [...adopted.values()].flat().filter(({ digest }) => digests.has(digest));
  return rows.map((row) => revisionEnvelopeOf(signedUnder(row, set)));
}
