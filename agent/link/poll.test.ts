import { expect, it } from 'vitest';
import { createPoll } from './poll.ts';

it('a poll says what the device has stored, by which an admin sees that it is well', async () => {
  const asked: string[] = [];
  const poll = createPoll({
    publicUrl: () => 'https://public.example:8444',
    deviceUrl: () => 'wss://device.example:8443',
    http: () => async (url) => {
      asked.push(url.href);
      return { status: 503, headers: {}, body: Buffer.from('') };
    },
    outbox: { receipts: () => [], remove: () => undefined },
    intake: {
      roots: () => undefined,
      list: () => undefined,
      withheld: () => undefined,
      record: () => undefined,
      timeCorrection: () => undefined,
      address: () => undefined,
    },
    versions: () => ({ list: 7, record: 2, root: 1 }),
    documents: { lacking: false, lacks: () => false },
    recollect: async () => true,
    onListSeen: () => undefined,
    onFailure: () => undefined,
  });
  await poll.all();
  expect(asked).toEqual([
    'https://device.example:8443/device/record?list=7&record=2&root=1',
    'https://public.example:8444/orders/list',
    'https://device.example:8443/device/time-correction',
  ]);
});
