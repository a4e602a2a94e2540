/**
 * Check of order lists in an evidence pack. Each revision needs the first public order list that contains it, signed and recorded in the
 * ledger. A list may be missing only if the server no longer stores it.
 */
import { CordonError } from '../errors.ts';
import type { ApproverSet } from '../order/approvers.ts';
import { parseDocument } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { envelopeSchema, type OrderList, orderListSchema, PAYLOAD_TYPES } from '../order/documents.ts';
import { payloadOf } from '../order/dsse.ts';
import { stubsOf } from '../order/verify-list.ts';
import { adoptionOf } from './check-approvals.ts';
import { type PackFiles, readFile, signerOf } from './check-files.ts';
import type { Findings } from './findings.ts';
import { ENTRIES, MOST_STORED_LISTS, numbered, numberIn } from './format.ts';
import type { Logged, LoggedEntry, PackRevision } from './pack-content.ts';

export function checkLists(
  files: PackFiles,
  logged: Logged,
  approverSets: readonly ApproverSet[],
  adopted: readonly PackRevision[],
  installation: string,
  findings: Findings,
): ReadonlyMap<number, number> {
  const before = findings.failures;
  const first = new Map<number, number>();
  const newestFirst = adopted.toReversed();
  const loggedLists = new Set(
    logged.entries.flatMap(({ entry }) => (entry.kind === 'order.list' ? [entry.public['digest']] : [])),
  );
  const versions = [...files.keys()].flatMap((name) => numberIn('lists', name) ?? []).sort((a, b) => a - b);
  for (const version of versions) {
    const name = numbered('lists', version);
    const list = findings.try(name, () => {
      const envelope = readFile(files, name, envelopeSchema);
      const payload = payloadOf(envelope, PAYLOAD_TYPES.list);
      const read = parseDocument(orderListSchema, payload);
      const approverSet = approverSets.find(({ approvers }) => approvers.version === read.approverSet);
      if (!approverSet || signerOf(envelope, approverSet.onlineKeys) === null) {
        throw new CordonError(
          'signature_invalid',
          `${name} is not signed by an online key of approver set ${read.approverSet}.`,
        );
      }
      if (read.installation !== installation || read.version !== version) {
        throw new CordonError(
          'list_other_installation',
          `${name} is list ${read.version} of installation ${read.installation}.`,
        );
      }
      const digest = sha256(payload);
      if (!loggedLists.has(digest)) {
        throw new CordonError('proof_invalid', `${name}: the ledger has no entry of this list.`);
      }
      return read;
    });
    // During a 72-hour pause, an order list also contains the paused revision. The list is the first one only for the newest revision that
    // it contains.
    const digests = list && digestsIn(list);
    const newest = digests && newestFirst.find(({ digest }) => digests.has(digest));
    if (newest && !first.has(newest.number)) first.set(newest.number, version);
  }
  const broken = findings.failures > before;
  for (const [at, revision] of adopted.entries()) {
    const version = first.get(revision.number);
    if (version !== undefined) {
      findings.proven(`The public order list contained revision ${revision.number} from list ${version} on.`);
    } else if (!broken) reportMissingList(revision, adopted[at + 1], logged.entries, findings);
  }
  return first;
}

const versionOf = ({ entry }: LoggedEntry): number => Number(entry.public['version']);

/**
 * Reports why a pack lacks the first order list of a revision. Each adoption creates a list; the list's ledger entry follows the adoption's
 * entry.
 */
function reportMissingList(
  revision: PackRevision,
  next: PackRevision | undefined,
  entries: readonly LoggedEntry[],
  findings: Findings,
): void {
  const lists = entries.filter(({ entry }) => entry.kind === 'order.list');
  const newest = Math.max(0, ...lists.map(versionOf));
  const from = adoptionOf(revision, entries)?.index ?? 0;
  const to = (next && adoptionOf(next, entries)?.index) ?? Infinity;
  const made = lists.find(({ index }) => index > from && index < to);
  const { number } = revision;
  const firstList = `The first public order list with revision ${number}`;
  if (entries.some(({ index, entry }) => entry.kind === 'server.restored' && index < from)) {
    findings.unproven(
      `${firstList}: the server was restored from a backup, and a device may have brought the revision back.`,
    );
  } else if (!made) {
    findings.failed(
      ENTRIES,
      `${ENTRIES}: the pack has no order list with revision ${number}, and no ledger entry of one. Each adopted revision gets a list with an entry. The operator left both out, so the pack does not prove when the public could read revision ${number}.`,
    );
  } else if (versionOf(made) > newest - MOST_STORED_LISTS) {
    const name = numbered('lists', versionOf(made));
    findings.failed(
      name,
      `${name} is missing: the first order list with revision ${number}. The ledger has an entry of this list, and a server keeps the newest ${MOST_STORED_LISTS} lists (the newest here is ${newest}). The operator left the list out.`,
    );
  } else {
    findings.unproven(
      `${firstList}: the server no longer keeps that list (list ${versionOf(made)}; the newest here is ${newest}).`,
    );
  }
}

/** A stub in an order list contains only the digest of its revision. */
export function digestsIn(list: Pick<OrderList, 'orders'>, hash: typeof sha256 = sha256): ReadonlySet<string> {
  return new Set([
    ...list.orders.map(({ payload }) => hash(Buffer.from(payload, 'base64'))),
    ...stubsOf(list).map(({ digest }) => digest),
  ]);
}
