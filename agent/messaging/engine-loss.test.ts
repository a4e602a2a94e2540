/** Devices that lost their state, or part of it: restored, wiped, locked, or enrolled again. */
import { cpSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { MessagingWorld } from '../../tests/support/messaging-world.ts';
import { eventually, notes, onlineIn, SHARE, say, stateOf, texts } from '../../tests/support/talking-devices.ts';
import type { MailboxItem } from './message-store.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);
const all = (...names: string[]) => Promise.all(names.map(online));

describe('loss of keys and states', () => {
  it('a device that was restored from a copy rejoins, and never uses the old state', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'before the copy');
    await eventually(() => expect(texts(ben!, conversation)).toHaveLength(1));
    await eventually(() => expect(ben!.store.device(ben!.id).messaging.countPosts()).toBe(0));
    await ben!.stop();
    cpSync(ben!.folder, `${ben!.folder}-copy`, { recursive: true });
    const again = await world.boot(ben!);
    again.connect();
    await say(again, conversation, 'after the copy');
    await eventually(() => expect(texts(ada!, conversation)).toContain('after the copy'));
    await again.stop();
    rmSync(ben!.folder, { recursive: true });
    cpSync(`${ben!.folder}-copy`, ben!.folder, { recursive: true });

    const restored = await world.boot(ben!);
    restored.connect();
    await eventually(() => expect(restored.messaging.conversations()).toMatchObject([{ state: 'rejoining' }]));
    await eventually(() => expect(restored.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    expect(texts(restored, conversation)).toEqual(['before the copy']);
    await say(restored, conversation, 'back again');
    await eventually(() => expect(texts(ada!, conversation).at(-1)).toBe('back again'));
    await say(ada!, conversation, 'welcome back');
    await eventually(() => expect(texts(restored, conversation).at(-1)).toBe('welcome back'));
    expect(ada!.alerts).toEqual([]);
  });

  it('a wipe deletes the messages, and the next writer adds the device again', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    await say(ada!, conversation, 'secret');
    await eventually(() => expect(texts(ben!, conversation)).toHaveLength(1));
    await ben!.workspace.wipe();
    ben!.messaging.wake();
    expect(ben!.messaging.state()).toEqual({ state: 'wiped' });
    expect(() => ben!.messaging.conversations()).toThrow(expect.objectContaining({ code: 'workspace_wiped' }));
    await ben!.workspace.unlock([SHARE]);
    ben!.messaging.wake();
    await eventually(() => expect(ben!.messaging.conversations()).toEqual([]));
    await say(ada!, conversation, 'are you there?');
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans', state: 'ready' }]));
    await say(ada!, conversation, 'and now?');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['and now?']));
  });

  it('a device that lost a conversation rejoins through a writer, although the first writer is gone', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: 'Plans' });
    for (const device of [ben!, cleo!]) {
      await eventually(() => expect(device.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    }
    await cleo!.workspace.wipe();
    cleo!.messaging.wake();
    cleo!.disconnect();
    await cleo!.workspace.unlock([SHARE]);
    const first = await say(ada!, conversation, 'are you there?');
    await eventually(() => expect(stateOf(ada!, conversation, first)).toBe('sent'));
    await ada!.stop();
    cleo!.connect();
    const asked = () => world.posts.flatMap(({ from, keep, to }) => (from === cleo!.id && keep ? [to] : []));
    await eventually(() => expect(asked()).toEqual([[ada!.id]]));
    await say(ben!, conversation, 'I am');
    await eventually(() => expect(asked()).toEqual([[ada!.id], [ben!.id]]));
    await eventually(() => expect(cleo!.messaging.conversations()).toMatchObject([{ title: 'Plans', state: 'ready' }]));
    await say(ben!, conversation, 'and now?');
    await eventually(() => expect(texts(cleo!, conversation)).toEqual(['and now?']));
    expect(asked()).toHaveLength(2);
  });

  it('a device asks only the newest writers, each once', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    await ben!.workspace.wipe();
    ben!.messaging.wake();
    ben!.disconnect();
    await ben!.workspace.unlock([SHARE]);
    const writers = Array.from({ length: 66 }, () => newDeviceId());
    const writes = (item: Extract<MailboxItem, { type: 'post' }>, from: DeviceId) =>
      world.deliver(ben!.id, { ...item, id: crypto.randomUUID(), from });
    let letter: Extract<MailboxItem, { type: 'post' }> | null = null;
    world.tamper = (to, item) => {
      if (to !== ben!.id || item.type !== 'post') return item;
      letter = item;
      return null;
    };
    await say(ada!, conversation, 'are you there?');
    await eventually(() => expect(letter).not.toBeNull());
    world.tamper = (_to, item) => item;
    for (const from of writers.slice(0, 65)) writes(letter!, from);
    ben!.connect();
    const asked = () => world.posts.flatMap(({ from, keep, to }) => (from === ben!.id && keep ? [to] : []));
    await eventually(() => expect(asked()).toEqual([writers.slice(1, 65).reverse()]));
    writes(letter!, writers[65]!);
    await eventually(() => expect(asked().slice(1)).toEqual([[writers[65]]]));
    await ben!.messaging.maintain();
    await ben!.messaging.maintain();
    expect(ben!.store.device(ben!.id).messaging.countPosts()).toBe(0);
    expect(asked()).toHaveLength(2);
  });

  it('the oldest items that wait for a welcome are dropped at the limit, and later items are read', async () => {
    const MOST_WAITING = 512;
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    let letter: MailboxItem | null = null;
    world.tamper = (to, item) => {
      if (to === ben!.id) letter = item;
      return item;
    };
    await say(ada!, conversation, 'before');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before']));
    world.tamper = (_to, item) => item;
    ada!.disconnect();
    await ben!.stop();
    const anew = await world.boot({ ...ben!, generation: 2 });
    const ids = Array.from({ length: MOST_WAITING + 2 }, () => crypto.randomUUID());
    for (const id of ids) world.deliver(ben!.id, { ...letter!, id });
    anew.connect();
    const waits = () => anew.store.device(anew.id).messaging.unopenedItems(0, 2 * MOST_WAITING);
    await eventually(() => expect(waits().map(({ item }) => item.id)).toEqual(ids.slice(2)));
    await eventually(() => expect(world.posts.at(-1)).toMatchObject({ from: ben!.id, keep: true }));
    anew.disconnect();
    ada!.connect();
    await eventually(() => expect(world.posts.some(({ commit }) => commit?.epoch === 1)).toBe(true));
    const after = await say(ada!, conversation, 'welcome back');
    await eventually(() => expect(stateOf(ada!, conversation, after)).toBe('sent'));
    anew.connect();
    await eventually(() => expect(texts(anew, conversation)).toEqual(['before', 'welcome back']));
    expect(anew.messaging.conversations()).toMatchObject([{ title: 'Plans', state: 'ready' }]);
    expect([waits(), anew.alerts]).toEqual([[], ['mailbox_stuck', 'mailbox_stuck']]);
  });

  it('a lock keeps arriving messages unread, and an unlock opens them in order', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    // The device receives the title after the welcome, so no other item is still on its way.
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    await ben!.workspace.lock(SHARE);
    const id = await say(ada!, conversation, 'one');
    await say(ada!, conversation, 'two');
    await eventually(() => expect(ben!.store.device(ben!.id).messaging.unopenedItems(0, 10)).toHaveLength(2));
    expect(ben!.messaging.state()).toEqual({ state: 'locked' });
    expect(() => ben!.messaging.messages(conversation, { limit: 1 })).toThrow(
      expect.objectContaining({ code: 'workspace_locked' }),
    );
    await expect(say(ben!, conversation, 'no')).rejects.toMatchObject({ code: 'workspace_locked' });
    await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('sent'));
    await ben!.workspace.unlock([SHARE]);
    ben!.messaging.wake();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'two']));
    await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('delivered'));
  });

  it('a new enrollment of the same device is added again', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await ben!.stop();
    const anew = await world.boot({ ...ben!, generation: 2 });
    anew.connect();
    await eventually(() =>
      expect(notes(anew, conversation).join()).toMatch(/enrolled again.*Ask them to repeat what you missed/),
    );
    await eventually(() => expect(anew.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    await say(ada!, conversation, 'to the new one');
    await eventually(() => expect(texts(anew, conversation)).toEqual(['to the new one']));
    await say(anew, conversation, 'thank you');
    await eventually(() => expect(texts(ada!, conversation).at(-1)).toBe('thank you'));
  });
});

it('two devices that are both enrolled again begin another conversation, and can leave the first', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  await Promise.all([ada!.stop(), ben!.stop()]);
  const anew = await Promise.all([ada!, ben!].map((device) => world.boot({ ...device, generation: 2 })));
  for (const device of anew) device.connect();
  for (const device of anew) await eventually(() => expect(device.messaging.state().state).toBe('ready'));
  const another = await anew[0]!.messaging.start({ people: [ben!.person], title: null });
  expect(another).not.toBe(conversation);
  await say(anew[0]!, another, 'here');
  await eventually(() => expect(texts(anew[1]!, another)).toEqual(['here']));
  expect(await anew[1]!.messaging.start({ people: [ada!.person], title: null })).toBe(another);
  for (const device of anew) {
    await device.messaging.leave(conversation);
    const states = device.messaging.conversations().map(({ id, state }) => [id, state]);
    expect(Object.fromEntries(states)).toEqual({ [another]: 'ready', [conversation]: 'left' });
  }
});

it('a newly enrolled device has no user until its countersignature, and its stored messages stay readable', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await say(ada!, conversation, 'before');
  await eventually(() => expect(texts(ben!, conversation)).toEqual(['before']));
  await ben!.stop();
  world.tellsNothing = 1;
  const anew = await world.boot({ ...ben!, generation: 2 });
  anew.connect();
  await anew.messaging.maintain();
  expect(anew.messaging.state()).toEqual({ state: 'uncertified' });
  await expect(anew.messaging.start({ people: [ada!.person], title: null })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/has not confirmed this device/),
  });
  expect(anew.messaging.conversations()).toMatchObject([{ state: 'rejoining', people: [{ name: 'Ada' }] }]);
  expect(texts(anew, conversation)).toEqual(['before']);
  await eventually(() => expect(anew.messaging.state()).toMatchObject({ state: 'ready', name: 'Ben' }));
});
