/**
 * Last verified checkpoint and key of the ledger, as stored in this browser. With them, the browser detects a shortened, rewritten or
 * exchanged ledger. The first check must trust the server.
 */
import { z } from 'zod';

const pinnedSchema = z.object({
  checkpoint: z.string(),
  key: z.string(),
  /** Time at which this browser first verified the ledger, by the system clock. `lastAt`: time of the last verification. */
  firstAt: z.number(),
  lastAt: z.number(),
  /** Checkpoints that the browser stored before the ledger lost entries. Such a checkpoint proves the loss. */
  givenUp: z
    .array(
      z.object({
        checkpoint: z.string(),
        key: z.string(),
        at: z.number(),
        /** Number of entries that the ledger still had after the loss of entries. `lost`: true if this browser had seen lost entries. */
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

export function readPinnedCheckpoint(installation: string): PinnedCheckpoint | null {
  const text = localStorage.getItem(nameOf(installation));
  if (text === null) return null;
  try {
    const parsed = pinnedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // Ignore a stored text that is no checkpoint, because another program may have written it.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function pinCheckpoint(installation: string, pinned: PinnedCheckpoint): void {
  localStorage.setItem(nameOf(installation), JSON.stringify(pinned));
}
