/**
 * Comparison of the auditor's earlier checkpoint with an evidence pack. Both must belong to one ledger history. The pack can prove this
 * only for the ledger sizes that it contains.
 */
import { CordonError, isCordonError } from '../errors.ts';
import { type Checkpoint, openOwnCheckpoint, originOrder } from '../ledger/checkpoint.ts';
import { continuationOf } from '../ledger/continuation.ts';
import { parseVerifierKey } from '../ledger/signed-note.ts';
import type { Findings } from './findings.ts';
import { CHECKPOINT } from './format.ts';
import type { Logged } from './pack-content.ts';
import type { PublicRoot } from './public-root.ts';
import { noteIn } from './saved-checkpoint.ts';

/**
 * Result of the comparison of an auditor's checkpoint with an evidence pack (file for auditors).
 * - `consistent`: the pack's ledger contains the entries of the checkpoint unchanged.
 * - `not_provable`: the pack does not prove whether its ledger contains these entries.
 * - `forked`: two different ledgers exist.
 * - `entries_lost`: the ledger lost entries of the checkpoint, and approvers continued the ledger without them.
 * - `older_pack`: after the pack was made, the ledger continued under a new name.
 */
export type Comparison = 'consistent' | 'not_provable' | 'forked' | 'entries_lost' | 'older_pack';

const same = (one: Uint8Array, other: Uint8Array) => one.toBase64() === other.toBase64();

/**
 * Compares the auditor's checkpoint with the ledger in an evidence pack. Throws `checkpoint_invalid` for a checkpoint of another ledger or
 * without a valid signature.
 */
export async function compareCheckpoint(
  saved: string,
  pinned: PublicRoot,
  { checkpoint, earlier, continuations }: Logged,
  findings: Findings,
): Promise<Comparison> {
  const savedCheckpoint = await opened(noteIn(saved), pinned);
  const yours = `Your checkpoint of ${savedCheckpoint.size} entries`;
  const order = ({ origin }: Checkpoint) => originOrder(pinned.installation, origin) ?? 0;
  if (order(savedCheckpoint) > order(checkpoint)) {
    findings.unproven(
      `That the ledger still has this pack’s entries. The pack was made under the name ${checkpoint.origin}. ${yours} belongs to ${savedCheckpoint.origin}, under which approvers continued the ledger after a loss of entries. Ask for a new pack (cordon orders pack).`,
    );
    return 'older_pack';
  }
  const next = continuationOf(
    savedCheckpoint.origin,
    continuations.map(({ document }) => document),
  );
  if (next && next.fork.size < savedCheckpoint.size) {
    const stated = next.reported !== null && savedCheckpoint.size <= next.reported.size;
    findings.unproven(
      `${yours} has entries that the ledger lost. Approvers continued it with ${next.fork.size} entries, and the document ${stated ? 'states this loss' : 'does not state a loss of this size'}. Keep your checkpoint: it proves that the entries were published.`,
    );
    return 'entries_lost';
  }
  const mine = [checkpoint, ...earlier].find(({ size }) => size === savedCheckpoint.size);
  if (mine && !same(mine.root, savedCheckpoint.root)) {
    findings.failed(
      CHECKPOINT,
      `${yours} and the pack’s checkpoint of the same size are both signed by the ledger’s key, but their trees differ: two different ledgers exist. Keep both files as proof.`,
    );
    return 'forked';
  }
  if (mine || savedCheckpoint.size === 0) {
    findings.proven(`${yours} belongs to the same ledger: the pack’s ledger begins with its entries, unchanged.`);
    return 'consistent';
  }
  const shown = [...earlier, checkpoint].map(({ size }) => size).join(', ');
  findings.unproven(
    `That ${yours.replace('Your', 'your')} belongs to the same ledger. The pack proves that its trees of ${shown} entries are one ledger, and has no proof for yours. Ask for a new pack that is made with your checkpoint (cordon orders pack --checkpoint FILE), or copy the whole ledger (cordon ledger copy).`,
  );
  return 'not_provable';
}

async function opened(note: string, { ledger, installation }: PublicRoot): Promise<Checkpoint> {
  try {
    return await openOwnCheckpoint(note, installation, (await parseVerifierKey(ledger)).publicKey);
  } catch (error) {
    if (!isCordonError(error)) throw error;
    throw new CordonError(
      'checkpoint_invalid',
      `Your checkpoint does not belong to this ledger: ${error.message}. Get it from this installation’s /transparency page.`,
      {},
      error,
    );
  }
}
