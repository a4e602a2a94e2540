/**
 * The checkpoint that whoever checks a pack has kept from elsewhere, held against those of the pack: both signed by one ledger, they must be of one tree.
 * A pack proves that only of sizes that it shows; of any other it says what is lacking.
 */
import { CordonError, isCordonError } from '../errors.ts';
import { type Checkpoint, openCheckpoint } from '../ledger/checkpoint.ts';
import { parseVerifierKey } from '../ledger/signed-note.ts';
import type { Logged } from './check-ledger.ts';
import type { Findings } from './findings.ts';
import { CHECKPOINT } from './format.ts';
import { noteIn } from './kept-checkpoint.ts';

/** `consistent`: the pack's ledger begins with it. `not_provable`: the pack has no proof either way. `forked`: two ledgers were shown. */
export type Comparison = 'consistent' | 'not_provable' | 'forked';

const same = (one: Uint8Array, other: Uint8Array) => one.toBase64() === other.toBase64();

/** `key`: of the public root. Throws `checkpoint_invalid` for one of another ledger, or that nobody of this one has signed. */
export async function compareCheckpoint(
  saved: string,
  key: string,
  { checkpoint, earlier }: Logged,
  say: Findings,
): Promise<Comparison> {
  const kept = await opened(noteIn(saved), key);
  const there = `The checkpoint that you have from elsewhere, of ${kept.size} leaves,`;
  const mine = [checkpoint, ...earlier].find(({ size }) => size === kept.size);
  if (mine && !same(mine.root, kept.root)) {
    say.failed(
      CHECKPOINT,
      `${there} and the pack’s of as many are both signed by the ledger’s key and are not of one tree: two ledgers were shown. Keep both files, they prove it.`,
    );
    return 'forked';
  }
  if (mine || kept.size === 0) {
    say.proven(`${there} is of the same ledger: the pack’s begins with it, and nothing before it was changed.`);
    return 'consistent';
  }
  const shown = [...earlier, checkpoint].map(({ size }) => size).join(', ');
  say.unproven(
    `That ${there.replace('The', 'the')} is of the same ledger: the pack shows that its trees of ${shown} leaves are one, and has no proof from yours. Ask for a new pack that is made with your checkpoint (cordon orders pack --checkpoint FILE), or copy the whole ledger (cordon ledger copy).`,
  );
  return 'not_provable';
}

async function opened(note: string, key: string): Promise<Checkpoint> {
  try {
    return await openCheckpoint(note, await parseVerifierKey(key));
  } catch (error) {
    if (!isCordonError(error)) throw error;
    throw new CordonError(
      'checkpoint_invalid',
      `The checkpoint that you gave says nothing of this ledger: ${error.message}. Have it from where this installation shows it (/transparency).`,
      {},
      error,
    );
  }
}
