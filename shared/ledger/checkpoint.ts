/**
 * Checkpoint of a ledger (C2SP tlog-checkpoint, https://c2sp.org/tlog-checkpoint): a signed note with the size and root hash of one tree.
 * Its origin must equal the name of the signing key, so that no checkpoint of another installation is accepted.
 */
import { readBase64 } from '../strict-base64.ts';
import { HASH_SIZE } from './proof.ts';
import { invalid, type NoteVerifier, openNote } from './signed-note.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Name of an installation's first ledger. A continuation (ADR 39) gives the ledger a new name. */
export const originOf = (installation: string) => `cordon/${installation}`;

/**
 * Ledger name after a continuation at the given time. After a restore, the server's clock is never earlier than the backup, so no name
 * repeats.
 */
export const continuedOrigin = (installation: string, at: number): string =>
  `${originOf(installation)}/${new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)}`;

/**
 * Position of a ledger name among the successive names of one installation's ledger; 0 for the first name. Null for the ledger of another
 * installation.
 */
export function originOrder(installation: string, origin: string): number | null {
  const first = originOf(installation);
  if (origin === first) return 0;
  const digits = origin.startsWith(`${first}/`) ? origin.slice(first.length + 1) : '';
  return /^[0-9]{14}$/.test(digits) ? Number(digits) : null;
}

/** Origin (first line) of a note that is not yet verified. */
export const originIn = (note: string): string => note.slice(0, Math.max(0, note.indexOf('\n')));

/** Verified checkpoint under any ledger name of this installation; all names share one signing key. Throws `checkpoint_invalid`. */
export async function openOwnCheckpoint(
  note: string,
  installation: string,
  publicKey: NoteVerifier['publicKey'],
): Promise<Checkpoint> {
  const name = originIn(note);
  if (originOrder(installation, name) !== null) return await openCheckpoint(note, { name, publicKey });
  throw invalid(
    `The checkpoint belongs to ${JSON.stringify(name.slice(0, 100))}, which is the ledger of another installation.`,
  );
}

/** Verified checkpoint under exactly the given name and key. Throws `checkpoint_invalid`. */
export async function openCheckpoint(note: string, verifier: NoteVerifier): Promise<Checkpoint> {
  const checkpoint = readCheckpoint(await openNote(note, verifier));
  if (checkpoint.origin !== verifier.name) {
    throw invalid(
      `The checkpoint belongs to ${JSON.stringify(checkpoint.origin)}, not to ${verifier.name}: it belongs to another ledger.`,
    );
  }
  return checkpoint;
}

/** Checkpoint in the text of a note. Verifies no signature. Throws `checkpoint_invalid`. */
export function readCheckpoint(text: string): Checkpoint {
  const [origin = '', size, root, ...rest] = text.split('\n');
  // Lines after the root hash are extension lines, which the parser ignores. The last element is the text after the last newline.
  if (
    origin === '' ||
    size === undefined ||
    root === undefined ||
    rest.length === 0 ||
    rest.slice(0, -1).includes('')
  ) {
    throw invalid('The checkpoint lacks one of its first three lines: origin, size and root hash.');
  }
  if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw invalid(`The checkpoint’s size is not a number of entries: ${JSON.stringify(size.slice(0, 40))}.`);
  }
  const hash = readBase64(root);
  if (hash?.length !== HASH_SIZE) throw invalid('The checkpoint’s root hash is not a SHA-256 hash in base64.');
  return { origin, size: Number(size), root: hash };
}
