/**
 * Settlement of a mailbox: the effect on waiting mail when orders begin or cease to deny its device `messaging`. Pure. A repeated
 * settlement changes nothing, so a lost one can be repeated later. A commit or welcome (`keep`) is held even by an order that returns
 * waiting mail. A device that misses one can no longer read its conversation, even after the order, and nobody can seal the message again.
 */
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import type { DecidingOrder } from './ports.ts';

export type Gate = 'open' | WaitingRule;

export interface Waiting {
  readonly seq: number;
  readonly keep: boolean;
  /** Number of the order that holds the post. */
  readonly heldBy: string | null;
  /** True if the server accepted the post before an order that still lets it through. */
  readonly due: boolean;
}

export type MessageChange = 'held' | 'released' | 'returned' | 'due' | 'undue';

export interface Settlement {
  readonly gate: Gate;
  /** Changes of posts. Posts without a change are absent. */
  readonly turns: readonly { readonly seq: number; readonly turn: MessageChange }[];
}

/** Rank of each gate by how much mail it holds back. */
const STRICTNESS: Readonly<Record<Gate, number>> = { open: 0, deliver: 1, hold: 2, return: 3 };

export const strictest = (a: WaitingRule, b: Gate): WaitingRule =>
  b !== 'open' && STRICTNESS[b] > STRICTNESS[a] ? b : a;

/** The gate of a denied device only becomes stricter, because a milder order does not release held mail. */
export function settle(gate: Gate, shut: DecidingOrder | null, waiting: readonly Waiting[]): Settlement {
  const next: Gate = shut ? strictest(shut.rule, gate) : 'open';
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
    // The verdict about this mail came just before the first use of the order. The server had not accepted the mail before the order took
    // effect.
    if (gate === 'open') return 'due';
  }
  return heldBy === null ? 'held' : null;
}
