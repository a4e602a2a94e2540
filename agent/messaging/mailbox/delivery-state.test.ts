import { describe, expect, it } from 'vitest';
import type { MessageState } from '../messaging.ts';
import { deliveryOf, type Recipient, withDeliveryState } from './delivery-state.ts';

const recipient = (person: string, state: MessageState, order: string | null = null): Recipient => ({
  device: `dev_${person}`,
  person,
  name: person,
  state,
  order,
  refusal: null,
});

describe('the delivery state of a message', () => {
  it.each<[string, Recipient[], MessageState, string[]]>([
    ['is “sent” without recipients except the sender’s own devices', [], 'sent', []],
    [
      'is “delivered” when only one of two people has read the message',
      [recipient('amina', 'read'), recipient('bilal', 'delivered')],
      'delivered',
      [],
    ],
    [
      'is “sent” when one of a person’s devices has the message',
      [recipient('amina', 'refused'), recipient('amina', 'sent')],
      'sent',
      [],
    ],
    [
      'is “held” when it is held for one person',
      [recipient('amina', 'read'), recipient('bilal', 'held')],
      'held',
      ['bilal'],
    ],
    [
      'is “refused” when one person’s message was refused',
      [recipient('amina', 'held'), recipient('bilal', 'refused')],
      'refused',
      ['amina', 'bilal'],
    ],
    [
      'is “expired” when it has expired for one person',
      [recipient('amina', 'read'), recipient('bilal', 'expired')],
      'expired',
      ['bilal'],
    ],
  ])('%s', (_name, recipients, state, missed) => {
    const outcome = deliveryOf(recipients);
    expect(outcome.state).toBe(state);
    expect(outcome.missed.map(({ name }) => name)).toEqual(missed);
  });

  it.each<[MessageState, MessageState, MessageState]>([
    ['waiting', 'sent', 'sent'],
    ['sent', 'held', 'held'],
    ['held', 'sent', 'sent'],
    ['held', 'returned', 'returned'],
    ['sent', 'expired', 'expired'],
    ['delivered', 'sent', 'delivered'],
    ['read', 'delivered', 'read'],
    ['read', 'expired', 'read'],
    ['expired', 'delivered', 'delivered'],
  ])('is, after %s and then %s: %s', (before, word, after) => {
    expect(withDeliveryState(recipient('amina', before), word, null).state).toBe(after);
  });

  it('names the order, or the reason for another refusal', () => {
    const held = withDeliveryState(recipient('amina', 'waiting'), 'held', '2015-001');
    expect(deliveryOf([held])).toEqual({
      state: 'held',
      order: '2015-001',
      refusal: null,
      missed: [{ name: 'amina', state: 'held', order: '2015-001', refusal: null }],
    });
    expect(withDeliveryState(held, 'sent', null).order).toBeNull();
    const full = { code: 'too_large', detail: 'Their mailbox is full.' };
    const refused = withDeliveryState(recipient('amina', 'waiting'), 'refused', null, full);
    expect(deliveryOf([refused])).toMatchObject({ state: 'refused', refusal: full, missed: [{ refusal: full }] });
    expect(withDeliveryState(refused, 'delivered', null).refusal).toBeNull();
  });
});
