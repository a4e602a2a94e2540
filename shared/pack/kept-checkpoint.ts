/** A checkpoint of the ledger in a file that somebody keeps. */
import { CordonError } from '../errors.ts';

/** Origin, size and root, perhaps further lines, an empty one, and signatures. */
const NOTE = /cordon\/[A-Za-z0-9_-]+\n[0-9]+\n[A-Za-z0-9+/=]+\n(?:[^\n]+\n)*\n(?:— [^\n<]+(?:\n|$))+/;

/** The note in a file that somebody saved: alone, or in the page of orders. Throws `checkpoint_invalid`. */
export function noteIn(saved: string): string {
  const [note] = NOTE.exec(saved.replaceAll('\r\n', '\n')) ?? [];
  if (note === undefined) {
    throw new CordonError(
      'checkpoint_invalid',
      'There is no checkpoint in it. Save what /transparency or "cordon ledger checkpoint" shows: a line cordon/…, the size, the root, and the signature.',
    );
  }
  return note.endsWith('\n') ? note : `${note}\n`;
}

/** How many leaves its tree has: the note's second line (C2SP tlog-checkpoint). Throws `checkpoint_invalid`. */
export const sizeIn = (saved: string): number => Number(noteIn(saved).split('\n')[1]);
