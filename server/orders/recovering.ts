/**
 * What a restored server may take from the documents that a device has stored. Pure. A device can prove nothing by itself: an approver set counts by
 * the threshold of the one before, and a revision by its approvers' signatures inside a list that this installation's own online key has signed.
 * What is older than what the server has is passed over, so that nobody can take an order back to an earlier state.
 */
import { CordonError } from '../../shared/errors.ts';
import { personsWhoSigned, type Root, readRoot, verifyRoots } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import {
  type DeviceRecord,
  deviceRecordSchema,
  type Envelope,
  type OrderList,
  orderListSchema,
  PAYLOAD_TYPES,
  type Revision,
} from '../../shared/order/documents.ts';
import { payloadOf, signedBy } from '../../shared/order/dsse.ts';
import { commitmentOf } from '../../shared/order/exemption.ts';
import { standingOf } from '../../shared/order/standing.ts';
import { withheldAt } from '../../shared/order/stub.ts';
import { type AcceptedRevision, readRevision, readStub, verifyList } from '../../shared/order/verify-list.ts';
import type { Recollection } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

/** Each with the signatures that count, and of a withheld one those over its stub. */
export interface RecoveredRevision {
  readonly revision: Revision;
  readonly digest: string;
  /** The exact text that was signed. */
  readonly payload: string;
  readonly signatures: readonly {
    readonly keyid: string;
    readonly person: string;
    readonly sig: string;
    readonly stub: string | null;
  }[];
  /** When the list that has it was made: it was adopted by then. */
  readonly listedAt: number;
}

export interface Recovered {
  readonly roots: readonly { readonly envelope: Envelope; readonly root: Root }[];
  readonly revisions: readonly RecoveredRevision[];
  readonly exemptions: readonly {
    readonly order: string;
    readonly revision: number;
    readonly salt: string;
    readonly commitment: string;
    readonly until: number | null;
  }[];
  /** Version of the list that was verified; 0 for none. */
  readonly list: number;
  /** What the device's record says of it, which this server has signed; null without one. */
  readonly record: Pick<DeviceRecord, 'home' | 'seat'> | null;
}

export interface RecoverGiven {
  readonly installation: string;
  readonly device: DeviceId;
  readonly generation: number;
  /** Adopted approver sets, oldest first. */
  readonly chain: readonly Root[];
  readonly accepted: ReadonlyMap<string, AcceptedRevision>;
  readonly recollection: Recollection;
  readonly now: number;
}

/** Throws `document_malformed`, `signature_invalid`, `threshold_not_met`, `list_forked` and the like; then nothing of it counts. */
export function recoverFrom(given: RecoverGiven): Recovered {
  const { chain } = given;
  const roots = newerRoots(given);
  const all = [...chain, ...roots.map(({ root }) => root)];
  const { list, revisions: listed } = revisionsOf(given, all);
  const revisions = [...listed, ...aloneOf(given, all, listed)];
  const record = ownRecord(given, all);
  return { roots, list, revisions, record, exemptions: record ? exemptionsOf(given, record, revisions) : [] };
}

function newerRoots({ installation, chain, recollection }: RecoverGiven): Recovered['roots'] {
  const newest = chain.at(-1);
  if (!newest || recollection.roots.length === 0) return [];
  // The device's may begin with a later one than ours: then it does not lead from ours to its own, and another device must help.
  const last = verifyRoots(newest, recollection.roots);
  if (last.approvers.installation !== installation) {
    throw new CordonError('list_other_installation', 'The approver sets are of another installation.');
  }
  return recollection.roots
    .map((envelope) => ({ envelope, root: readRoot(envelope) }))
    .filter(({ root }) => root.approvers.version > newest.approvers.version);
}

function revisionsOf(
  { installation, accepted, recollection, now }: RecoverGiven,
  chain: readonly Root[],
): { list: number; revisions: RecoveredRevision[] } {
  const { list: envelope, orders: withheld } = recollection;
  if (!envelope) return { list: 0, revisions: [] };
  const said = parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));
  // The approvals inside were given under this approver set, and it names the online key that vouches for the list.
  const root = chain.find(({ approvers }) => approvers.version === said.root);
  if (!root)
    throw new CordonError('root_older', `The list was made under approver set ${said.root}, which is not known.`);
  const known = { installation, version: 0, hash: null, orders: accepted };
  const verified = verifyList({ envelope, withheld, root, known, now });
  const listedAt = Date.parse(said.issuedAt);
  const stubs = stubSignatures(said);
  const make = (from: Envelope) => recoveredFrom(from, root, listedAt, stubs);
  const revisions = [...verified.orders].flatMap(([order, taken]) => {
    if (taken === accepted.get(order)) return [];
    const base = taken.revision.act === 'hold' ? baseOf(taken.revision, said, root, accepted.get(order)) : null;
    return [...(base ? [make(base)] : []), make(taken.envelope)];
  });
  return { list: verified.list.version, revisions };
}

/**
 * Revisions that the device's list does not have any more, because it has taken a list of ours since. No list vouches for them: so they count as a
 * new revision does, by enough approvers of the newest set.
 */
function aloneOf(
  { installation, accepted, recollection, now }: RecoverGiven,
  chain: readonly Root[],
  listed: readonly RecoveredRevision[],
): RecoveredRevision[] {
  const root = chain.at(-1);
  if (!root) return [];
  const newest = new Map([...accepted].map(([order, { revision }]) => [order, revision.revision]));
  for (const { revision } of listed) newest.set(revision.order, revision.revision);
  return recollection.orders.flatMap((envelope) => {
    const { revision } = readRevision(envelope);
    const { threshold } = root.approvers;
    const adopted = standingOf(revision, personsWhoSigned(envelope, root), threshold, true).adopted;
    if (!adopted || revision.installation !== installation || revision.revision <= (newest.get(revision.order) ?? 0))
      return [];
    // Its stub's signatures stood in a list that is gone: a withheld order comes back only from a list.
    if (withheldAt(revision, now)) return [];
    newest.set(revision.order, revision.revision);
    return [recoveredFrom(envelope, root, Date.parse(revision.proposedAt), new Map())];
  });
}

function recoveredFrom(
  from: Envelope,
  root: Root,
  listedAt: number,
  stubs: ReadonlyMap<string, string>,
): RecoveredRevision {
  const { revision, digest } = readRevision(from);
  const valid = signedBy(from, root.keys);
  return {
    ...{ revision, digest, listedAt },
    payload: payloadOf(from, PAYLOAD_TYPES.revision).toString('utf8'),
    signatures: from.signatures.flatMap(({ keyid, sig }) => {
      const person = root.persons.get(keyid);
      if (person === undefined || !valid.has(keyid)) return [];
      return [{ keyid, person, sig, stub: stubs.get(`${digest} ${keyid}`) ?? null }];
    }),
  };
}

/** One person's hold counts only on top of the revision that it holds, which is in the list as well. */
function baseOf(hold: Revision, list: OrderList, root: Root, known: AcceptedRevision | undefined): Envelope | null {
  if (known?.digest === hold.previous) return null;
  for (const envelope of list.orders) {
    if (envelope.payloadType !== PAYLOAD_TYPES.revision) continue;
    const { revision, digest } = readRevision(envelope);
    const { threshold } = root.approvers;
    const adopted = standingOf(revision, personsWhoSigned(envelope, root), threshold, true).adopted;
    if (digest === hold.previous && adopted) return envelope;
  }
  return null;
}

/** By the digest of the revision and the key. */
function stubSignatures({ orders }: OrderList): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const envelope of orders) {
    if (envelope.payloadType !== PAYLOAD_TYPES.stub) continue;
    const { digest } = readStub(envelope);
    for (const { keyid, sig } of envelope.signatures) found.set(`${digest} ${keyid}`, sig);
  }
  return found;
}

/** The device's own record, if this server has signed it for this enrollment. */
function ownRecord(
  { installation, device, generation, recollection: { record: envelope } }: RecoverGiven,
  chain: readonly Root[],
): DeviceRecord | null {
  if (!envelope || !chain.some(({ onlineKeys }) => signedBy(envelope, onlineKeys).size > 0)) return null;
  const record = parseDocument(deviceRecordSchema, payloadOf(envelope, PAYLOAD_TYPES.record));
  const own = record.installation === installation && record.device === device && record.generation === generation;
  return own ? record : null;
}

/** The salts of the device's own record open the commitments that approvers have signed. */
function exemptionsOf(
  { device, accepted }: RecoverGiven,
  record: DeviceRecord,
  revisions: readonly RecoveredRevision[],
): Recovered['exemptions'] {
  const newest = new Map([...accepted].map(([order, { revision }]) => [order, revision]));
  for (const { revision } of revisions) newest.set(revision.order, revision);
  return record.exemptions.flatMap(({ order, salt }) => {
    const commitment = commitmentOf(salt, device);
    const revision = newest.get(order);
    const exempt = revision?.exempt.find((each) => each.commitment === commitment);
    if (!revision || !exempt) return [];
    const until = exempt.until === null ? null : Date.parse(exempt.until);
    return [{ order, revision: revision.revision, salt, commitment, until }];
  });
}
