import { expect, it } from 'vitest';
import { chatLine, messagingLine, sentLines } from './message-view.ts';
import { ENROLLMENT_ENDED } from './messaging/mailbox/delivery-state.ts';
import type { MessageView } from './messaging/messaging.ts';

const message = (fields: Partial<MessageView>): MessageView => ({
  id: 'm',
  conversation: 'c',
  from: { person: 'p', name: 'Ada' },
  mine: true,
  at: 0,
  text: 'the plan',
  attachments: [],
  state: 'sent',
  order: null,
  refusal: null,
  missed: [],
  ...fields,
});
const full = { code: 'too_large', detail: 'Their mailbox is full.' };
const denied = { code: 'service_denied', detail: 'Delivery is suspended by order 2015-001 (sender).' };

it.each<[string, Partial<MessageView>, string]>([
  ['sent', {}, 'sent'],
  ['refused by an order', { state: 'refused', order: '2015-001', refusal: denied }, 'refused by order 2015-001'],
  [
    'returned because a device was revoked',
    { state: 'returned', refusal: ENROLLMENT_ENDED },
    'returned: The enrollment of the recipient’s device ended before the message was delivered. Send the message again.',
  ],
  ['refused for itself', { state: 'refused', refusal: full }, 'refused: Their mailbox is full.'],
  [
    'refused for one of several',
    {
      state: 'refused',
      refusal: full,
      missed: [
        { name: 'Ben', state: 'refused', order: null, refusal: full },
        { name: 'Cleo', state: 'held', order: '2015-001', refusal: denied },
      ],
    },
    'refused; Ben: refused: Their mailbox is full., Cleo: held by order 2015-001',
  ],
])('explains a message that was %s', (_name, fields, words) => {
  expect(sentLines(message(fields))).toEqual([words]);
  expect(chatLine(message(fields))).toBe(`1970-01-01T00:00Z  you: the plan (${words})`);
});

it.each(['locked', 'wiped'] as const)('explains how a %s workspace is opened', (state) => {
  expect(messagingLine({ state })).toMatch(new RegExp(`^the workspace is ${state}; your admin (can|must) unlock it`));
});
