/**
 * Last checkpoint of the ledger and its key in this browser, separate from the server, so that a shortened, rewritten or exchanged ledger
 * is detected. The first check must trust the server; every later check verifies.
 */
import { z } from 'zod';

const pinnedSchema = z.object({
  checkpoint: z.string(),
  key: z.string(),
  /** Real times of the first and the last check in this browser. */
  firstAt: z.number(),
  lastAt: z.number(),
  /** Checkpoint from before a loss of entries, under the earlier name of the log. The checkpoint proves the loss. */
  givenUp: z
    .array(
      z.object({
        checkpoint: z.string(),
        key: z.string(),
        at: z.number(),
        /** Number of remaining entries, and whether this browser had seen lost entries. */
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

/** Stored checkpoint; null if the browser has no checkpoint or an unreadable one. */
export function readPinnedCheckpoint(installation: string): PinnedCheckpoint | null {
  const text = localStorage.getItem(nameOf(installation));
  if (text === null) return null;
  try {
    const parsed = pinnedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // Text that another program stored under the same name is ignored.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function pinCheckpoint(installation: string, pinned: PinnedCheckpoint): void {
  localStorage.setItem(nameOf(installation), JSON.stringify(pinned));
}
