/**
 * Check of the ledger in an evidence pack: the checkpoint's signature, the inclusion proofs, and the consistency with earlier checkpoints.
 */

import { CordonError } from '../errors.ts';
import {
  loggedSet,
  openContinued,
  pathTo,
  requireEntry,
  requireSetInForce,
  type SignedContinuation,
  signedBySets,
} from '../ledger/check-continuations.ts';
import { checkBeginning, checkInclusionIn } from '../ledger/check-proofs.ts';
import { type Checkpoint, originOf } from '../ledger/checkpoint.ts';
import type { LedgerEntry, Opening } from '../ledger/ledger-entry.ts';
import { parseVerifierKey } from '../ledger/signed-note.ts';
import { openParticulars, withholdsParticulars } from '../ledger/withheld-particulars.ts';
import type { ApproverSet } from '../order/approvers.ts';
import { need, type PackFiles, readFile } from './check-files.ts';
import { type Findings, plural } from './findings.ts';
import {
  CHECKPOINT,
  CONTINUATIONS,
  continuationsSchema,
  ENTRIES,
  entriesSchema,
  GROWTH,
  growthSchema,
  numbered,
} from './format.ts';
import type { Logged, LoggedEntry, PackRevision } from './pack-content.ts';
import type { PublicRoot } from './public-root.ts';

/**
 * Returns the verified checkpoint of an evidence pack and the ledger entries that the checkpoint proves. Returns null if the checkpoint is
 * invalid, because no ledger entry is then proved.
 */
export async function checkLedger(
  files: PackFiles,
  pinned: PublicRoot,
  approverSets: readonly ApproverSet[],
  findings: Findings,
): Promise<Logged | null> {
  const before = findings.failures;
  const known = findings.try(CONTINUATIONS, () =>
    files.has(CONTINUATIONS) ? signedBySets(readFile(files, CONTINUATIONS, continuationsSchema), approverSets) : [],
  );
  const opened = await findings.tryAsync(CHECKPOINT, async () => {
    const verifier = await parseVerifierKey(pinned.ledger);
    if (verifier.name !== originOf(pinned.installation)) {
      throw new CordonError(
        'checkpoint_invalid',
        `The public root names the ledger ${verifier.name}, which belongs to another installation.`,
      );
    }
    return await openContinued(need(files, CHECKPOINT).toString('utf8'), verifier, known ?? []);
  });
  if (!opened) return null;
  const { checkpoint, path } = opened;
  const entries: LoggedEntry[] = [];
  for (const { index, body, proof, opening } of findings.try(ENTRIES, () => readFile(files, ENTRIES, entriesSchema)) ??
    []) {
    if (index <= (entries.at(-1)?.index ?? -1))
      findings.failed(ENTRIES, `${ENTRIES}: ledger entry ${index} is out of order.`);
    const entry = await findings.tryAsync(ENTRIES, () => checkInclusionIn({ index, body, proof }, checkpoint));
    const particulars = entry && findings.try(ENTRIES, () => particularsOf(entry, opening), `ledger entry ${index}`);
    if (particulars) entries.push({ index, entry, particulars });
  }
  const earlier = await checkGrowth(files, pinned, { checkpoint, known: known ?? [] }, findings);
  checkContinuations(path, { entries, earlier }, findings);
  if (findings.failures === before) {
    findings.proven(
      `${plural(entries.length, 'entry', 'entries')} are proved to be in the ledger of ${plural(checkpoint.size, 'entry', 'entries')} under the checkpoint, which the ledger’s key signed. The ledger begins with each of the ${earlier.length} earlier trees in the pack.`,
    );
  }
  const { origin } = checkpoint;
  findings.unproven(
    `That the ledger still has the name ${origin} of this pack. After a loss of entries, approvers can continue it under a new name. Compare with a newer checkpoint (cordon verify --checkpoint).`,
  );
  return { checkpoint, entries, earlier, continuations: path };
}

/**
 * Checks each continuation: the signed decision by which a ledger that lost entries goes on under a new name. The function checks the
 * entries before the continuation and the ledger entry about it. The signers must have been the approvers at that time.
 */
function checkContinuations(
  path: readonly SignedContinuation[],
  { entries, earlier }: Pick<Logged, 'entries' | 'earlier'>,
  findings: Findings,
): void {
  for (const one of path) {
    const before = findings.failures;
    const { fork, reported, newOrigin, reason, date } = one.document;
    const tree = earlier.find(({ size }) => size === fork.size);
    if (!tree || Buffer.from(tree.root).toString('hex') !== fork.root) {
      const why = `the pack does not prove that the ledger begins with the ${fork.size} entries of the continuation to ${newOrigin}`;
      findings.failed(CONTINUATIONS, `${CONTINUATIONS}: ${why}.`);
    }
    findings.try(CONTINUATIONS, () => {
      requireEntry(one, entries.find(({ index }) => index === fork.size)?.entry);
      const logged = entries.filter(({ index, entry: { kind } }) => index < fork.size && kind === 'approvers.adopted');
      requireSetInForce(
        one,
        logged.map(({ entry }) => loggedSet(entry)),
      );
    });
    if (findings.failures > before) continue;
    const loss =
      reported === null
        ? 'It states no number of lost entries.'
        : `It states that a ledger of ${reported.size} entries had been reported before.`;
    findings.proven(
      `The ledger lost entries. Approvers of set ${one.set.approvers.version} continued the remaining ${fork.size} under the name ${newOrigin} (${date}). ${loss} Reason: ${reason}`,
    );
    findings.unproven(
      `The content of the entries that the ledger lost before ${date}. Keep earlier checkpoints and copies.`,
    );
  }
}

/**
 * Details of a ledger entry, including details that were withheld from the public and that an evidence pack reveals. Throws
 * `proof_invalid`.
 */
function particularsOf(entry: LedgerEntry, opening: Opening | undefined): LedgerEntry['public'] {
  if (opening) return openParticulars(entry, opening);
  if (!withholdsParticulars(entry)) return entry.public;
  throw new CordonError(
    'proof_invalid',
    'its particulars are withheld from the public, and the pack does not reveal them',
  );
}

async function checkGrowth(
  files: PackFiles,
  pinned: PublicRoot,
  { checkpoint: newer, known }: { readonly checkpoint: Checkpoint; readonly known: readonly SignedContinuation[] },
  findings: Findings,
): Promise<Checkpoint[]> {
  const earlier: Checkpoint[] = [];
  const grown = findings.try(GROWTH, () => readFile(files, GROWTH, growthSchema)) ?? [];
  for (const { checkpoint, proof } of grown) {
    const grew = await findings.tryAsync(GROWTH, async () => {
      const { checkpoint: older } = await openContinued(checkpoint, await parseVerifierKey(pinned.ledger), known);
      const [continuation] = pathTo(older.origin, newer.origin, known);
      if (continuation && older.size > continuation.document.fork.size) {
        throw new CordonError(
          'proof_invalid',
          `${GROWTH}: the tree of ${older.size} entries was replaced by a continuation and cannot be an earlier tree.`,
        );
      }
      if (older.size > newer.size) {
        throw new CordonError(
          'proof_invalid',
          `${GROWTH}: the ledger had ${older.size} entries and now has ${newer.size}.`,
        );
      }
      await checkBeginning(proof, older, newer);
      return older;
    });
    if (grew) earlier.push(grew);
  }
  return earlier;
}

const EXECUTED: Readonly<Record<string, string>> = {
  active: 'recorded that the order took effect',
  inactive: 'recorded that the order’s effect ended',
};

export function checkEntries(
  order: string,
  { entries }: Logged,
  files: PackFiles,
  approverSets: readonly ApproverSet[],
  revisions: readonly PackRevision[],
  findings: Findings,
): void {
  const digests = new Set(revisions.map(({ digest }) => digest));
  const approverSetDigests = new Set<unknown>(approverSets.map(({ digest }) => digest));
  const loggedApproverSets = new Set(
    entries.flatMap(({ entry }) => (entry.kind === 'approvers.adopted' ? [entry.public['digest']] : [])),
  );
  for (const { entry, particulars } of entries) {
    const { digest, revision, version } = particulars;
    if (entry.kind.startsWith('order.') && particulars['order'] === order && typeof revision === 'number') {
      const name = numbered('revisions', revision);
      const known = digest === undefined ? files.has(name) : digests.has(String(digest));
      if (!known) findings.failed(name, `${name}: the ledger has an entry of revision ${revision} with another text.`);
    }
    if (entry.kind === 'approvers.adopted' && !approverSetDigests.has(digest)) {
      const name = numbered('approvers', Number(version));
      findings.failed(name, `${name}: the ledger has an entry of approver set ${version}, which the pack lacks.`);
    }
  }
  for (const approverSet of approverSets) {
    const { version } = approverSet.approvers;
    const name = numbered('approvers', version);
    if (!loggedApproverSets.has(approverSet.digest))
      findings.failed(name, `${name}: the ledger has no entry of this approver set.`);
  }
  if (entries.some(({ entry, particulars }) => withholdsParticulars(entry) && particulars['order'] === order)) {
    findings.unproven(
      'That the server did nothing else for this order while it was withheld. Other entries of this kind name no order in public, and only the operator can open them.',
    );
  }
  // The check of the certificate of destruction covers the entries about single devices.
  const executed = entries.filter(
    ({ entry, particulars }) =>
      entry.kind === 'order.executed' && particulars['order'] === order && particulars['destroyed'] === undefined,
  );
  for (const { entry, particulars } of executed) {
    const { state, revision } = particulars;
    const did = EXECUTED[String(state)] ?? 'took an action for the order that this program does not know';
    const how = withholdsParticulars(entry) ? 'recorded it behind a commitment that the pack opens' : 'recorded it';
    findings.proven(
      `The server ${did} (revision ${revision}) at ${new Date(entry.at).toISOString()} by its own clock, and ${how}.`,
    );
  }
}
