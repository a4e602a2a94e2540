/**
 * Verification of a downloaded ledger copy with a verifier key. Every entry is read and every hash computed again. No network is needed, so
 * the verification can be repeated years later.
 */
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import {
  type ContinuationsFile,
  continuationsFileSchema,
  type LoggedSet,
  loggedSet,
  openContinued,
  pathTo,
  readContinuations,
  requireEntry,
  requireSetInForce,
  type SignedContinuation,
} from './check-continuations.ts';
import type { Checkpoint } from './checkpoint.ts';
import { requireCosignatures, type WitnessPolicy } from './cosignature.ts';
import { type EntryKind, entrySchema, type LedgerEntry } from './ledger-entry.ts';
import { GrowingTree, leafHash } from './merkle.ts';
import { HASH_SIZE } from './proof.ts';
import { type NoteVerifier, parseVerifierKey } from './signed-note.ts';
import { decodeBundle, TILE_WIDTH, tilePath, tilesOf } from './tiles.ts';

/** Reader of the ledger copy's files. Receives a path below `/ledger/`, and returns null for a missing file. */
export type CopyReader = (path: string) => Promise<Buffer | null>;

export const CHECKPOINT = 'checkpoint';
/** Checkpoint of an earlier copy. The verified copy must contain all entries of the earlier copy unchanged. */
export const PREVIOUS_CHECKPOINT = 'checkpoint.previous';
export const KEY = 'key';
/** File with approver sets and continuations, needed if the ledger goes on under a new name after a loss of entries. */
export const CONTINUATIONS = 'continuations';

export interface VerifiedCopy {
  readonly checkpoint: Checkpoint;
  readonly verifier: NoteVerifier;
  /** Size of the earlier ledger that the copy contains unchanged; null without an earlier checkpoint. */
  readonly extends: number | null;
  readonly entries: ReadonlyMap<EntryKind, number>;
  /**
   * Signed decisions by which the ledger got new names after it lost entries. They lead from the name in the verifier key to the name in
   * the checkpoint. Empty if both names are equal.
   */
  readonly continuations: readonly SignedContinuation[];
}

async function need(read: CopyReader, path: string): Promise<Buffer> {
  const file = await read(path);
  if (!file) throw new CordonError('not_found', `The copy lacks ${path}. Copy the ledger again.`);
  return file;
}

/**
 * Verifies a ledger copy. Throws `checkpoint_invalid` or `proof_invalid` with the file's name. Without `pinned`, the key in the copy is
 * used, and the verification proves only that the copy is consistent. Throws `ledger_not_cosigned` if witnesses are given and too few of them
 * cosigned the checkpoint.
 */
export async function verifyLedgerCopy(
  read: CopyReader,
  options: {
    readonly pinned?: string;
    /** Witnesses that must have cosigned the checkpoint. */
    readonly witnesses?: WitnessPolicy | undefined;
    readonly onEntry?: (index: number, entry: LedgerEntry) => void;
  } = {},
): Promise<VerifiedCopy> {
  const verifier = await parseVerifierKey(options.pinned ?? (await need(read, KEY)).toString('utf8'));
  const file = await read(CONTINUATIONS);
  const known = file ? readContinuations(parseContinuationsFile(file)) : [];
  const note = (await need(read, CHECKPOINT)).toString('utf8');
  const { checkpoint, path } = await openContinued(note, verifier, known);
  if (options.witnesses) await requireCosignatures(note, options.witnesses);
  const earlierNote = await read(PREVIOUS_CHECKPOINT);
  const earlier = earlierNote && (await openEarlier(earlierNote.toString('utf8'), verifier, checkpoint, known));
  if (earlier && earlier.size > checkpoint.size) {
    const detail = `The ledger had ${earlier.size} entries and now has ${checkpoint.size}: it was cut short or restored.`;
    throw new CordonError('proof_invalid', detail);
  }

  const tree = await GrowingTree.open(0, async () => []);
  /** Computed hashes of the levels that tiles store, for comparison with the tiles. */
  const rows = new Map<number, Buffer[]>();
  const entries = new Map<EntryKind, number>();
  const sets: LoggedSet[] = [];
  /**
   * Checks the continuations (signed decisions that the ledger goes on under a new name) directly before `entry`. Each must match all
   * earlier ledger entries, and `entry` must contain the digest of the continuation.
   */
  const checkContinued = (entry: LedgerEntry) => {
    for (const one of path) {
      const { size, root } = one.document.fork;
      if (size !== tree.size) continue;
      if (tree.root().toString('hex') !== root) {
        const detail = `The ledger’s first ${size} entries differ from the tree in the continuation to ${one.document.newOrigin}.`;
        throw new CordonError('proof_invalid', detail);
      }
      requireEntry(one, entry);
      requireSetInForce(one, sets);
    }
    if (entry.kind === 'approvers.adopted') sets.push(loggedSet(entry));
  };
  const checkEarlier = () => {
    if (earlier?.size === tree.size && !tree.root().equals(earlier.root)) {
      const detail = `The ledger’s first ${earlier.size} entries differ from the tree of ${PREVIOUS_CHECKPOINT}: it forked.`;
      throw new CordonError('proof_invalid', detail);
    }
  };
  checkEarlier();
  for (const tile of tilesOf(checkpoint.size)) {
    if (tile.level !== 'entries') continue;
    for (const body of decodeBundle(await need(read, tilePath(tile)), tile.width)) {
      const entry = readEntry(body, tree.size);
      options.onEntry?.(tree.size, entry);
      checkContinued(entry);
      entries.set(entry.kind, (entries.get(entry.kind) ?? 0) + 1);
      for (const { node, hash } of tree.append(leafHash(body))) {
        if (node.level % 8 !== 0) continue;
        const row = rows.get(node.level / 8) ?? [];
        rows.set(node.level / 8, row);
        row.push(hash);
      }
      checkEarlier();
    }
  }
  for (const { document } of path) {
    if (document.fork.size < tree.size) continue;
    throw new CordonError('proof_invalid', `The ledger has no entry of the continuation to ${document.newOrigin}.`);
  }
  if (!tree.root().equals(checkpoint.root)) {
    throw new CordonError('proof_invalid', 'The root hash of the entries differs from the checkpoint’s.');
  }
  for (const tile of tilesOf(checkpoint.size)) {
    if (tile.level === 'entries') continue;
    const start = tile.number * TILE_WIDTH;
    const expected = Buffer.concat((rows.get(tile.level) ?? []).slice(start, start + tile.width));
    const given = await need(read, tilePath(tile));
    if (given.length !== tile.width * HASH_SIZE || !given.equals(expected)) {
      throw new CordonError('proof_invalid', `${tilePath(tile)} does not contain the hashes of the entries below it.`);
    }
  }
  return { checkpoint, verifier, extends: earlier?.size ?? null, entries, continuations: path };
}

export function parseContinuationsFile(file: Buffer): ContinuationsFile {
  let value: unknown;
  try {
    value = JSON.parse(file.toString('utf8'));
  } catch (cause) {
    throw new CordonError('checkpoint_invalid', `${CONTINUATIONS} is not JSON. Copy the ledger again.`, {}, cause);
  }
  const parsed = continuationsFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CordonError('checkpoint_invalid', `${CONTINUATIONS} has another format.`, {}, parsed.error);
}

/**
 * Verifies the checkpoint of an earlier ledger copy. Throws `ledger_forked` if the earlier copy contains entries that the ledger later
 * lost.
 */
async function openEarlier(
  note: string,
  verifier: NoteVerifier,
  newer: Checkpoint,
  known: readonly SignedContinuation[],
): Promise<Checkpoint> {
  const { checkpoint } = await openContinued(note, verifier, known);
  const [continuation] = pathTo(checkpoint.origin, newer.origin, known);
  if (continuation && checkpoint.size > continuation.document.fork.size)
    throw entriesLost(checkpoint.size, continuation.document.fork.size);
  return checkpoint;
}

export const entriesLost = (size: number, remaining: number): CordonError =>
  new CordonError(
    'ledger_forked',
    `The copy has ${size} entries. The ledger lost entries and continues with ${remaining} of them (see ADR 39). Keep this folder: it proves which entries were lost. Copy the continued ledger into another folder.`,
    { size, remaining },
  );

function readEntry(entry: Buffer, index: number): LedgerEntry {
  try {
    return parseDocument(entrySchema, entry);
  } catch (error) {
    throw new CordonError('proof_invalid', `Entry ${index} has another format.`, { index }, error);
  }
}
