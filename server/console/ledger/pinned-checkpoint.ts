/**
 * Last verified checkpoint of the ledger and its key, which this browser stores. The browser thus detects a shortened, rewritten or
 * exchanged ledger. The first check has nothing to compare with and must trust the server. Every later check compares the ledger with the
 * stored checkpoint.
 */
import { z } from 'zod';

const pinnedSchema = z.object({
  checkpoint: z.string(),
  key: z.string(),
  /** Time of the first check in this browser, by the system clock. `lastAt`: time of the last check. */
  firstAt: z.number(),
  lastAt: z.number(),
  /** Checkpoints from before each loss of entries, with the name that the ledger then had. Such a checkpoint proves the loss. */
  givenUp: z
    .array(
      z.object({
        checkpoint: z.string(),
        key: z.string(),
        at: z.number(),
        /** Number of entries that the ledger still had after the loss. `lost`: true if this browser had seen entries that were lost. */
        remained: z.number(),
        lost: z.boolean(),
        reason: z.string(),
      }),
    )
    .default([]),
});
export type PinnedCheckpoint = z.infer<typeof pinnedSchema>;

export const MOST_CONTINUATIONS = 16;

const nameOf = (installation: string) => `cordon-ledger-${installation}`;

/** Reads the stored checkpoint. Null if the browser has no checkpoint, or if the stored text is unreadable. */
export function readPinnedCheckpoint(installation: string): PinnedCheckpoint | null {
  const text = localStorage.getItem(nameOf(installation));
  if (text === null) return null;
  try {
    const parsed = pinnedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // Ignore a stored text that is no checkpoint. Another program may have written it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function pinCheckpoint(installation: string, pinned: PinnedCheckpoint): void {
  localStorage.setItem(nameOf(installation), JSON.stringify(pinned));
}
