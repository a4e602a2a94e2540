import { expect, it } from 'vitest';
import { chatLine, messagingLine, sentLines } from './message-view.ts';
import { ENROLMENT_ENDED } from './messaging/delivery.ts';
import type { MessageView } from './messaging/messaging.ts';

const message = (fate: Partial<MessageView>): MessageView => ({
  ...{ id: 'm', conversation: 'c', from: { person: 'p', name: 'Ada' }, mine: true, at: 0, text: 'the plan' },
  ...{ attachments: [], state: 'sent', order: null, refusal: null, missed: [] },
  ...fate,
});
const full = { code: 'too_large', detail: 'Their mailbox is full.' };
const denied = { code: 'service_denied', detail: 'Delivery is suspended by order 2015-001 (sender).' };

it.each<[string, Partial<MessageView>, string]>([
  ['sent', {}, 'sent'],
  ['refused by an order', { state: 'refused', order: '2015-001', refusal: denied }, 'refused by order 2015-001'],
  [
    'returned because a device was revoked',
    { state: 'returned', refusal: ENROLMENT_ENDED },
    'returned: The enrolment of their device ended before it was fetched: send it again.',
  ],
  ['refused for itself', { state: 'refused', refusal: full }, 'refused: Their mailbox is full.'],
  [
    'refused for one of several',
    {
      ...{ state: 'refused', refusal: full },
      missed: [
        { name: 'Ben', state: 'refused', order: null, refusal: full },
        { name: 'Cleo', state: 'held', order: '2015-001', refusal: denied },
      ],
    },
    'refused; Ben: refused: Their mailbox is full., Cleo: held by order 2015-001',
  ],
])('says of what was %s why', (_name, fate, words) => {
  expect(sentLines(message(fate))).toEqual([words]);
  expect(chatLine(message(fate))).toBe(`1970-01-01T00:00Z  you: the plan (${words})`);
});

it.each(['locked', 'wiped'] as const)('says of a workspace that is %s what opens it', (state) => {
  expect(messagingLine({ state })).toMatch(new RegExp(`^the workspace is ${state}: an admin (can|has to) unlock it`));
});
