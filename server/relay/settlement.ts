/**
 * Settlement of a mailbox: changes waiting mail when orders start or stop denying the device the service `messaging`. The functions are
 * pure. A repeated settlement changes nothing, so a lost settlement can be repeated later.
 *
 * If an order returns waiting mail, commits and welcomes (`keep`) are held instead. A device that misses a commit could not read its
 * conversation after the order ends, and no sender can seal the message again.
 */
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import type { DecidingOrder } from './ports.ts';

export type Gate = 'open' | WaitingRule;

export interface Waiting {
  readonly seq: number;
  readonly keep: boolean;
  readonly heldBy: string | null;
  /**
   * True if the server accepted the message before an order suspended messaging, and the order allows the delivery of such earlier
   * messages.
   */
  readonly deliverable: boolean;
}

export type MessageChange = 'held' | 'released' | 'returned' | 'deliverable' | 'undeliverable';

export interface Settlement {
  readonly gate: Gate;
  readonly changes: readonly { readonly seq: number; readonly change: MessageChange }[];
}

/** Strictness of the gate of a mailbox (control that delivers, holds or returns mail). A gate with a higher number delivers less mail. */
const STRICTNESS: Readonly<Record<Gate, number>> = { open: 0, deliver: 1, hold: 2, return: 3 };

export const strictest = (a: WaitingRule, b: Gate): WaitingRule =>
  b !== 'open' && STRICTNESS[b] > STRICTNESS[a] ? b : a;

/**
 * Computes what happens to the messages in a mailbox. `gate`: current rule for these messages (deliver, hold or return). While any order
 * suspends messaging, this rule can only become stricter. Otherwise an order with a milder rule could release held messages.
 */
export function settle(gate: Gate, denial: DecidingOrder | null, waiting: readonly Waiting[]): Settlement {
  const next: Gate = denial ? strictest(denial.rule, gate) : 'open';
  const changes = waiting.flatMap((post) => {
    const change = changeOf(gate, next, post);
    return change ? [{ seq: post.seq, change }] : [];
  });
  return { gate: next, changes };
}

function changeOf(gate: Gate, next: Gate, { keep, heldBy, deliverable }: Waiting): MessageChange | null {
  if (next === 'open') return heldBy !== null ? 'released' : deliverable ? 'undeliverable' : null;
  if (next === 'return' && !keep) return 'returned';
  if (next === 'deliver' && heldBy === null) {
    if (deliverable) return null;
    // If the gate was open when the message arrived, no order suspended messaging yet, so the server delivers the message. Otherwise, the
    // server holds the message.
    if (gate === 'open') return 'deliverable';
  }
  return heldBy === null ? 'held' : null;
}
