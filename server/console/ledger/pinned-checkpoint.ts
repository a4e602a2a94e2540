/**
 * Last verified checkpoint of the ledger and its key, stored in this browser. With it, the browser detects a shortened, rewritten or
 * exchanged ledger. The first check must trust the server. Every later check verifies.
 */
import { z } from 'zod';

const pinnedSchema = z.object({
  checkpoint: z.string(),
  key: z.string(),
  /** Real time of the first and of the last check in this browser. */
  firstAt: z.number(),
  lastAt: z.number(),
  /** Checkpoint from before a loss of entries, with the earlier name of the ledger. It proves the loss. */
  givenUp: z
    .array(
      z.object({
        checkpoint: z.string(),
        key: z.string(),
        at: z.number(),
        /** Number of entries that remained, and whether this browser had seen entries that were lost. */
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

/** Reads the stored checkpoint; null if the browser has none or an unreadable one. */
export function readPinnedCheckpoint(installation: string): PinnedCheckpoint | null {
  const text = localStorage.getItem(nameOf(installation));
  if (text === null) return null;
  try {
    const parsed = pinnedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // The stored text is not a checkpoint, for example because another program wrote it. The page ignores it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function pinCheckpoint(installation: string, pinned: PinnedCheckpoint): void {
  localStorage.setItem(nameOf(installation), JSON.stringify(pinned));
}
