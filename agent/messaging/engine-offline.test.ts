/** Changes of a conversation while a member is offline, or has no usable key packages. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { MessagingWorld, type TestDevice } from '../../tests/support/messaging-world.ts';
import { eventually, notes, onlineIn, say, texts } from '../../tests/support/talking-devices.ts';
import type { MailboxItem } from './message-store.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);
const all = (...names: string[]) => Promise.all(names.map(online));

describe('changes by a member that is offline', () => {
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

  /** Disconnects the device. When it connects again, new items wait until it has sent its own posts. */
  const goesOffline = (device: TestDevice) => {
    device.disconnect();
    const waiting: MailboxItem[] = [];
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

  it('a new title does not bring back people who left, and adding a person by name does', async () => {
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
    for (const device of [ada!, ben!, cleo!]) expect([device.alerts, device.failures]).toEqual([[], []]);
  });

  it('an added person does not bring back people who left meanwhile', async () => {
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

  it('a new title removes nobody who was added meanwhile', async () => {
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
    expect(notes(ben!, conversation)).toEqual(['Ada changed the title to “Dinner”.']);
  });

  it.each(['at once', 'only after a while'])(
    'a departure counts for the others although many changes were unknown: the waiting items arrive %s',
    async (when) => {
      const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
      const people = [ben!.person, cleo!.person];
      const conversation = await ada!.messaging.start({ people, title: 'Lunch' });
      await eventually(() => expect(seenBy([ben!, cleo!]).map(([title]) => title)).toEqual(['Lunch', 'Lunch']));
      const hears = goesOffline(ben!);
      const commits = () => world.posts.flatMap(({ commit }) => commit?.epoch ?? []);
      // One more change than the number of earlier epochs whose keys a device keeps.
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
        await eventually(() => expect(messaging.unopenedItems(0, 1)).toEqual([]));
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
      expect([notes(ben!, conversation), ben!.alerts, ada!.alerts, cleo!.alerts]).toEqual([[], [], [], []]);
    },
  );

  it('a user who leaves while the device rejoins has left after the device is added', async () => {
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

describe('a device without usable key packages', () => {
  const MINUTE = 60_000;
  /** Lets the given number of minutes pass, with one round of the engine for each minute. */
  const pass = async ({ messaging }: TestDevice, minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      vi.setSystemTime(Date.now() + MINUTE);
      await messaging.maintain();
    }
  };
  afterEach(() => vi.useRealTimers());

  it('is asked less and less often, gets no file, and is added when it returns', async () => {
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
    // One claim is for the existing conversation, and one for each new conversation. Further claims follow after increasing delays.
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

  it('a refused claim neither keeps revoked devices in the group nor delays messages to members', async () => {
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
