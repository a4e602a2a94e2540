/**
 * C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): a signed note that commits the log to one tree. The origin is the
 * log's name and must be the signing key's name too, so that a checkpoint of another installation is never taken for ours.
 */
import { readBase64 } from '../strict-base64.ts';
import { HASH_SIZE } from './proof.ts';
import { invalid, type NoteVerifier, openNote } from './signed-note.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The name of an installation's log. */
export const originOf = (installation: string) => `cordon/${installation}`;

/** Throws `checkpoint_invalid` for a signature, key or origin that is not the verifier's, and for any other form of the text. */
export async function openCheckpoint(note: string, verifier: NoteVerifier): Promise<Checkpoint> {
  const text = await openNote(note, verifier);
  const [origin, size, root, ...rest] = text.split('\n');
  if (origin !== verifier.name) {
    throw invalid(`the checkpoint is of ${JSON.stringify(origin)}, not of ${verifier.name}: it is another log's`);
  }
  // What follows the root are extension lines: signed, and not for us. The last piece is what follows the last newline.
  if (size === undefined || root === undefined || rest.length === 0 || rest.slice(0, -1).includes('')) {
    throw invalid('a checkpoint has an origin, a size and a root, each on its line');
  }
  if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw invalid(`the checkpoint's size is no number of leaves: ${JSON.stringify(size.slice(0, 40))}`);
  }
  const hash = readBase64(root);
  if (hash?.length !== HASH_SIZE) throw invalid('the checkpoint’s root is not the base64 of a SHA-256 hash');
  return { origin, size: Number(size), root: hash };
}
