/** The messaging engine while an order suspends messaging, and messages that the server returns because of an order. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MessagingWorld } from '../../tests/support/messaging-world.ts';
import { eventually, onlineIn, say, stateOf, texts } from '../../tests/support/talking-devices.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);
const all = (...names: string[]) => Promise.all(names.map(online));

describe('an order', () => {
  it('closes the device’s own gate: the device sends and opens nothing, and stored messages stay readable', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'before');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before']));
    ben!.gate = { order: '2015-001' };
    ben!.messaging.wake();
    await say(ada!, conversation, 'during');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(texts(ben!, conversation)).toEqual(['before']);
    expect(ben!.messaging.state()).toEqual({ state: 'denied', orders: ['2015-001'] });
    await expect(say(ben!, conversation, 'no')).rejects.toMatchObject({
      code: 'service_denied',
      message: expect.stringMatching(/2015-001.*Appeal to: the desk/s),
    });
    expect((await Array.fromAsync(ben!.messaging.export())).join('\n')).toContain('before');
    ben!.gate = null;
    ben!.messaging.wake();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before', 'during']));
  });

  it('delivers messages from before the closing of the gate if the order allows it, and sends none', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    ben!.disconnect();
    const before = await say(ada!, conversation, 'before');
    await eventually(() => expect(stateOf(ada!, conversation, before)).toBe('sent'));
    await pause(5);
    ben!.gate = { order: '2015-001', waiting: 'deliver', since: Date.now() };
    await pause(5);
    // This dishonest server delivers the message although the order forbids it.
    const after = await say(ada!, conversation, 'after');
    await eventually(() => expect(stateOf(ada!, conversation, after)).toBe('sent'));
    const posted = () => world.posts.filter(({ from }) => from === ben!.id).length;
    const posts = posted();
    ben!.connect();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before']));
    await ben!.messaging.read(conversation, [before]);
    await ben!.messaging.maintain();
    await pause(100);
    expect([texts(ben!, conversation), posted()]).toEqual([['before'], posts]);
    await expect(say(ben!, conversation, 'no')).rejects.toMatchObject({ code: 'service_denied' });
    ben!.gate = null;
    ben!.messaging.wake();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before', 'after']));
    await eventually(() => expect(stateOf(ada!, conversation, before)).toBe('read'));
    await eventually(() => expect(stateOf(ada!, conversation, after)).toBe('delivered'));
  });

  it('sends a title again after an order returned it', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Lunch' });
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Lunch' }]));
    const posts = world.posts.length;
    world.tamper = (to, item) => (to === ben!.id && item.type === 'post' ? null : item);
    await ada!.messaging.rename(conversation, 'Dinner');
    await eventually(() => expect(world.posts.length).toBe(posts + 1));
    world.tamper = (_to, item) => item;
    const returned = { status: 'returned', order: '2015-003', at: 1 } as const;
    world.deliver(ada!.id, { type: 'delivery-report', id: world.posts.at(-1)!.id, device: ben!.id, ...returned });
    await eventually(() => expect(world.posts.length).toBe(posts + 1));
    ada!.disconnect();
    ada!.connect();
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Dinner' }]));
  });

  it('marks only commits and welcomes as never returned', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'hello');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['hello']));
    await eventually(() => expect(world.posts.length).toBeGreaterThanOrEqual(4));
    // The four posts are a welcome, a description, a text and a receipt.
    expect(world.posts.map(({ keep }) => keep)).toEqual([true, false, false, false]);
  });

  it('is named in the server’s refusal, and held, released and returned messages have that state', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
    world.denied.set(ada!.id, '2015-002');
    const refused = await say(ada!, conversation, 'no way');
    await eventually(() =>
      expect(ada!.messaging.message(refused)).toMatchObject({ state: 'refused', order: '2015-002' }),
    );
    world.denied.delete(ada!.id);
    ben!.disconnect();
    const id = await say(ada!, conversation, 'later');
    await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('sent'));
    const report = (status: 'held' | 'released' | 'returned', at: number) =>
      world.deliver(ada!.id, { type: 'delivery-report', id, device: ben!.id, status, order: '2015-003', at });
    report('held', 1);
    await eventually(() =>
      expect(ada!.messaging.message(id)).toMatchObject({
        state: 'held',
        order: '2015-003',
        missed: [{ name: 'Ben', state: 'held', order: '2015-003' }],
      }),
    );
    report('released', 2);
    await eventually(() =>
      expect(ada!.messaging.message(id)).toMatchObject({ state: 'sent', order: null, missed: [] }),
    );
    report('returned', 3);
    await eventually(() => expect(ada!.messaging.message(id)).toMatchObject({ state: 'returned', order: '2015-003' }));
  });
});

it('a message that is returned because of a revocation or a new enrollment names no order', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  ben!.disconnect();
  const id = await say(ada!, conversation, 'later');
  await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('sent'));
  world.deliver(ada!.id, { type: 'delivery-report', id, device: ben!.id, status: 'returned', order: null, at: 1 });
  await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('returned'));
  const refusal = {
    code: 'device_unknown',
    detail: expect.stringContaining('enrollment of the recipient’s device ended'),
  };
  expect(ada!.messaging.message(id)).toMatchObject({ order: null, missed: [{ name: 'Ben', order: null, refusal }] });
});

it('a repeated response does not undo a later state of a text', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
  ben!.disconnect();
  world.unanswered.add(ada!.id);
  const id = await say(ada!, conversation, 'back');
  await eventually(() => expect(world.posts.at(-1)?.id).toBe(id));
  world.deliver(ada!.id, {
    type: 'delivery-report',
    id,
    device: ben!.id,
    status: 'returned',
    order: '2015-003',
    at: 1,
  });
  await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('returned'));
  world.unanswered.delete(ada!.id);
  ada!.disconnect();
  ada!.connect();
  await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
  expect(stateOf(ada!, conversation, id)).toBe('returned');
});

it('sends a message after the end of an order that the device never knew', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  world.denied.set(ada!.id, '2015-002');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  const refused = await say(ada!, conversation, 'no way');
  await eventually(() => expect(ada!.messaging.message(refused)).toMatchObject({ state: 'refused' }));
  expect(ben!.messaging.conversations()).toEqual([]);
  world.denied.delete(ada!.id);
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  await say(ada!, conversation, 'at last');
  await eventually(() => expect(texts(ben!, conversation)).toEqual(['at last']));
  // The device sent the refused post again, the only post with `keep`.
  expect(world.posts.filter(({ keep }) => keep)).toHaveLength(1);
});
