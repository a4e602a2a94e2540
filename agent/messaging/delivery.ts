/** What has become of a message, folded from what each recipient's devices have said and what the server said of them. Decides; keeps nothing. */
import type { MessageState, MessageView, Refusal } from './messaging.ts';

/** One device that a message was sealed for. */
export interface Recipient {
  readonly device: string;
  readonly person: string;
  readonly name: string;
  readonly state: MessageState;
  /** Because of it. */
  readonly order: string | null;
  readonly refusal: Refusal | null;
}

/** Why a message came back that no order has sent back: its device was revoked or enrolled anew. */
export const ENROLMENT_ENDED: Refusal = {
  code: 'device_unknown',
  detail: 'The enrolment of their device ended before it was fetched: send it again.',
};

/** How far a message has come at one device; what went wrong comes before what goes well. */
const PROGRESS: readonly MessageState[] = [
  'refused',
  'returned',
  'expired',
  'waiting',
  'held',
  'sent',
  'delivered',
  'read',
];
const progress = (state: MessageState): number => PROGRESS.indexOf(state);
const FAILED = progress('waiting');

/** A word about one device. Who has opened a message has it, whatever is said of it later; nothing is unread again. */
export function heard(
  recipient: Recipient,
  state: MessageState,
  order: string | null,
  refusal: Refusal | null = null,
): Recipient {
  const opened = progress(recipient.state) >= progress('delivered');
  if (opened && progress(state) <= progress(recipient.state)) return recipient;
  return { ...recipient, state, order, refusal };
}

/** A person has it when one of their devices has. The message has come as far as it has with the person whom it has brought least. */
export function outcomeOf(
  recipients: readonly Recipient[],
): Pick<MessageView, 'state' | 'order' | 'refusal' | 'missed'> {
  const people = new Map<string, Recipient>();
  for (const recipient of recipients) {
    const best = people.get(recipient.person);
    if (!best || progress(recipient.state) > progress(best.state)) people.set(recipient.person, recipient);
  }
  const [least] = [...people.values()].sort((a, b) => progress(a.state) - progress(b.state));
  if (!least) return { state: 'sent', order: null, refusal: null, missed: [] };
  const missed = [...people.values()].filter(({ state }) => progress(state) < FAILED || state === 'held');
  return {
    state: least.state,
    order: least.order,
    refusal: least.refusal,
    missed: missed.map(({ name, state, order, refusal }) => ({ name, state, order, refusal })),
  };
}
