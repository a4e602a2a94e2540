/** Ledger checkpoint from a file that an auditor has saved. */
import { CordonError } from '../errors.ts';

/** Pattern of a signed note: origin, size and root, optional lines, an empty line, and signatures. */
const NOTE = /cordon\/[A-Za-z0-9_-]+(?:\/[0-9]{14})?\n[0-9]+\n[A-Za-z0-9+/=]+\n(?:[^\n]+\n)*\n(?:— [^\n<]+(?:\n|$))+/;

/** Checkpoint (signed note) in a saved file: either the note alone, or the saved page of an order. Throws `checkpoint_invalid`. */
export function noteIn(saved: string): string {
  const [note] = NOTE.exec(saved.replaceAll('\r\n', '\n')) ?? [];
  if (note === undefined) {
    throw new CordonError(
      'checkpoint_invalid',
      'The file contains no checkpoint. Save the output of "cordon ledger checkpoint" or the checkpoint on /transparency: a line cordon/…, the size, the root and the signature.',
    );
  }
  return note.endsWith('\n') ? note : `${note}\n`;
}

/** Tree size in the second line of the note (C2SP tlog-checkpoint). Throws `checkpoint_invalid`. */
export const treeSizeOf = (saved: string): number => Number(noteIn(saved).split('\n')[1]);
