import type { MessageState, MessageView, Refusal } from '../messaging.ts';

export interface Recipient {
  readonly device: string;
  readonly person: string;
  readonly name: string;
  readonly state: MessageState;
  readonly order: string | null;
  readonly refusal: Refusal | null;
}

/** Reason why a message was returned although no order suspends messaging: the recipient's device was revoked or enrolled again. */
export const ENROLLMENT_ENDED: Refusal = {
  code: 'device_unknown',
  detail: 'The enrollment of the recipient’s device ended before the message was delivered. Send the message again.',
};

/** Delivery states of a message at one device, ordered by progress: first the failures, then the states on the way to the recipient. */
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

/**
 * A statement of the server or the recipient updates the delivery state. A message that was delivered or read cannot return to an earlier
 * state.
 */
export function withDeliveryState(
  recipient: Recipient,
  state: MessageState,
  order: string | null,
  refusal: Refusal | null = null,
): Recipient {
  const hasMessage = progress(recipient.state) >= progress('delivered');
  if (hasMessage && progress(state) <= progress(recipient.state)) return recipient;
  return { ...recipient, state, order, refusal };
}

/**
 * Delivery state that the user sees. For one person, the device with the most progress decides. Among several people, the person with the
 * least progress decides.
 */
export function deliveryOf(
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
