import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import type { MailQueueItem } from '../../shared/protocol/mail-http.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import { createMailQueue } from './mail-queue.ts';

function queueOf() {
  const device = newDeviceId();
  const service = new MailService();
  const taken: MailQueueItem[] = [];
  const state = { before: Number.POSITIVE_INFINITY as number | null, fail: (_item: MailQueueItem): void => undefined };
  const queue = createMailQueue({
    client: service.client(device),
    acceptedBefore: () => state.before,
    take: async (item) => {
      state.fail(item);
      taken.push(item);
    },
  });
  const add = (at = 0) =>
    service.add(device, { type: 'event', id: randomUUID(), device, event: 'delivered', denial: null }, at);
  return { device, service, queue, taken, state, add };
}

describe('the queue of mail', () => {
  it('takes all items in sequence, and acknowledges them', async () => {
    const { queue, taken, add, service, device } = queueOf();
    for (let count = 0; count < 120; count += 1) add();
    expect(await queue.fetch()).toBe(120);
    expect(taken.map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
    expect(service.waiting(device)).toBe(0);
    expect(await queue.fetch()).toBe(0);
  });

  it('acknowledges the items before a failed one, and takes the others again later', async () => {
    const { queue, taken, state, add, service, device } = queueOf();
    for (let count = 0; count < 5; count += 1) add();
    state.fail = ({ seq }) => {
      if (seq === 3) throw new CordonError('unavailable', 'the network is down');
    };
    await expect(queue.fetch()).rejects.toMatchObject({ code: 'unavailable' });
    expect(service.waiting(device)).toBe(3);
    state.fail = () => undefined;
    await queue.fetch();
    expect(taken.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes an item again whose acknowledgment was lost', async () => {
    const { queue, taken, add, service } = queueOf();
    add();
    service.before = (request) => {
      if (request === 'received') throw new CordonError('unavailable', 'the network is down');
    };
    await expect(queue.fetch()).rejects.toMatchObject({ code: 'unavailable' });
    service.before = () => undefined;
    await queue.fetch();
    expect(taken.map(({ seq }) => seq)).toEqual([1, 1]);
  });

  it.each([
    ['no order', Number.POSITIVE_INFINITY, 3],
    ['an order that lets earlier mail pass', 20, 2],
    ['an order that lets no mail pass', null, 0],
  ])('with %s, takes only the allowed items', async (_name, before, count) => {
    const { queue, taken, state, add } = queueOf();
    for (const at of [5, 19, 20]) add(at);
    state.before = before;
    await queue.fetch();
    expect(taken).toHaveLength(count);
  });

  it('stops at an order that starts during a fetch', async () => {
    const { queue, taken, state, add, service, device } = queueOf();
    for (let count = 0; count < 4; count += 1) add();
    state.fail = ({ seq }) => {
      if (seq === 2) state.before = null;
    };
    await queue.fetch();
    expect(taken.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(service.waiting(device)).toBe(2);
  });
});
