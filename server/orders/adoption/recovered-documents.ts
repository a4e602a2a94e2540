/**
 * Decides which signed documents a restored server accepts from a device. The functions are pure.
 * - An approver set needs signatures by the threshold of the previous set.
 * - A revision and its approvals must be in an order list that this server's online key signed, or meet the threshold of the current
 *   approver set.
 * - The server ignores documents that are older than its own.
 */
import { CordonError } from '../../../shared/errors.ts';
import { adoptionStateOf } from '../../../shared/order/adoption-state.ts';
import {
  type ApproverSet,
  personsWhoSigned,
  readApproverSet,
  verifyApproverSets,
} from '../../../shared/order/approvers.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import {
  type DeviceRecord,
  deviceRecordSchema,
  type Envelope,
  type OrderList,
  orderListSchema,
  PAYLOAD_TYPES,
  type Revision,
} from '../../../shared/order/documents.ts';
import { payloadOf, signedBy } from '../../../shared/order/dsse.ts';
import { commitmentOf } from '../../../shared/order/exemption.ts';
import { withheldAt } from '../../../shared/order/stub.ts';
import { type AcceptedRevision, readRevision, readStub, verifyList } from '../../../shared/order/verify-list.ts';
import type { Recollection } from '../../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';

/** Recovered revision with its valid signatures. A withheld revision also has the signatures over its stub (public replacement). */
export interface RecoveredRevision {
  readonly revision: Revision;
  readonly digest: string;
  readonly payload: string;
  readonly signatures: readonly {
    readonly keyid: string;
    readonly person: string;
    readonly sig: string;
    readonly stub: string | null;
  }[];
  /** Date of the order list that contains the revision. The server stores this date as the revision's time of adoption. */
  readonly listedAt: number;
}

export interface Recovered {
  readonly approverSets: readonly { readonly envelope: Envelope; readonly approverSet: ApproverSet }[];
  readonly revisions: readonly RecoveredRevision[];
  readonly exemptions: readonly {
    readonly order: string;
    readonly revision: number;
    readonly salt: string;
    readonly commitment: string;
    readonly until: number | null;
  }[];
  readonly list: number;
  readonly record: Pick<DeviceRecord, 'home' | 'seat'> | null;
}

export interface RecoveryInput {
  readonly installation: string;
  readonly device: DeviceId;
  readonly generation: number;
  readonly chain: readonly ApproverSet[];
  readonly accepted: ReadonlyMap<string, AcceptedRevision>;
  readonly recollection: Recollection;
  readonly now: number;
}

/**
 * Selects the documents from a device that a restored server accepts. If one of the documents is invalid, accepts none of them and throws
 * the reason, such as `document_malformed`, `signature_invalid`, `threshold_not_met` or `list_forked`.
 */
export function recoverFrom(input: RecoveryInput): Recovered {
  const { chain } = input;
  const approverSets = newerApproverSets(input);
  const all = [...chain, ...approverSets.map(({ approverSet }) => approverSet)];
  const { list, revisions: listed } = revisionsOf(input, all);
  const revisions = [...listed, ...unlistedOf(input, all, listed)];
  const record = ownRecord(input, all);
  return { approverSets, list, revisions, record, exemptions: record ? exemptionsOf(input, record, revisions) : [] };
}

function newerApproverSets({ installation, chain, recollection }: RecoveryInput): Recovered['approverSets'] {
  const newest = chain.at(-1);
  if (!newest || recollection.approverSets.length === 0) return [];
  // The device may lack approver sets that were adopted before its own oldest set. Only another device can return the missing sets.
  const last = verifyApproverSets(newest, recollection.approverSets);
  if (last.approvers.installation !== installation) {
    throw new CordonError('list_other_installation', 'The approver sets are of another installation.');
  }
  return recollection.approverSets
    .map((envelope) => ({ envelope, approverSet: readApproverSet(envelope) }))
    .filter(({ approverSet }) => approverSet.approvers.version > newest.approvers.version);
}

function revisionsOf(
  { installation, accepted, recollection, now }: RecoveryInput,
  chain: readonly ApproverSet[],
): { list: number; revisions: RecoveredRevision[] } {
  const { list: envelope, orders: withheld } = recollection;
  if (!envelope) return { list: 0, revisions: [] };
  const document = parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));
  // Approver set that decides whether the approvals in the order list are valid. It also names the online key that signed the list.
  const approverSet = chain.find(({ approvers }) => approvers.version === document.approverSet);
  if (!approverSet)
    throw new CordonError(
      'approver_set_older',
      `The order list was issued under approver set ${document.approverSet}, which is not known.`,
    );
  const known = { installation, version: 0, hash: null, orders: accepted };
  const verified = verifyList({ envelope, withheld, approverSet, known, now });
  const listedAt = Date.parse(document.issuedAt);
  const stubs = stubSignatures(document);
  const make = (from: Envelope) => recoveredFrom(from, approverSet, listedAt, stubs);
  const revisions = [...verified.orders].flatMap(([order, verifiedOrder]) => {
    if (verifiedOrder === accepted.get(order)) return [];
    const base =
      verifiedOrder.revision.action === 'pause'
        ? baseOf(verifiedOrder.revision, document, approverSet, accepted.get(order))
        : null;
    return [...(base ? [make(base)] : []), make(verifiedOrder.envelope)];
  });
  return { list: verified.list.version, revisions };
}

/**
 * Revisions that the device received but that are not in its order list. Because no order list confirms them, they need enough approvals
 * under the current approver set.
 */
function unlistedOf(
  { installation, accepted, recollection, now }: RecoveryInput,
  chain: readonly ApproverSet[],
  listed: readonly RecoveredRevision[],
): RecoveredRevision[] {
  const approverSet = chain.at(-1);
  if (!approverSet) return [];
  const newest = new Map([...accepted].map(([order, { revision }]) => [order, revision.revision]));
  for (const { revision } of listed) newest.set(revision.order, revision.revision);
  return recollection.orders.flatMap((envelope) => {
    const { revision } = readRevision(envelope);
    const { threshold } = approverSet.approvers;
    const adopted = adoptionStateOf(revision, personsWhoSigned(envelope, approverSet), threshold, true).adopted;
    if (!adopted || revision.installation !== installation || revision.revision <= (newest.get(revision.order) ?? 0))
      return [];
    // A withheld revision can be recovered only from an order list, because only the list has the signatures over the revision's stub
    // (public replacement).
    if (withheldAt(revision, now)) return [];
    newest.set(revision.order, revision.revision);
    return [recoveredFrom(envelope, approverSet, Date.parse(revision.proposedAt), new Map())];
  });
}

function recoveredFrom(
  from: Envelope,
  approverSet: ApproverSet,
  listedAt: number,
  stubs: ReadonlyMap<string, string>,
): RecoveredRevision {
  const { revision, digest } = readRevision(from);
  const valid = signedBy(from, approverSet.keys);
  return {
    revision,
    digest,
    listedAt,
    payload: payloadOf(from, PAYLOAD_TYPES.revision).toString('utf8'),
    signatures: from.signatures.flatMap(({ keyid, sig }) => {
      const person = approverSet.persons.get(keyid);
      if (person === undefined || !valid.has(keyid)) return [];
      return [{ keyid, person, sig, stub: stubs.get(`${digest} ${keyid}`) ?? null }];
    }),
  };
}

/**
 * Finds the revision that a pause interrupts. A one-person pause is valid only together with this revision, so the order list must contain
 * both.
 */
function baseOf(
  pause: Revision,
  list: OrderList,
  approverSet: ApproverSet,
  known: AcceptedRevision | undefined,
): Envelope | null {
  if (known?.digest === pause.previous) return null;
  for (const envelope of list.orders) {
    if (envelope.payloadType !== PAYLOAD_TYPES.revision) continue;
    const { revision, digest } = readRevision(envelope);
    const { threshold } = approverSet.approvers;
    const adopted = adoptionStateOf(revision, personsWhoSigned(envelope, approverSet), threshold, true).adopted;
    if (digest === pause.previous && adopted) return envelope;
  }
  return null;
}

function stubSignatures({ orders }: OrderList): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const envelope of orders) {
    if (envelope.payloadType !== PAYLOAD_TYPES.stub) continue;
    const { digest } = readStub(envelope);
    for (const { keyid, sig } of envelope.signatures) found.set(`${digest} ${keyid}`, sig);
  }
  return found;
}

/** Reads the device record that a device returned. Null if another server signed the record, or if it belongs to an earlier enrollment. */
function ownRecord(
  { installation, device, generation, recollection: { record: envelope } }: RecoveryInput,
  chain: readonly ApproverSet[],
): DeviceRecord | null {
  if (!envelope || !chain.some(({ onlineKeys }) => signedBy(envelope, onlineKeys).size > 0)) return null;
  const record = parseDocument(deviceRecordSchema, payloadOf(envelope, PAYLOAD_TYPES.record));
  const own = record.installation === installation && record.device === device && record.generation === generation;
  return own ? record : null;
}

/** Approvers signed only commitments to exemptions. The salts in the device record show which commitments concern this device. */
function exemptionsOf(
  { device, accepted }: RecoveryInput,
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
