/**
 * What becomes of what waits in a mailbox when orders begin or cease to deny its device `messaging`. Pure, and the same however often it is
 * asked: the answer to a state that was settled already is that nothing changes, so that a settlement that was lost is made up for later.
 *
 * A commit or a welcome (`keep`) is held even by an order that returns what waits: a device that misses one can read nothing of its
 * conversation any more, also after the order has ended, and sealing it again is in nobody's power.
 */
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import type { Shut } from './ports.ts';

export type Gate = 'open' | WaitingRule;

/** A post that waits. */
export interface Waiting {
  readonly seq: number;
  readonly keep: boolean;
  /** The order that keeps it from the device. */
  readonly heldBy: string | null;
  /** It was accepted before an order that lets it through. */
  readonly due: boolean;
}

export type Turn = 'held' | 'released' | 'returned' | 'due' | 'undue';

export interface Settled {
  readonly gate: Gate;
  /** Whatever is not named stays as it is. */
  readonly turns: readonly { readonly seq: number; readonly turn: Turn }[];
}

/** How much each keeps from the device. */
const STRICTNESS: Readonly<Record<Gate, number>> = { open: 0, deliver: 1, hold: 2, return: 3 };

export const strictest = (a: WaitingRule, b: Gate): WaitingRule =>
  b !== 'open' && STRICTNESS[b] > STRICTNESS[a] ? b : a;

/** While a device is denied its gate only becomes stricter: what one order has held, a milder one does not let through. */
export function settle(gate: Gate, shut: Shut | null, waiting: readonly Waiting[]): Settled {
  const next: Gate = shut ? strictest(shut.rule, gate) : 'open';
  const turns = waiting.flatMap((post) => {
    const turn = turnOf(gate, next, post);
    return turn ? [{ seq: post.seq, turn }] : [];
  });
  return { gate: next, turns };
}

function turnOf(gate: Gate, next: Gate, { keep, heldBy, due }: Waiting): Turn | null {
  if (next === 'open') return heldBy !== null ? 'released' : due ? 'undue' : null;
  if (next === 'return' && !keep) return 'returned';
  if (next === 'deliver' && heldBy === null) {
    if (due) return null;
    // What came after the order had been found to be in force was judged a moment before: it is not what was accepted before the hour.
    if (gate === 'open') return 'due';
  }
  return heldBy === null ? 'held' : null;
}
