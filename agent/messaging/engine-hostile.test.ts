/** The messaging engine against a hostile server. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MessagingWorld, type TestDevice } from '../../tests/support/messaging-world.ts';
import { eventually, notes, onlineIn, SHARE, say, stateOf, texts } from '../../tests/support/talking-devices.ts';
import type { MailboxItem } from './message-store.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);
const all = (...names: string[]) => Promise.all(names.map(online));

describe('a hostile server', () => {
  it('case 19: a repeated message is shown once, a damaged one is reported and set aside, and the others are read', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    world.tamper = (to, item) => {
      if (to !== ben!.id || item.type !== 'post') return item;
      world.tamper = (_to, next) => next;
      world.deliver(to, item);
      world.deliver(to, item);
      world.deliver(to, { ...item, id: crypto.randomUUID() });
      const bytes = Buffer.from(item.body, 'base64');
      bytes[bytes.length - 1]! ^= 1;
      world.deliver(to, { ...item, id: crypto.randomUUID(), body: bytes.toString('base64') });
      world.deliver(to, { ...item, id: crypto.randomUUID(), body: Buffer.from('nonsense').toString('base64') });
      return null;
    };
    await say(ada!, conversation, 'once');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['once']));
    await say(ada!, conversation, 'and on');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['once', 'and on']));
    expect(ben!.alerts.toSorted()).toEqual(['message_malformed', 'message_replayed', 'message_replayed']);
  });

  it('case 22: a device without a missing commit reports the gap and rejoins', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
    world.tamper = (to, item) => (to === ben!.id ? null : item);
    await online('Ada');
    await eventually(() => expect(world.posts.some(({ commit }) => commit?.epoch === 1)).toBe(true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    world.tamper = (_to, item) => item;
    await say(ada!, conversation, 'lost on him');
    await eventually(() => expect(ben!.alerts).toContain('conversation_lost'));
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    await say(ada!, conversation, 'found again');
    await eventually(() => expect(texts(ben!, conversation).at(-1)).toBe('found again'));
  });

  /** Withholds all further mail for one device until `let` is called. */
  const keepsBack = (whom: TestDevice, items: MailboxItem[] = []) => {
    world.tamper = (to, item) => {
      if (to !== whom.id || item.type !== 'post') return item;
      items.push(item);
      return null;
    };
    return items;
  };
  const isHonest = () => {
    world.tamper = (_to, item) => item;
  };
  /** The server has responded to the request. */
  const send = async (from: TestDevice, conversation: string, text: string) => {
    const id = await say(from, conversation, text);
    await eventually(() => expect(stateOf(from, conversation, id)).toBe('sent'));
    return id;
  };

  it('case 19: the recipient notices a text that the server dropped, and the sender’s device reports it', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'one');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one']));
    keepsBack(ben!);
    await send(ada!, conversation, 'two');
    isHonest();
    await say(ada!, conversation, 'three');
    await eventually(() => expect(ada!.alerts).toEqual(['message_missing']));
    expect(texts(ben!, conversation)).toEqual(['one', 'three']);
    expect(notes(ben!, conversation)).toEqual([expect.stringMatching(/from Ada did not arrive on this device/)]);
    expect(notes(ada!, conversation)).toEqual([
      expect.stringMatching(/that you sent did not arrive on a device of Ben/),
    ]);
    await say(ada!, conversation, 'four');
    await eventually(() => expect(texts(ben!, conversation).at(-1)).toBe('four'));
    await pause(2 * world.patience);
    expect([ada!.alerts, ben!.alerts]).toEqual([['message_missing'], []]);
  });

  it('case 19: reordered texts are reported when the earlier one arrives', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'one');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one']));
    const kept = keepsBack(ben!);
    for (const text of ['two', 'three']) await send(ada!, conversation, text);
    isHonest();
    for (const item of kept.toReversed()) world.deliver(ben!.id, item);
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'three', 'two']));
    expect(ben!.alerts).toEqual(['message_late']);
    expect(notes(ben!, conversation)).toEqual([expect.stringMatching(/from Ada arrived late/)]);
    await pause(2 * world.patience);
    expect([ada!.alerts, ben!.alerts]).toEqual([[], ['message_late']]);
  });

  it('raises no alert for a text that an order returned, whenever the sender learns of it', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: null });
    for (const device of [ben!, cleo!])
      await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
    const goesBack = async (text: string) => {
      keepsBack(ben!);
      const id = await send(ada!, conversation, text);
      isHonest();
      return () =>
        world.deliver(ada!.id, {
          type: 'delivery-report',
          id,
          device: ben!.id,
          status: 'returned',
          order: '2015-003',
          at: 1,
        });
    };
    (await goesBack('back'))();
    await eventually(() => expect(ada!.messaging.messages(conversation, { limit: 1 })[0]?.missed).toHaveLength(1));
    await say(ada!, conversation, 'known');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['known']));
    await pause(2 * world.patience);
    expect(notes(ben!, conversation)).toEqual([]);

    const hears = await goesBack('back again');
    await say(ada!, conversation, 'not known yet');
    hears();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['known', 'not known yet']));
    await eventually(() => expect(notes(ben!, conversation)).toHaveLength(1));
    await pause(2 * world.patience);
    for (const device of [ada!, ben!, cleo!]) expect(device.alerts).toEqual([]);
    expect([notes(ada!, conversation), notes(cleo!, conversation)]).toEqual([[], []]);
  });

  it('a device does not miss messages from before it joined or rejoined', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await send(ada!, conversation, 'one');
    const ben2 = await online('Ben');
    await eventually(() => expect(ben2.messaging.conversations()).toHaveLength(1));
    await say(ada!, conversation, 'two');
    await eventually(() => expect(texts(ben2, conversation)).toEqual(['two']));
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'two']));
    await ben!.workspace.wipe();
    ben!.messaging.wake();
    await ben!.workspace.unlock([SHARE]);
    ben!.messaging.wake();
    await say(ada!, conversation, 'three');
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    await say(ada!, conversation, 'four');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['four']));
    await eventually(() => expect(texts(ben2, conversation)).toEqual(['two', 'three', 'four']));
    await pause(2 * world.patience);
    for (const device of [ada!, ben!, ben2]) expect([device.alerts, notes(device, conversation)]).toEqual([[], []]);
  });

  it('case 18: of two commits in one epoch, the refused device continues with the accepted one', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await online('Ada');
    await Promise.all([say(ada!, conversation, 'a'), say(ben!, conversation, 'b')]);
    for (const device of [ada!, ben!]) {
      await eventually(() => expect(texts(device, conversation).toSorted()).toEqual(['a', 'b']));
      expect(device.alerts).toEqual([]);
    }
  });
});
