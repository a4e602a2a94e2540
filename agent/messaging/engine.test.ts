import { randomUUID } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { LARGEST_CONVERSATION } from '../../shared/seal/content.ts';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { MessagingWorld, type TestDevice } from '../../tests/support/messaging-world.ts';
import type { MailItem } from './message-store.ts';
import { createRecords } from './records.ts';
import { createVault } from './vault.ts';

/** The server's half of a lock. */
const SHARE = Buffer.alloc(32, 7);

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());

const WAIT = { timeout: 20_000, interval: 10 };
const eventually = (check: () => void) => vi.waitFor(check, WAIT);

async function online(name: string): Promise<TestDevice> {
  const device = await world.enrol(name);
  device.connect();
  await device.messaging.maintain();
  await eventually(() => expect(device.messaging.state().state).toBe('ready'));
  return device;
}
const all = (...names: string[]) => Promise.all(names.map(online));

const texts = ({ messaging }: TestDevice, conversation: string) =>
  messaging.messages(conversation, { limit: 100 }).flatMap(({ from, text }) => (from ? [text] : []));
/** Notes without a sender, except the notices of `new-devices.test.ts`. */
const notes = ({ messaging }: TestDevice, conversation: string) =>
  messaging
    .messages(conversation, { limit: 100 })
    .flatMap(({ from, text }) => (from || text.startsWith('A new device of ') ? [] : [text]));
const say = ({ messaging }: TestDevice, conversation: string, text: string) =>
  messaging.send(conversation, { text, attachments: [] });
const stateOf = ({ messaging }: TestDevice, conversation: string, id: string) =>
  messaging.messages(conversation, { limit: 100 }).find((message) => message.id === id)?.state;

describe('two people', () => {
  it('write to each other, and see what became of it', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    const first = await say(ada!, conversation, 'Hello Ben');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['Hello Ben']));
    await eventually(() => expect(stateOf(ada!, conversation, first)).toBe('delivered'));
    expect(ben!.messaging.conversations()).toMatchObject([{ unread: 1, people: [{ name: 'Ada', verified: true }] }]);
    const second = await say(ada!, conversation, 'Ben?');
    await eventually(() => expect(stateOf(ada!, conversation, second)).toBe('delivered'));
    await ben!.messaging.read(conversation, [first]);
    await eventually(() => expect(stateOf(ada!, conversation, first)).toBe('read'));
    expect(ben!.messaging.unseen(conversation, 9)).toMatchObject([{ id: second, state: 'delivered' }]);
    expect([stateOf(ada!, conversation, second), ben!.messaging.conversations()[0]?.unread]).toEqual(['delivered', 1]);
    await say(ben!, conversation, 'Hello Ada');
    await eventually(() => expect(texts(ada!, conversation)).toEqual(['Hello Ben', 'Ben?', 'Hello Ada']));
    expect(await ada!.messaging.start({ people: [ben!.person], title: null })).toBe(conversation);
    expect(ada!.alarms).toEqual([]);
    expect(ben!.alarms).toEqual([]);
    for (const { body } of world.posts) expect(Buffer.from(body, 'base64').toString('latin1')).not.toContain('Hello');
  });

  it('ask again at once after a word that came while they were asking, however often', async () => {
    // Of the waits that would follow otherwise, the fifth alone takes longer than this may.
    world.tellsTooEarly = 5;
    await online('Ada');
    expect(world.tellsTooEarly).toBe(0);
  });

  it('ask again when they said they would, though their clock was set back meanwhile', async () => {
    world.tellsNothing = 1;
    const ada = await world.enrol('Ada');
    ada.connect();
    await ada.messaging.maintain();
    expect(ada.messaging.state().state).toBe('uncertified');
    const { now } = Date;
    const slow = vi.spyOn(Date, 'now').mockImplementation(() => now() - 1_000);
    try {
      await eventually(() => expect(ada.messaging.state().state).toBe('ready'));
    } finally {
      slow.mockRestore();
    }
  });

  it('reach each other over days offline, in order', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    ben!.disconnect();
    for (let n = 0; n < 20; n += 1) await say(ada!, conversation, `message ${n}`);
    ada!.disconnect();
    await say(ada!, conversation, 'written offline');
    expect(ada!.messaging.messages(conversation, { limit: 1 })[0]?.state).toBe('waiting');
    ada!.connect();
    await eventually(() => expect(ada!.messaging.messages(conversation, { limit: 1 })[0]?.state).toBe('sent'));
    ben!.connect();
    await eventually(() =>
      expect(texts(ben!, conversation)).toEqual([
        ...Array.from({ length: 20 }, (_, n) => `message ${n}`),
        'written offline',
      ]),
    );
  });

  it('send files, which only the recipient can open', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    const bytes = Buffer.alloc(300_000, 'plan');
    const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes }];
    const id = await ada!.messaging.send(conversation, { text: '', attachments });
    await eventually(() =>
      expect(ben!.messaging.message(id).attachments).toMatchObject([{ name: 'plan.txt', size: 300_000 }]),
    );
    expect(Buffer.from((await ben!.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
    world.reachable = false;
    expect(Buffer.from((await ben!.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
    expect(Buffer.from((await ada!.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
    await expect(ben!.messaging.attachment(id, 1)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('while a file is on its way', () => {
  const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
  let arrive: () => void;
  beforeEach(() => {
    const held = Promise.withResolvers<void>();
    arrive = held.resolve;
    world.holdsFiles = held.promise;
  });
  afterEach(() => arrive());

  it('what comes is opened, other conversations go on, and what was written after it in its own stays behind it', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const withBen = await ada!.messaging.start({ people: [ben!.person], title: null });
    const withCleo = await ada!.messaging.start({ people: [cleo!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    const id = await ada!.messaging.send(withBen, { text: 'the plan', attachments });
    await say(ada!, withBen, 'behind it');
    await say(ada!, withCleo, 'elsewhere');
    await eventually(() => expect(texts(cleo!, withCleo)).toEqual(['elsewhere']));
    await say(ben!, withBen, 'Where is it?');
    await eventually(() => expect(texts(ada!, withBen)).toContain('Where is it?'));
    // What it has been sent, Ada's device has answered for.
    await eventually(() => expect(ben!.messaging.messages(withBen, { limit: 1 })[0]?.state).toBe('delivered'));
    expect([stateOf(ada!, withBen, id), texts(ben!, withBen)]).toEqual(['waiting', ['Where is it?']]);
    arrive();
    await eventually(() => expect(texts(ben!, withBen)).toEqual(['Where is it?', 'the plan', 'behind it']));
    expect([world.files, ada!.failures]).toEqual([1, []]);
  });

  it('the device may stop, and has it sent once afterwards', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    const id = await ada!.messaging.send(conversation, { text: 'the plan', attachments });
    await ada!.messaging.maintain();
    await ada!.stop();
    const again = await world.boot(ada!);
    again.connect();
    await say(again, conversation, 'behind it');
    arrive();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['the plan', 'behind it']));
    await eventually(() => expect(stateOf(again, conversation, id)).toBe('delivered'));
    expect(world.posts.filter((post) => post.id === id)).toHaveLength(1);
    expect(Buffer.from((await ben!.messaging.attachment(id, 0)).bytes).toString()).toBe('plan');
  });
});

it('holds so many people, refuses one more, and goes on', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const crowd = world.crowd(LARGEST_CONVERSATION);
  const tooMany = { code: 'too_large', message: expect.stringMatching(/at most 200 people/) };
  await expect(ada!.messaging.start({ people: crowd, title: null })).rejects.toMatchObject(tooMany);
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await ada!.messaging.addPeople(conversation, crowd.slice(2));
  await expect(ada!.messaging.addPeople(conversation, [cleo!.person])).rejects.toMatchObject(tooMany);
  await say(ada!, conversation, 'all here');
  await ada!.messaging.rename(conversation, 'Everybody');
  await eventually(() => expect(texts(ben!, conversation)).toEqual(['all here']));
  await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Everybody' }]));
  expect(ben!.messaging.conversations()[0]?.people).toHaveLength(LARGEST_CONVERSATION - 1);
  expect(ada!.failures).toEqual([]);
});

it('says of whom the server finds no more than who they would be, and begins nothing with who has no device that is confirmed', async () => {
  const ada = await online('Ada');
  const person = world.name('Mallory');
  expect(await ada.messaging.people('Mall')).toEqual([{ person, name: 'Mallory', email: null, groups: [] }]);
  await expect(ada.messaging.start({ people: [person], title: null })).rejects.toMatchObject({
    code: 'person_unknown',
  });
});

it('goes on when several have at once brought in more than one may', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  ada!.disconnect();
  await ben!.messaging.addPeople(conversation, [cleo!.person]);
  await eventually(() => expect(cleo!.messaging.conversations()).toHaveLength(1));
  await ada!.messaging.addPeople(conversation, world.crowd(LARGEST_CONVERSATION - 2));
  ada!.connect();
  await eventually(() => expect(ada!.messaging.conversations()[0]?.people).toHaveLength(LARGEST_CONVERSATION));
  await ada!.messaging.rename(conversation, 'Everybody');
  await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Everybody' }]));
  expect(ada!.failures).toEqual([]);
});

describe('a conversation follows its people', () => {
  it('five people with seven devices, one that comes later and one that is revoked', async () => {
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

    const changes = () => world.posts.filter(({ commit }) => commit !== null).length;
    const before = changes();
    world.revoke(ben!.id);
    await eventually(() => expect(changes()).toBeGreaterThan(before));
    await eventually(() => expect(dina!.store.device(dina!.id).messaging.unopenedMail(0, 1)).toEqual([]));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await say(dina!, conversation, 'three');
    for (const device of [ada!, cleo!, dina!, ada2!, ben2!, eve!, cleo2]) {
      await eventually(() => expect(texts(device, conversation).at(-1)).toBe('three'));
    }
    expect(texts(ben!, conversation)).toEqual(['one', 'two']);
    const sealed = world.posts.filter(({ from }) => from === dina!.id).at(-1);
    expect(sealed?.to).not.toContain(ben!.id);
    for (const device of [...everyone, cleo2]) expect(device.alarms).toEqual([]);
  });

  it('lets somebody in though another has no device any more', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    world.revoke(ben!.id);
    await ada!.messaging.addPeople(conversation, [cleo!.person]);
    await say(ada!, conversation, 'without him');
    await eventually(() => expect(texts(cleo!, conversation)).toEqual(['without him']));
  });

  it('changes its title and its people, and lets go who leaves', async () => {
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
    await eventually(() => expect(ada!.messaging.conversations()[0]?.people.map(({ name }) => name)).toEqual(['Ben']));
    await say(ben!, conversation, 'she has gone');
    await eventually(() => expect(texts(ada!, conversation)).toEqual(['she has gone']));
    expect(texts(cleo!, conversation)).toEqual([]);
    await expect(say(cleo!, conversation, 'still here')).rejects.toMatchObject({ code: 'not_a_member' });
    const notes = ada!.messaging.messages(conversation, { limit: 50 }).filter(({ from }) => from === null);
    expect(notes.map(({ text }) => text)).toEqual(['Ben called it “Three”.', 'Ben brought in Cleo.', 'Cleo left.']);
  });

  it('is changed by one of several who see the same change', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: 'Race' });
    for (const device of [ben!, cleo!])
      await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
    const later = await Promise.all([online('Ada'), online('Ben'), online('Cleo')]);
    // All three write at once, and so all three find that somebody is missing.
    await Promise.all([ada!, ben!, cleo!].map((device) => say(device, conversation, `from ${device.name}`)));
    const said = ['from Ada', 'from Ben', 'from Cleo'];
    for (const device of [ada!, ben!, cleo!]) {
      await eventually(() => expect(texts(device, conversation).toSorted()).toEqual(said));
    }
    for (const device of later) await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
    await say(later[2]!, conversation, 'all');
    for (const device of [ada!, ben!, cleo!, ...later]) {
      await eventually(() => expect(texts(device, conversation).at(-1)).toBe('all'));
      expect(device.alarms).toEqual([]);
    }
  });
});

describe('what is written once somebody is revoked', () => {
  /** Ben is not the first whose turn it is to put her out, and the first is away. */
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

  it.each(['at once', 'while others are given the first turn'])('is not sealed for them: %s', async (when) => {
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
  });

  it('waits while it cannot be found out who is', async () => {
    const { ada, ben, cleo, conversation } = await threeOfThem();
    ada.disconnect();
    world.reachable = false;
    world.revoke(cleo.id);
    await ben.messaging.maintain();
    expect(ben.failures).toContain('follow people');
    const id = await say(ben, conversation, 'without her');
    await ben.messaging.maintain();
    expect(stateOf(ben, conversation, id)).toBe('waiting');
    world.reachable = true;
    await ben.messaging.maintain();
    await eventually(() => expect(stateOf(ben, conversation, id)).toBe('sent'));
    expect(postsOf(ben).map(({ to }) => to)).toEqual([[ada.id, cleo.id], [ada.id]]);
  });

  it('waits when the change that would have put them out came behind another', async () => {
    const { ada, ben, cleo, conversation } = await threeOfThem();
    const dina = await online('Dina');
    const kept: MailItem[] = [];
    world.tamper = (to, item) => {
      if (to !== ben.id) return item;
      kept.push(item);
      return null;
    };
    await ada.messaging.addPeople(conversation, [dina.person]);
    await eventually(() => expect(dina.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    await eventually(() => expect(ada.store.device(ada.id).messaging.countPosts()).toBe(0));
    for (const device of [ada, dina]) device.disconnect();
    // His own is on its way, and stays so for a while.
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

  it('goes at once where somebody is only to come', async () => {
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

it('one who has long only read is still understood by those who did not write', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: null });
  for (const device of [ben!, cleo!]) await eventually(() => expect(device.messaging.conversations()).toHaveLength(1));
  cleo!.disconnect();
  const receipts = () => world.posts.filter(({ from }) => from === ben!.id).length;
  while (receipts() <= LARGEST_GAP + 1) {
    const before = receipts();
    const news = await say(ada!, conversation, 'news');
    await eventually(() => expect(receipts()).toBe(before + 1));
    await ben!.messaging.read(conversation, [news]);
    await eventually(() => expect(receipts()).toBe(before + 2));
  }
  await say(ben!, conversation, 'my first word');
  cleo!.connect();
  await eventually(() => expect(texts(cleo!, conversation).at(-1)).toBe('my first word'));
  expect(cleo!.messaging.conversations()).toMatchObject([{ state: 'ready' }]);
  expect(cleo!.alarms).toEqual([]);
  expect(notes(cleo!, conversation)).toEqual([]);
}, 300_000);

describe('while somebody is offline', () => {
  const seenBy = (devices: readonly TestDevice[]) =>
    devices.map(({ messaging }) => {
      const [{ title, people, state } = {}] = messaging.conversations();
      return [
        title,
        state,
        people
          ?.map(({ name }) => name)
          .toSorted()
          .join(),
      ];
    });

  /** Until that is called, what comes for them lies behind what they say themselves. */
  const goesOffline = (device: TestDevice) => {
    device.disconnect();
    const waiting: MailItem[] = [];
    world.tamper = (to, item) => {
      if (to !== device.id) return item;
      waiting.push(item);
      return null;
    };
    return () => {
      world.tamper = (_to, item) => item;
      for (const item of waiting) world.deliver(device.id, item);
    };
  };

  it('a title that they give brings nobody back who has left meanwhile, and who is brought back by name is back', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const people = [ben!.person, cleo!.person];
    const conversation = await ada!.messaging.start({ people, title: 'Lunch' });
    await eventually(() => expect(seenBy([ben!, cleo!]).map(([title]) => title)).toEqual(['Lunch', 'Lunch']));
    const hears = goesOffline(ada!);
    await cleo!.messaging.leave(conversation);
    await eventually(() => expect(world.posts.some(({ from, commit }) => from === ben!.id && commit)).toBe(true));
    await ada!.messaging.rename(conversation, 'Dinner');
    ada!.connect();
    await eventually(() => expect(seenBy([ben!])).toEqual([['Dinner', 'ready', 'Ada']]));
    hears();
    await eventually(() => expect(seenBy([ada!])).toEqual([['Dinner', 'ready', 'Ben']]));
    await say(ada!, conversation, 'without her');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['without her']));
    expect(seenBy([cleo!])).toEqual([['Lunch', 'left', 'Ada,Ben']]);
    expect(world.posts.filter(({ from }) => from === ada!.id).at(-1)?.to).toEqual([ben!.id]);

    await ben!.messaging.addPeople(conversation, [cleo!.person]);
    await eventually(() =>
      expect(seenBy([ada!, cleo!])).toEqual([
        ['Dinner', 'ready', 'Ben,Cleo'],
        ['Dinner', 'ready', 'Ada,Ben'],
      ]),
    );
    for (const device of [ada!, ben!, cleo!]) expect([device.alarms, device.failures]).toEqual([[], []]);
  });

  it('whom they bring in brings nobody back who has left meanwhile', async () => {
    const [ada, ben, cleo, dina] = await all('Ada', 'Ben', 'Cleo', 'Dina');
    const people = [ben!.person, cleo!.person];
    const conversation = await ada!.messaging.start({ people, title: 'Lunch' });
    await eventually(() => expect(seenBy([ben!, cleo!]).map(([title]) => title)).toEqual(['Lunch', 'Lunch']));
    ada!.disconnect();
    await cleo!.messaging.leave(conversation);
    await eventually(() => expect(seenBy([ben!])).toEqual([['Lunch', 'ready', 'Ada']]));
    await ada!.messaging.addPeople(conversation, [dina!.person]);
    ada!.connect();
    await eventually(() =>
      expect(seenBy([ada!, ben!, cleo!, dina!])).toEqual([
        ['Lunch', 'ready', 'Ben,Dina'],
        ['Lunch', 'ready', 'Ada,Dina'],
        ['Lunch', 'left', 'Ada,Ben'],
        ['Lunch', 'ready', 'Ada,Ben'],
      ]),
    );
  });

  it('a title that they give puts nobody out who was brought in meanwhile', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Lunch' });
    await eventually(() => expect(seenBy([ben!])).toEqual([['Lunch', 'ready', 'Ada']]));
    const hears = goesOffline(ada!);
    await ben!.messaging.addPeople(conversation, [cleo!.person]);
    await eventually(() => expect(seenBy([cleo!])).toEqual([['Lunch', 'ready', 'Ada,Ben']]));
    await ada!.messaging.rename(conversation, 'Dinner');
    ada!.connect();
    await eventually(() => expect(seenBy([ben!])).toEqual([['Dinner', 'ready', 'Ada,Cleo']]));
    hears();
    await eventually(() => expect(seenBy([ada!])).toEqual([['Dinner', 'ready', 'Ben,Cleo']]));
    await say(ada!, conversation, 'all of you');
    await eventually(() => expect(texts(cleo!, conversation)).toEqual(['all of you']));
    expect(notes(ben!, conversation)).toEqual(['Ada called it “Dinner”.']);
  });

  it.each(['at once', 'only after a while'])(
    'who leaves before hearing of many changes has left for the others too: what waits comes %s',
    async (when) => {
      const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
      const people = [ben!.person, cleo!.person];
      const conversation = await ada!.messaging.start({ people, title: 'Lunch' });
      await eventually(() => expect(seenBy([ben!, cleo!]).map(([title]) => title)).toEqual(['Lunch', 'Lunch']));
      const hears = goesOffline(ben!);
      const commits = () => world.posts.flatMap(({ commit }) => commit?.epoch ?? []);
      // One more than the epochs that can be read late.
      for (let epoch = 1; epoch <= 5; epoch += 1) {
        await online('Ada');
        await eventually(() => expect(commits().at(-1)).toBe(epoch));
      }
      await say(ada!, conversation, 'where is Ben?');
      await eventually(() => expect(texts(cleo!, conversation)).toEqual(['where is Ben?']));
      await ben!.messaging.leave(conversation);
      let now = Date.now();
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => now);
      try {
        if (when === 'at once') hears();
        ben!.connect();
        await ben!.messaging.maintain();
        await pause(100);
        await ben!.messaging.maintain();
        if (when !== 'at once') hears();
        const { messaging } = ben!.store.device(ben!.id);
        await eventually(() => expect(world.waiting(ben!.id)).toBe(0));
        await eventually(() => expect(messaging.unopenedMail(0, 1)).toEqual([]));
        now += 2_000;
        await ben!.messaging.maintain();
        await eventually(() => expect(notes(ada!, conversation)).toEqual(['Ben left.']));
      } finally {
        clock.mockRestore();
      }
      await eventually(() => expect(commits().at(-1)).toBe(6));
      await say(ada!, conversation, 'without him');
      await eventually(() => expect(texts(cleo!, conversation).at(-1)).toBe('without him'));
      expect(world.posts.filter(({ from }) => from === ada!.id).at(-1)?.to).not.toContain(ben!.id);
      expect([seenBy([ben!]), texts(ben!, conversation)]).toEqual([[['Lunch', 'left', 'Ada,Cleo']], []]);
      expect([notes(ben!, conversation), ben!.alarms, ada!.alarms, cleo!.alarms]).toEqual([[], [], [], []]);
    },
  );

  it('who waits to be let in again, and leaves, has left when they come and let them in', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Lunch' });
    await eventually(() => expect(seenBy([ben!])).toEqual([['Lunch', 'ready', 'Ada']]));
    ada!.disconnect();
    await ben!.stop();
    const anew = await world.boot({ ...ben!, generation: 2 });
    anew.connect();
    await eventually(() => expect(world.posts.at(-1)).toMatchObject({ from: ben!.id, keep: true }));
    await anew.messaging.leave(conversation);
    ada!.connect();
    await eventually(() => expect(notes(ada!, conversation)).toEqual(['Ben left.']));
    expect(seenBy([ada!, anew])).toEqual([
      ['Lunch', 'ready', ''],
      ['Lunch', 'left', 'Ada'],
    ]);
  });
});

describe('whose key packages are of no use', () => {
  const MINUTE = 60_000;
  /** With a round of the engine in each. */
  const pass = async ({ messaging }: TestDevice, minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      vi.setSystemTime(Date.now() + MINUTE);
      await messaging.maintain();
    }
  };
  afterEach(() => vi.useRealTimers());

  it('is asked ever less often, sent no file, and let in once it is back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const [ada, ben] = await all('Ada', 'Ben');
    const known = await ada!.messaging.start({ people: [ben!.person], title: 'Before' });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
    ben!.disconnect();
    vi.setSystemTime(Date.now() + 91 * 24 * 60 * MINUTE);
    const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
    const begun: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      begun.push(await ada!.messaging.start({ people: [ben!.person], title: `Plan ${n}` }));
      await ada!.messaging.send(begun[n]!, { text: 'the plan', attachments });
    }
    await pass(ada!, 60);
    expect([world.files, ada!.failures]).toEqual([0, []]);
    // Once for the one that he is in, with each that is begun, and while it waits for longer and longer.
    expect(world.claims).toBeLessThanOrEqual(1 + 5 + 8);
    const claims = world.claims;
    await pass(ada!, 120);
    expect(world.claims - claims).toBeLessThanOrEqual(2);

    ben!.connect();
    await ben!.messaging.maintain();
    await say(ben!, known, 'I am back');
    await eventually(() => expect(texts(ada!, known)).toEqual(['I am back']));
    await pass(ada!, 1);
    for (const conversation of begun) await eventually(() => expect(texts(ben!, conversation)).toEqual(['the plan']));
  });

  it('a claim that is refused keeps nobody in who should be out, and nothing from those who are in', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: null });
    await eventually(() => expect(cleo!.messaging.conversations()).toHaveLength(1));
    world.refusesClaims = new CordonError('rate_limited', 'try again in an hour');
    await online('Cleo');
    world.revoke(ben!.id);
    await say(ada!, conversation, 'without him');
    await eventually(() => expect(texts(cleo!, conversation)).toEqual(['without him']));
    expect(world.posts.filter(({ from }) => from === ada!.id).at(-1)?.to).toEqual([cleo!.id]);
  });
});

describe('what is lost', () => {
  it('a device that was restored from a copy is let in again, and never goes on with the old state', async () => {
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
    expect(ada!.alarms).toEqual([]);
  });

  it('a wipe takes what was said; whoever writes next lets the device in again', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    await say(ada!, conversation, 'secret');
    await eventually(() => expect(texts(ben!, conversation)).toHaveLength(1));
    await ben!.workspace.wipe();
    ben!.messaging.poke();
    expect(ben!.messaging.state()).toEqual({ state: 'wiped' });
    expect(() => ben!.messaging.conversations()).toThrow(expect.objectContaining({ code: 'workspace_wiped' }));
    await ben!.workspace.unlock([SHARE]);
    ben!.messaging.poke();
    await eventually(() => expect(ben!.messaging.conversations()).toEqual([]));
    await say(ada!, conversation, 'are you there?');
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans', state: 'ready' }]));
    await say(ada!, conversation, 'and now?');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['and now?']));
  });

  it('a device that lost a conversation comes in by whoever writes, though the one who wrote first is gone', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: 'Plans' });
    for (const device of [ben!, cleo!]) {
      await eventually(() => expect(device.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    }
    await cleo!.workspace.wipe();
    cleo!.messaging.poke();
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

  it('of more writers than are asked, a device asks the newest, and each once', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    await ben!.workspace.wipe();
    ben!.messaging.poke();
    ben!.disconnect();
    await ben!.workspace.unlock([SHARE]);
    const writers = Array.from({ length: 66 }, () => newDeviceId());
    const writes = (item: Extract<MailItem, { type: 'post' }>, from: DeviceId) =>
      world.deliver(ben!.id, { ...item, id: crypto.randomUUID(), from });
    let letter: Extract<MailItem, { type: 'post' }> | null = null;
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

  it('of what waits for a welcome the oldest goes when it is too much, and what comes behind the welcome is read', async () => {
    const MOST_WAITING = 512;
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    let letter: MailItem | null = null;
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
    const waits = () => anew.store.device(anew.id).messaging.unopenedMail(0, 2 * MOST_WAITING);
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
    expect([waits(), anew.alarms]).toEqual([[], ['mailbox_stuck', 'mailbox_stuck']]);
  });

  it('a lock keeps what comes unread, and an unlock gives it back in order', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Plans' });
    // The title comes behind the welcome: nothing else is on its way then.
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Plans' }]));
    await ben!.workspace.lock(SHARE);
    const id = await say(ada!, conversation, 'one');
    await say(ada!, conversation, 'two');
    await eventually(() => expect(ben!.store.device(ben!.id).messaging.unopenedMail(0, 10)).toHaveLength(2));
    expect(ben!.messaging.state()).toEqual({ state: 'locked' });
    expect(() => ben!.messaging.messages(conversation, { limit: 1 })).toThrow(
      expect.objectContaining({ code: 'workspace_locked' }),
    );
    await expect(say(ben!, conversation, 'no')).rejects.toMatchObject({ code: 'workspace_locked' });
    await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('sent'));
    await ben!.workspace.unlock([SHARE]);
    ben!.messaging.poke();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'two']));
    await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('delivered'));
  });

  it('an enrolment anew of the same device is let in anew', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await ben!.stop();
    const anew = await world.boot({ ...ben!, generation: 2 });
    anew.connect();
    await eventually(() =>
      expect(notes(anew, conversation).join()).toMatch(/enrolled anew.*ask them for what you miss/),
    );
    await eventually(() => expect(anew.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    await say(ada!, conversation, 'to the new one');
    await eventually(() => expect(texts(anew, conversation)).toEqual(['to the new one']));
    await say(anew, conversation, 'thank you');
    await eventually(() => expect(texts(ada!, conversation).at(-1)).toBe('thank you'));
  });
});

it('two who were both enrolled anew before either let the other in begin another conversation, and can leave the first', async () => {
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

it('a device enrolled anew is nobody’s until it is countersigned, and what is kept on it can be read', async () => {
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
    ...{ code: 'unavailable', message: expect.stringMatching(/has not confirmed this device/) },
  });
  expect(anew.messaging.conversations()).toMatchObject([{ state: 'rejoining', people: [{ name: 'Ada' }] }]);
  expect(texts(anew, conversation)).toEqual(['before']);
  await eventually(() => expect(anew.messaging.state()).toMatchObject({ state: 'ready', name: 'Ben' }));
});

describe('an order', () => {
  it('closes the device’s own gate: nothing is sent and nothing opened, and what was said can be read', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'before');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before']));
    ben!.gate = { order: '2015-001' };
    ben!.messaging.poke();
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
    ben!.messaging.poke();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before', 'during']));
  });

  it('lets in what the server had accepted before the gate closed, when the order says so, and nothing out', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    ben!.disconnect();
    const before = await say(ada!, conversation, 'before');
    await eventually(() => expect(stateOf(ada!, conversation, before)).toBe('sent'));
    await pause(5);
    ben!.gate = { order: '2015-001', waiting: 'deliver', since: Date.now() };
    await pause(5);
    // This server carries it all the same.
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
    ben!.messaging.poke();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['before', 'after']));
    await eventually(() => expect(stateOf(ada!, conversation, before)).toBe('read'));
    await eventually(() => expect(stateOf(ada!, conversation, after)).toBe('delivered'));
  });

  it('says a title again that an order has sent back', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Lunch' });
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Lunch' }]));
    const posts = world.posts.length;
    world.tamper = (to, item) => (to === ben!.id && item.type === 'post' ? null : item);
    await ada!.messaging.rename(conversation, 'Dinner');
    await eventually(() => expect(world.posts.length).toBe(posts + 1));
    world.tamper = (_to, item) => item;
    const fate = { fate: 'returned', order: '2015-003', at: 1 } as const;
    world.deliver(ada!.id, { type: 'fate', id: world.posts.at(-1)!.id, device: ben!.id, ...fate });
    await eventually(() => expect(world.posts.length).toBe(posts + 1));
    ada!.disconnect();
    ada!.connect();
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Dinner' }]));
  });

  it('asks for what loses a conversation to be kept whatever an order does, and for nothing else', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'hello');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['hello']));
    await eventually(() => expect(world.posts.length).toBeGreaterThanOrEqual(4));
    // Welcome; what it is called; the text; its receipt.
    expect(world.posts.map(({ keep }) => keep)).toEqual([true, false, false, false]);
  });

  it('refuses at the server by name, and tells what is held, released and returned', async () => {
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
    const fate = (said: 'held' | 'released' | 'returned', at: number) =>
      world.deliver(ada!.id, { type: 'fate', id, device: ben!.id, fate: said, order: '2015-003', at });
    fate('held', 1);
    await eventually(() =>
      expect(ada!.messaging.message(id)).toMatchObject({
        ...{ state: 'held', order: '2015-003', missed: [{ name: 'Ben', state: 'held', order: '2015-003' }] },
      }),
    );
    fate('released', 2);
    await eventually(() =>
      expect(ada!.messaging.message(id)).toMatchObject({ state: 'sent', order: null, missed: [] }),
    );
    fate('returned', 3);
    await eventually(() => expect(ada!.messaging.message(id)).toMatchObject({ state: 'returned', order: '2015-003' }));
  });
});

it('what comes back because a device was revoked or enrolled anew is laid to no order', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  ben!.disconnect();
  const id = await say(ada!, conversation, 'later');
  await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('sent'));
  world.deliver(ada!.id, { type: 'fate', id, device: ben!.id, fate: 'returned', order: null, at: 1 });
  await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('returned'));
  const refusal = { code: 'device_unknown', detail: expect.stringContaining('enrolment of their device ended') };
  expect(ada!.messaging.message(id)).toMatchObject({ order: null, missed: [{ name: 'Ben', order: null, refusal }] });
});

it('an answer that comes again takes back nothing of what has come of a text since', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
  ben!.disconnect();
  world.unanswered.add(ada!.id);
  const id = await say(ada!, conversation, 'back');
  await eventually(() => expect(world.posts.at(-1)?.id).toBe(id));
  world.deliver(ada!.id, { type: 'fate', id, device: ben!.id, fate: 'returned', order: '2015-003', at: 1 });
  await eventually(() => expect(stateOf(ada!, conversation, id)).toBe('returned'));
  world.unanswered.delete(ada!.id);
  ada!.disconnect();
  ada!.connect();
  await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
  expect(stateOf(ada!, conversation, id)).toBe('returned');
});

it('goes on by itself when an order has ended that the server kept to and the device never heard of', async () => {
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
  // It alone was asked for again, and once.
  expect(world.posts.filter(({ keep }) => keep)).toHaveLength(1);
});

describe('what is refused says why', () => {
  it.each([
    ['a file that is too large', 'too_large', {}, null],
    ['a file by an order', 'service_denied', { orders: ['2015-001', '2015-002'] }, '2015-001'],
  ] as const)('%s', async (_name, code, said, order) => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    world.refusesFiles = new CordonError(code, 'because of this', said);
    const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
    const id = await ada!.messaging.send(conversation, { text: 'the plan', attachments });
    const refusal = { code, detail: 'because of this' };
    await eventually(() => expect(ada!.messaging.message(id)).toMatchObject({ state: 'refused', order, refusal }));
    await say(ada!, conversation, 'without it');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['without it']));
  });

  it('a message of an earlier version that cannot be sealed', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await ada!.messaging.maintain();
    const store = ada!.store.device(ada!.id).messaging;
    const vault = createVault({ workspace: ada!.workspace, store });
    await vault.open();
    const id = randomUUID();
    createRecords(store, vault).addMessage({
      ...{ id, conversation, mark: 'unsent', mine: true, at: Date.now(), text: 'half \ud83d', attachments: [] },
      ...{ from: null, recipients: [], refused: null, seen: true },
    });
    await say(ada!, conversation, 'whole');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['whole']));
    const refusal = { code: 'content_malformed', detail: expect.stringContaining('half of a surrogate pair') };
    expect(ada!.messaging.message(id)).toMatchObject({ state: 'refused', order: null, refusal });
    expect(ada!.failures).toEqual([]);
  });

  it('a message for a mailbox that is full', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
    world.full.add(ben!.id);
    const id = await say(ada!, conversation, 'one too many');
    const refusal = {
      code: 'too_large',
      detail: expect.stringMatching(/mailbox at the server is full: send it again/),
    };
    await eventually(() =>
      expect(ada!.messaging.message(id)).toMatchObject({
        ...{ state: 'refused', order: null, refusal },
        missed: [{ name: 'Ben', state: 'refused', refusal }],
      }),
    );
  });
});

it('halves of emoji in words, names of files and titles keep nothing from being said', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Lunch \ud83d' });
  const title = () => ben!.messaging.conversations()[0]?.title;
  await eventually(() => expect(title()).toBe('Lunch \ufffd'));
  const attachments = [{ name: '\udd57.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
  const id = await ada!.messaging.send(conversation, { text: 'half \ud83d', attachments });
  await say(ada!, conversation, 'whole 🥗');
  await eventually(() => expect(texts(ben!, conversation)).toEqual(['half \ufffd', 'whole 🥗']));
  expect(ben!.messaging.message(id).attachments).toMatchObject([{ name: '\ufffd.txt' }]);
  // Cut in the middle of the last one.
  await ada!.messaging.rename(conversation, `${'x'.repeat(119)}🥗`);
  await eventually(() => expect(title()).toBe(`${'x'.repeat(119)}\ufffd`));
  expect([...ada!.failures, ...ben!.failures]).toEqual([]);
});

it('a word on title and people from the end of time is named, and the last one in time still counts', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: 'Lunch' });
  const titles = () => [ben!, cleo!].map(({ messaging }) => messaging.conversations()[0]?.title);
  await eventually(() => expect(titles()).toEqual(['Lunch', 'Lunch']));
  ada!.clock = Number.MAX_SAFE_INTEGER;
  await ada!.messaging.rename(conversation, 'For good');
  for (const device of [ben!, cleo!]) await eventually(() => expect(device.alarms).toEqual(['about_ahead']));
  expect(titles()).toEqual(['Lunch', 'Lunch']);
  expect(notes(ben!, conversation).join()).toMatch(/Ada changed the title or the people .* counts for nothing/);
  await ben!.messaging.rename(conversation, 'Dinner');
  await eventually(() => expect(titles()).toEqual(['Dinner', 'Dinner']));
});

it('an answer that cannot be taken is reported, and those of other conversations are taken all the same', async () => {
  const [ada, ben, cleo, dina] = await all('Ada', 'Ben', 'Cleo', 'Dina');
  const stuck = await ada!.messaging.start({ people: [ben!.person], title: null });
  const other = await ada!.messaging.start({ people: [cleo!.person], title: null });
  await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
  // No later instant can be written down: what would let Dina in cannot be sealed.
  ada!.clock = Number.MAX_SAFE_INTEGER;
  for (const title of ['Once', 'Twice']) await ada!.messaging.rename(stuck, title);
  ada!.clock = null;
  await ada!.messaging.addPeople(stuck, [dina!.person]);
  await eventually(() => expect(ada!.failures.join()).toMatch(/take the server’s answer/));
  world.full.add(cleo!.id);
  const id = await say(ada!, other, 'one too many');
  await eventually(() => expect(stateOf(ada!, other, id)).toBe('refused'));
  // The answer has kept its place.
  expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(1);
});

describe('a hostile server', () => {
  it('case 19: what is sent twice is shown once, what is damaged is named and set aside, and the rest goes on', async () => {
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
    expect(ben!.alarms.toSorted()).toEqual(['message_malformed', 'message_replayed', 'message_replayed']);
  });

  it('case 22: a commit that never comes is a gap; the device says so and is let in again', async () => {
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
    await eventually(() => expect(ben!.alarms).toContain('conversation_lost'));
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    await say(ada!, conversation, 'found again');
    await eventually(() => expect(texts(ben!, conversation).at(-1)).toBe('found again'));
  });

  /** What would come to somebody is kept back from now on; `let` gives it. */
  const keepsBack = (whom: TestDevice, items: MailItem[] = []) => {
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
  /** The server has answered. */
  const send = async (from: TestDevice, conversation: string, text: string) => {
    const id = await say(from, conversation, text);
    await eventually(() => expect(stateOf(from, conversation, id)).toBe('sent'));
    return id;
  };

  it('case 19: a text that is kept back is missed by whom it was for, and its sender’s device names it', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'one');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one']));
    keepsBack(ben!);
    await send(ada!, conversation, 'two');
    isHonest();
    await say(ada!, conversation, 'three');
    await eventually(() => expect(ada!.alarms).toEqual(['message_missing']));
    expect(texts(ben!, conversation)).toEqual(['one', 'three']);
    expect(notes(ben!, conversation)).toEqual([expect.stringMatching(/that Ada sent has not come to this device/)]);
    expect(notes(ada!, conversation)).toEqual([expect.stringMatching(/that you sent has not come to a device of Ben/)]);
    await say(ada!, conversation, 'four');
    await eventually(() => expect(texts(ben!, conversation).at(-1)).toBe('four'));
    await pause(2 * world.patience);
    expect([ada!.alarms, ben!.alarms]).toEqual([['message_missing'], []]);
  });

  it('case 19: texts that are turned round are named when the earlier one comes', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await say(ada!, conversation, 'one');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one']));
    const kept = keepsBack(ben!);
    for (const text of ['two', 'three']) await send(ada!, conversation, text);
    isHonest();
    for (const item of kept.toReversed()) world.deliver(ben!.id, item);
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'three', 'two']));
    expect(ben!.alarms).toEqual(['message_late']);
    expect(notes(ben!, conversation)).toEqual([expect.stringMatching(/of Ada came after a later one/)]);
    await pause(2 * world.patience);
    expect([ada!.alarms, ben!.alarms]).toEqual([[], ['message_late']]);
  });

  it('is not named for what an order has sent back, whether or not its sender knew before going on', async () => {
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
          ...{ type: 'fate', id, device: ben!.id, fate: 'returned', order: '2015-003', at: 1 },
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
    for (const device of [ada!, ben!, cleo!]) expect(device.alarms).toEqual([]);
    expect([notes(ada!, conversation), notes(cleo!, conversation)]).toEqual([[], []]);
  });

  it('nobody misses what was said before they came in, or came in again', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await send(ada!, conversation, 'one');
    const ben2 = await online('Ben');
    await eventually(() => expect(ben2.messaging.conversations()).toHaveLength(1));
    await say(ada!, conversation, 'two');
    await eventually(() => expect(texts(ben2, conversation)).toEqual(['two']));
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['one', 'two']));
    await ben!.workspace.wipe();
    ben!.messaging.poke();
    await ben!.workspace.unlock([SHARE]);
    ben!.messaging.poke();
    await say(ada!, conversation, 'three');
    await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ state: 'ready' }]));
    await say(ada!, conversation, 'four');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['four']));
    await eventually(() => expect(texts(ben2, conversation)).toEqual(['two', 'three', 'four']));
    await pause(2 * world.patience);
    for (const device of [ada!, ben!, ben2]) expect([device.alarms, notes(device, conversation)]).toEqual([[], []]);
  });

  it('case 18: two commits in one epoch, and the loser goes on with the winner’s', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    await online('Ada');
    await Promise.all([say(ada!, conversation, 'a'), say(ben!, conversation, 'b')]);
    for (const device of [ada!, ben!]) {
      await eventually(() => expect(texts(device, conversation).toSorted()).toEqual(['a', 'b']));
      expect(device.alarms).toEqual([]);
    }
  });
});
