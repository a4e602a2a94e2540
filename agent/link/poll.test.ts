import { expect, it } from 'vitest';
import { createPoll } from './poll.ts';

it('sends the stored versions with each poll, so that an admin sees that the device is up to date', async () => {
  const asked: string[] = [];
  const poll = createPoll({
    publicUrl: () => 'https://public.example:8444',
    deviceUrl: () => 'wss://device.example:8443',
    http: () => async (url) => {
      asked.push(url.href);
      return { status: 503, headers: {}, body: Buffer.from('') };
    },
    outbox: { postable: () => [], remove: () => undefined },
    intake: {
      approverSets: () => undefined,
      list: () => undefined,
      withheld: () => undefined,
      record: () => undefined,
      timeCorrection: () => undefined,
      address: () => undefined,
    },
    versions: () => ({ list: 7, record: 2, approverSet: 1 }),
    documents: { lacking: false, lacks: () => false },
    recollect: async () => true,
    onListReceived: () => undefined,
    onFailure: () => undefined,
  });
  await poll.all();
  expect(asked).toEqual([
    'https://device.example:8443/device/record?list=7&record=2&approverSet=1',
    'https://public.example:8444/orders/list',
    'https://device.example:8443/device/time-correction',
  ]);
});
