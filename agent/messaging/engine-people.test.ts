/** Conversations whose people and devices change: added, removed, revoked. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { MessagingWorld, type TestDevice } from '../../tests/support/messaging-world.ts';
import { eventually, notes, onlineIn, say, stateOf, texts } from '../../tests/support/talking-devices.ts';
import type { MailboxItem } from './message-store.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);
const all = (...names: string[]) => Promise.all(names.map(online));
/** Waits until the server has responded to every post of these devices, and the devices have read every item. */
const settled = (devices: readonly TestDevice[]) =>
  eventually(() => {
    for (const { id, store } of devices) {
      const { messaging } = store.device(id);
      expect([messaging.countPosts(), messaging.unopenedItems(0, 1), world.waiting(id)]).toEqual([0, [], 0]);
    }
  });

describe('a conversation follows its people', () => {
  it('adds a device that was enrolled while the conversation began', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const { promise, resolve } = Promise.withResolvers<void>();
    world.holdsClaims = promise;
    const claims = world.claims;
    const beginning = ada!.messaging.start({ people: [ben!.person], title: 'Embassy' });
    await eventually(() => expect(world.claims).toBeGreaterThan(claims));
    const second = await online('Ben');
    resolve();
    const conversation = await beginning;
    await eventually(() => expect(second.messaging.conversations()).toMatchObject([{ id: conversation }]));
  });

  it('has five people with seven devices, a later device and a revoked one', async () => {
    const [ada, ben, cleo, dina] = await all('Ada', 'Ben', 'Cleo', 'Dina');
    const [ada2, ben2, eve] = await all('Ada', 'Ben', 'Eve');
    const everyone = [ada!, ben!, cleo!, dina!, ada2!, ben2!, eve!];
    const conversation = await ada!.messaging.start({
      people: [ben!.person, cleo!.person, dina!.person, eve!.person],
      title: 'Embassy',
    });
    await say(ada!, conversation, 'one');
    for (const device of everyone) {
      await eventually(() => expect(texts(device, conversation)).toEqual(['one']));
      await eventually(() => expect(device.messaging.conversations()).toMatchObject([{ title: 'Embassy' }]));
    }
    expect(ada2!.messaging.conversations()).toMatchObject([{ unread: 0, people: [{}, {}, {}, {}] }]);

    const cleo2 = await online('Cleo');
    await eventually(() => expect(cleo2.messaging.conversations()).toMatchObject([{ title: 'Embassy' }]));
    await say(eve!, conversation, 'two');
    await eventually(() => expect(texts(cleo2, conversation)).toEqual(['two']));
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'two']));
    await settled([...everyone, cleo2]);

    const changes = () => world.posts.filter(({ commit }) => commit !== null).length;
    const before = changes();
    world.revoke(ben!.id);
    await eventually(() => expect(changes()).toBeGreaterThan(before));
    const others = [ada!, cleo!, dina!, ada2!, ben2!, eve!, cleo2];
    await settled(others);
    await say(dina!, conversation, 'three');
    for (const device of others) {
      await eventually(() => expect(texts(device, conversation).at(-1)).toBe('three'));
    }
    expect(texts(ben!, conversation)).toEqual(['one', 'two']);
    const sealed = world.posts.filter(({ from }) => from === dina!.id).at(-1);
    expect(sealed?.to).not.toContain(ben!.id);
    for (const device of [...everyone, cleo2]) expect(device.alerts).toEqual([]);
  });

  it('adds a person although another person has no device any more', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    world.revoke(ben!.id);
    await ada!.messaging.addPeople(conversation, [cleo!.person]);
    await say(ada!, conversation, 'without him');
    await eventually(() => expect(texts(cleo!, conversation)).toEqual(['without him']));
  });

  it('changes its title and its people, and excludes a person who leaves', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Two' });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await ben!.messaging.rename(conversation, 'Three');
    await ben!.messaging.addPeople(conversation, [cleo!.person]);
    await eventually(() => expect(cleo!.messaging.conversations()).toMatchObject([{ title: 'Three' }]));
    await eventually(() =>
      expect(ada!.messaging.conversations()).toMatchObject([{ title: 'Three', people: [{}, {}] }]),
    );
    await cleo!.messaging.leave(conversation);
    expect(cleo!.messaging.conversations()).toMatchObject([{ state: 'left' }]);
    for (const [device, name] of [[ada!, 'Ben'] as const, [ben!, 'Ada'] as const]) {
      await eventually(() => expect(device.messaging.conversations()[0]?.people).toMatchObject([{ name }]));
    }
    await say(ben!, conversation, 'she has gone');
    await eventually(() => expect(texts(ada!, conversation)).toEqual(['she has gone']));
    expect(texts(cleo!, conversation)).toEqual([]);
    await expect(say(cleo!, conversation, 'still here')).rejects.toMatchObject({ code: 'not_a_member' });
    const notes = ada!.messaging.messages(conversation, { limit: 50 }).filter(({ from }) => from === null);
    expect(notes.map(({ text }) => text)).toEqual([
      'Ben changed the title to “Three”.',
      'Ben added Cleo.',
      'Cleo left.',
    ]);
  });

  it('is changed by one of several devices that need the same change', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: 'Race' });
    for (const device of [ben!, cleo!])
      await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
    const later = await Promise.all([online('Ada'), online('Ben'), online('Cleo')]);
    // The three devices write at the same time, so each device finds that a member is missing from the group.
    await Promise.all([ada!, ben!, cleo!].map((device) => say(device, conversation, `from ${device.name}`)));
    const said = ['from Ada', 'from Ben', 'from Cleo'];
    for (const device of [ada!, ben!, cleo!]) {
      await eventually(() => expect(texts(device, conversation).toSorted()).toEqual(said));
    }
    for (const device of later) await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
    await say(later[2]!, conversation, 'all');
    for (const device of [ada!, ben!, cleo!, ...later]) {
      await eventually(() => expect(texts(device, conversation).at(-1)).toBe('all'));
      expect(device.alerts).toEqual([]);
    }
  });
});

describe('a message after the revocation of a device', () => {
  /** The first leaf would remove Cleo's device first, but its device is offline. Ben's device is another leaf. */
  const threeOfThem = async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const people = [ben!.person, cleo!.person];
    const conversation = await ada!.messaging.start({ people, title: 'Plans' });
    for (const device of [ben!, cleo!]) {
      await eventually(() => expect(device.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    }
    return { ada: ada!, ben: ben!, cleo: cleo!, conversation };
  };
  const postsOf = ({ id }: TestDevice) =>
    world.posts.flatMap(({ from, commit, to }) => (from === id ? [{ isCommit: commit !== null, to }] : []));

  it.each(['at once', 'while other devices may make the change first'])(
    'is not sealed for the revoked device: %s',
    async (when) => {
      const { ada, ben, cleo, conversation } = await threeOfThem();
      ada.disconnect();
      world.revoke(cleo.id);
      if (when !== 'at once') await ben.messaging.maintain();
      const id = await say(ben, conversation, 'without her');
      await eventually(() => expect(stateOf(ben, conversation, id)).toBe('sent'));
      expect(postsOf(ben)).toEqual([
        { isCommit: true, to: [ada.id, cleo.id] },
        { isCommit: false, to: [ada.id] },
      ]);
    },
  );

  it('waits while the members cannot be checked', async () => {
    const { ada, ben, cleo, conversation } = await threeOfThem();
    ada.disconnect();
    world.reachable = false;
    world.revoke(cleo.id);
    await ben.messaging.maintain();
    expect(ben.failures).toContain('check the members');
    const id = await say(ben, conversation, 'without her');
    await ben.messaging.maintain();
    expect(stateOf(ben, conversation, id)).toBe('waiting');
    world.reachable = true;
    await ben.messaging.maintain();
    await eventually(() => expect(stateOf(ben, conversation, id)).toBe('sent'));
    expect(postsOf(ben).map(({ to }) => to)).toEqual([[ada.id, cleo.id], [ada.id]]);
  });

  it('waits when another commit superseded the removal', async () => {
    const { ada, ben, cleo, conversation } = await threeOfThem();
    const dina = await online('Dina');
    const kept: MailboxItem[] = [];
    world.tamper = (to, item) => {
      if (to !== ben.id) return item;
      kept.push(item);
      return null;
    };
    await ada.messaging.addPeople(conversation, [dina.person]);
    await eventually(() => expect(dina.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    await eventually(() => expect(ada.store.device(ada.id).messaging.countPosts()).toBe(0));
    for (const device of [ada, dina]) device.disconnect();
    // The server delays the response to Ben's own commit.
    world.denied.set(ben.id, '2015-001');
    world.revoke(cleo.id);
    const id = await say(ben, conversation, 'without her');
    await eventually(() => expect(ben.store.device(ben.id).messaging.countPosts()).toBe(1));
    await ben.messaging.maintain();
    world.denied.delete(ben.id);
    world.tamper = (_to, item) => item;
    for (const item of kept) world.deliver(ben.id, item);
    await eventually(() => expect(stateOf(ben, conversation, id)).toBe('sent'));
    expect(postsOf(ben).at(-1)?.to.toSorted()).toEqual([ada.id, dina.id].toSorted());
  });

  it('leaves at once when a device is only to be added', async () => {
    const { ada, ben, cleo, conversation } = await threeOfThem();
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now);
    try {
      ada.disconnect();
      cleo.disconnect();
      await online('Cleo');
      await ben.messaging.maintain();
      const id = await say(ben, conversation, 'hello');
      await eventually(() => expect(stateOf(ben, conversation, id)).toBe('sent'));
      expect(postsOf(ben)).toEqual([{ isCommit: false, to: [ada.id, cleo.id] }]);
    } finally {
      clock.mockRestore();
    }
  });
});

it('a member that only read for a long time can still be decrypted by members that did not write', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: null });
  for (const device of [ben!, cleo!]) await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
  cleo!.disconnect();
  const posts = () => world.posts.filter(({ from }) => from === ben!.id);
  const forCleo = () => posts().flatMap(({ to }, at) => (to.includes(cleo!.id) ? [at] : []));
  while (forCleo().length < 2 && posts().length < LARGEST_GAP) {
    const before = posts().length;
    const news = await say(ada!, conversation, 'news');
    await eventually(() => expect(posts()).toHaveLength(before + 1));
    await ben!.messaging.read(conversation, [news]);
    await eventually(() => expect(posts()).toHaveLength(before + 2));
  }
  const [first = LARGEST_GAP, second = LARGEST_GAP] = forCleo();
  // No gap in the ratchet exceeds the limit that Cleo's device accepts.
  expect(Math.max(first, second - first)).toBeLessThan(LARGEST_GAP / 2);
  await say(ben!, conversation, 'my first word');
  cleo!.connect();
  // Cleo's device reads all waiting items, one after another.
  await vi.waitFor(() => expect(texts(cleo!, conversation).at(-1)).toBe('my first word'), {
    timeout: 300_000,
    interval: 100,
  });
  expect(cleo!.messaging.conversations()).toMatchObject([{ state: 'ready' }]);
  expect(cleo!.alerts).toEqual([]);
  expect(notes(cleo!, conversation)).toEqual([]);
}, 600_000);
