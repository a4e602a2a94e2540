/**
 * What this browser saw of the ledger last: the checkpoint and the key that signed it, kept apart from the server, so that a ledger that was cut short,
 * rewritten or swapped is noticed here. The first look has to believe; every later one checks.
 */
import { z } from 'zod';

const pinnedSchema = z.object({
  checkpoint: z.string(),
  key: z.string(),
  /** Real time. */
  firstAt: z.number(),
  lastAt: z.number(),
});
export type Pinned = z.infer<typeof pinnedSchema>;

const nameOf = (installation: string) => `cordon-ledger-${installation}`;

/** Null when there is none, or what is kept is not readable. */
export function readPinned(installation: string): Pinned | null {
  const text = localStorage.getItem(nameOf(installation));
  if (text === null) return null;
  try {
    const parsed = pinnedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    // Somebody else's text under our name: as good as none.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function keepPinned(installation: string, pinned: Pinned): void {
  localStorage.setItem(nameOf(installation), JSON.stringify(pinned));
}
