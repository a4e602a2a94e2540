/**
 * Settlement of a mailbox: the effect on waiting mail when orders begin or cease to deny its device `messaging`. The functions are pure. A
 * repeated settlement changes nothing, so a lost settlement can be repeated later. Orders that return waiting mail still hold a commit or
 * welcome (`keep`). A device that misses a commit can no longer read its conversation, even after the order, and no sender can seal the
 * message again.
 */
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import type { DecidingOrder } from './ports.ts';

export type Gate = 'open' | WaitingRule;

export interface Waiting {
  readonly seq: number;
  readonly keep: boolean;
  /** Number of the order that holds the post. */
  readonly heldBy: string | null;
  /** True if the server accepted the post before an order that allows the delivery of earlier mail. */
  readonly due: boolean;
}

export type MessageChange = 'held' | 'released' | 'returned' | 'due' | 'undue';

export interface Settlement {
  readonly gate: Gate;
  /** Changes of posts. A post without a change is absent. */
  readonly turns: readonly { readonly seq: number; readonly turn: MessageChange }[];
}

/** Rank of each gate state by the amount of mail that it holds back. */
const STRICTNESS: Readonly<Record<Gate, number>> = { open: 0, deliver: 1, hold: 2, return: 3 };

export const strictest = (a: WaitingRule, b: Gate): WaitingRule =>
  b !== 'open' && STRICTNESS[b] > STRICTNESS[a] ? b : a;

/** The gate of a suspended device only becomes stricter, because a milder order does not release held mail. */
export function settle(gate: Gate, denial: DecidingOrder | null, waiting: readonly Waiting[]): Settlement {
  const next: Gate = denial ? strictest(denial.rule, gate) : 'open';
  const turns = waiting.flatMap((post) => {
    const turn = turnOf(gate, next, post);
    return turn ? [{ seq: post.seq, turn }] : [];
  });
  return { gate: next, turns };
}

function turnOf(gate: Gate, next: Gate, { keep, heldBy, due }: Waiting): MessageChange | null {
  if (next === 'open') return heldBy !== null ? 'released' : due ? 'undue' : null;
  if (next === 'return' && !keep) return 'returned';
  if (next === 'deliver' && heldBy === null) {
    if (due) return null;
    // The server evaluated the verdict about this mail just before it applied the order. The server had not accepted the mail before the
    // order took effect.
    if (gate === 'open') return 'due';
  }
  return heldBy === null ? 'held' : null;
}
