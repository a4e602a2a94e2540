/** What was logged: the checkpoint under the pinned key, each leaf's way to it, and earlier checkpoints that it grew from. */
import { CordonError } from '../errors.ts';
import { checkBeginning, checkInclusionIn } from '../ledger/check-answer.ts';
import { type Checkpoint, openCheckpoint, originOf } from '../ledger/checkpoint.ts';
import { keepsParticulars, openParticulars } from '../ledger/kept-particulars.ts';
import type { Leaf, Opening } from '../ledger/leaf.ts';
import { parseVerifierKey } from '../ledger/signed-note.ts';
import type { Root } from '../order/approvers.ts';
import { parseDocument } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import { envelopeSchema, type OrderList, orderListSchema, PAYLOAD_TYPES } from '../order/documents.ts';
import { payloadOf } from '../order/dsse.ts';
import { stubsOf } from '../order/verify-list.ts';
import type { PackRevision } from './check-approvals.ts';
import { need, type PackFiles, readFile, signerOf } from './check-files.ts';
import { type Findings, plural } from './findings.ts';
import { CHECKPOINT, GROWTH, growthSchema, LEAVES, leavesSchema, numbered, numberIn } from './format.ts';
import type { PublicRoot } from './public-root.ts';

export interface LoggedLeaf {
  readonly index: number;
  readonly leaf: Leaf;
  /** The public ones, or those that it keeps from the public and the pack opens. */
  readonly particulars: Leaf['public'];
}

export interface Logged {
  readonly checkpoint: Checkpoint;
  /** Those that are proved, in the ledger's order. */
  readonly leaves: readonly LoggedLeaf[];
  /** Those that the checkpoint's tree is proved to begin with. */
  readonly earlier: readonly Checkpoint[];
}

/** Null when there is no checkpoint of this installation's ledger: then nothing is logged. */
export async function checkLedger(files: PackFiles, pinned: PublicRoot, say: Findings): Promise<Logged | null> {
  const before = say.failures;
  const checkpoint = await say.tryAsync(CHECKPOINT, async () => {
    const verifier = await parseVerifierKey(pinned.ledger);
    if (verifier.name !== originOf(pinned.installation)) {
      throw new CordonError(
        'checkpoint_invalid',
        `The public root names the ledger ${verifier.name}: it is another’s.`,
      );
    }
    return await openCheckpoint(need(files, CHECKPOINT).toString('utf8'), verifier);
  });
  if (!checkpoint) return null;
  const leaves: LoggedLeaf[] = [];
  for (const { index, body, proof, opening } of say.try(LEAVES, () => readFile(files, LEAVES, leavesSchema)) ?? []) {
    if (index <= (leaves.at(-1)?.index ?? -1))
      say.failed(LEAVES, `${LEAVES}: leaf ${index} is not in the ledger's order.`);
    const leaf = await say.tryAsync(LEAVES, () => checkInclusionIn({ index, body, proof }, checkpoint));
    const particulars = leaf && say.try(LEAVES, () => particularsOf(leaf, opening), `leaf ${index}`);
    if (particulars) leaves.push({ index, leaf, particulars });
  }
  const earlier = await checkGrowth(files, pinned, checkpoint, say);
  if (say.failures === before) {
    say.proven(
      `${plural(leaves.length, 'leaf', 'leaves')} stand in the ledger of ${plural(checkpoint.size, 'leaf', 'leaves')} that the checkpoint commits to, signed by the ledger’s key; it begins with each of the ${earlier.length} earlier trees that the pack shows.`,
    );
  }
  return { checkpoint, leaves, earlier };
}

/** Throws `proof_invalid`. */
function particularsOf(leaf: Leaf, opening: Opening | undefined): Leaf['public'] {
  if (opening) return openParticulars(leaf, opening);
  if (!keepsParticulars(leaf)) return leaf.public;
  throw new CordonError('proof_invalid', 'it keeps its particulars from the public, and the pack does not open it');
}

async function checkGrowth(
  files: PackFiles,
  pinned: PublicRoot,
  newer: Checkpoint,
  say: Findings,
): Promise<Checkpoint[]> {
  const earlier: Checkpoint[] = [];
  const grown = say.try(GROWTH, () => readFile(files, GROWTH, growthSchema)) ?? [];
  for (const { checkpoint, proof } of grown) {
    const grew = await say.tryAsync(GROWTH, async () => {
      const older = await openCheckpoint(checkpoint, await parseVerifierKey(pinned.ledger));
      if (older.size > newer.size) {
        throw new CordonError(
          'proof_invalid',
          `${GROWTH}: the ledger had ${older.size} leaves and now has ${newer.size}.`,
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
  entered: 'found the order in force',
  left: 'found it in force no more',
};

/** Each leaf about the order speaks of a document that is here. */
export function checkLeaves(
  order: string,
  { leaves }: Logged,
  files: PackFiles,
  roots: readonly Root[],
  revisions: readonly PackRevision[],
  say: Findings,
): void {
  const digests = new Set(revisions.map(({ digest }) => digest));
  const rootDigests = new Set<unknown>(roots.map(({ digest }) => digest));
  const loggedRoots = new Set(
    leaves.flatMap(({ leaf }) => (leaf.kind === 'approvers.adopted' ? [leaf.public['digest']] : [])),
  );
  for (const { leaf, particulars } of leaves) {
    const { digest, revision, version } = particulars;
    if (leaf.kind.startsWith('order.') && particulars['order'] === order && typeof revision === 'number') {
      const name = numbered('revisions', revision);
      const known = digest === undefined ? files.has(name) : digests.has(String(digest));
      if (!known) say.failed(name, `${name}: the ledger speaks of a revision ${revision} of another text.`);
    }
    if (leaf.kind === 'approvers.adopted' && !rootDigests.has(digest)) {
      const name = numbered('approvers', Number(version));
      say.failed(name, `${name}: the ledger speaks of a root ${version} of approvers that is not here.`);
    }
  }
  for (const root of roots) {
    const { version } = root.approvers;
    const name = numbered('approvers', version);
    if (!loggedRoots.has(root.digest)) say.failed(name, `${name}: the ledger has no leaf of this root of approvers.`);
  }
  if (leaves.some(({ leaf, particulars }) => keepsParticulars(leaf) && particulars['order'] === order)) {
    say.unproven(
      'That the server did no more by this order while it was kept from the public than these leaves say: others like them name no order in public, and only the operator can open them.',
    );
  }
  // What became of single devices is the certificate of destruction's to say.
  const executed = leaves.filter(
    ({ leaf, particulars }) =>
      leaf.kind === 'order.executed' && particulars['order'] === order && particulars['destroyed'] === undefined,
  );
  for (const { leaf, particulars } of executed) {
    const { state, revision } = particulars;
    const did = EXECUTED[String(state)] ?? 'did something that this program does not know by the order';
    const how = keepsParticulars(leaf) ? 'logged it behind a commitment that the pack opens' : 'logged it';
    say.proven(
      `The server ${did} (revision ${revision}) at ${new Date(leaf.at).toISOString()} by its own clock, and has ${how}.`,
    );
  }
}

/** The public lists in which revisions first stood: signed, logged, and saying what is here. Gives the first list of each revision. */
export function checkLists(
  files: PackFiles,
  logged: Logged,
  roots: readonly Root[],
  adopted: readonly PackRevision[],
  installation: string,
  say: Findings,
): ReadonlyMap<number, number> {
  const before = say.failures;
  const first = new Map<number, number>();
  const newestFirst = adopted.toReversed();
  const loggedLists = new Set(
    logged.leaves.flatMap(({ leaf }) => (leaf.kind === 'order.list' ? [leaf.public['digest']] : [])),
  );
  const versions = [...files.keys()].flatMap((name) => numberIn('lists', name) ?? []).sort((a, b) => a - b);
  for (const version of versions) {
    const name = numbered('lists', version);
    const list = say.try(name, () => {
      const envelope = readFile(files, name, envelopeSchema);
      const payload = payloadOf(envelope, PAYLOAD_TYPES.list);
      const read = parseDocument(orderListSchema, payload);
      const root = roots.find(({ approvers }) => approvers.version === read.root);
      if (!root || signerOf(envelope, root.onlineKeys) === null) {
        throw new CordonError('signature_invalid', `${name} is not signed by an online key of root ${read.root}.`);
      }
      if (read.installation !== installation || read.version !== version) {
        throw new CordonError('list_other_installation', `${name} is list ${read.version} of ${read.installation}.`);
      }
      const digest = sha256(payload);
      if (!loggedLists.has(digest)) {
        throw new CordonError('proof_invalid', `${name}: the ledger has no leaf of this list.`);
      }
      return read;
    });
    // A list carries older revisions beneath the newest, and tells of that one alone that it first stood there.
    const digests = list && digestsIn(list);
    const newest = digests && newestFirst.find(({ digest }) => digests.has(digest));
    if (newest && !first.has(newest.number)) first.set(newest.number, version);
  }
  for (const { number } of adopted) {
    const version = first.get(number);
    if (version !== undefined) say.proven(`Revision ${number} stood in the public order list from list ${version} on.`);
    else if (say.failures === before) {
      say.unproven(`In which public list revision ${number} first stood: the server no longer keeps that list.`);
    }
  }
  return first;
}

/** The digests of the revisions in a list. Each payload is hashed once. The stub of a non-public order names the digest itself. */
export function digestsIn(list: Pick<OrderList, 'orders'>, hash: typeof sha256 = sha256): ReadonlySet<string> {
  return new Set([
    ...list.orders.map(({ payload }) => hash(Buffer.from(payload, 'base64'))),
    ...stubsOf(list).map(({ digest }) => digest),
  ]);
}
