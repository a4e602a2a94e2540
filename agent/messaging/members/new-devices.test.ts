/** Notes about a person's new device: which users see them, and that no message is sealed for the device before the note. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MessagingWorld, type TestDevice } from '../../../tests/support/messaging-world.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

async function online(name: string): Promise<TestDevice> {
  const device = await world.enroll(name);
  device.connect();
  await device.messaging.maintain();
  await eventually(() => expect(device.messaging.state().state).toBe('ready'));
  return device;
}
/** Messages and notes in the order of their display. Notes are in brackets. */
const shown = ({ messaging }: TestDevice, conversation: string) =>
  messaging
    .messages(conversation, { limit: 100 })
    .map(({ from, text }) => (from ? text : `[${text.replace(/\. .*$/, '')}]`));
const say = ({ messaging }: TestDevice, conversation: string, text: string) =>
  messaging.send(conversation, { text, attachments: [] });
const knows = (device: TestDevice, conversation: string) =>
  device.messaging.conversations().some(({ id }) => id === conversation);

async function talk(...others: TestDevice[]): Promise<string> {
  const [first, ...rest] = others;
  const conversation = await first!.messaging.start({ people: rest.map(({ person }) => person), title: 'Talk' });
  await say(first!, conversation, 'before');
  for (const other of rest) await eventually(() => expect(shown(other, conversation)).toContain('before'));
  return conversation;
}

describe('a new device of a person', () => {
  it('case 17: is shown to the person’s other devices and to partners before anything is sealed for it', async () => {
    const [ada, ben, cleo] = [await online('Ada'), await online('Ben'), await online('Cleo')];
    const conversation = await talk(ada, ben, cleo);
    const second = await online('Ben');
    await eventually(() => expect(knows(second, conversation)).toBe(true));
    for (const device of [ada, ben, cleo]) {
      const whose = device === ben ? 'yours' : 'Ben';
      await eventually(() =>
        expect(shown(device, conversation)).toEqual(['before', `[A new device of ${whose} was added]`]),
      );
    }
    for (const device of [ada, ben, cleo]) await say(device, conversation, `after, by ${device.name}`);
    await eventually(() =>
      expect(shown(second, conversation).filter((text) => text.startsWith('after'))).toHaveLength(3),
    );
    for (const device of [ada, ben, cleo]) {
      const [notice, ...more] = world.announced.filter((one) => one.device === device.id);
      expect(more).toEqual([]);
      const sealed = world.posts.findIndex(({ from, to }) => from === device.id && to.includes(second.id));
      expect(sealed).toBeGreaterThanOrEqual(notice?.after ?? Number.POSITIVE_INFINITY);
    }
    expect([ada, ben, cleo, second].map(({ alerts }) => alerts)).toEqual([[], [], [], []]);
    expect(world.announced.some(({ device }) => device === second.id)).toBe(false);
  });

  it('is shown when the person had no device left, and when the person enrolls a device again', async () => {
    const [ada, ben, cleo] = [await online('Ada'), await online('Ben'), await online('Cleo')];
    const conversation = await talk(ada, ben, cleo);
    world.revoke(ben.id);
    await say(ada, conversation, 'without Ben');
    await eventually(() => expect(shown(cleo, conversation)).toContain('without Ben'));
    const second = await online('Ben');
    await eventually(() => expect(knows(second, conversation)).toBe(true));
    for (const device of [ada, cleo]) {
      await eventually(() => expect(shown(device, conversation)).toContain('[A new device of Ben was added]'));
    }
    const again = await world.enroll('Ben', 2, second.id);
    await second.stop();
    again.connect();
    await again.messaging.maintain();
    for (const device of [ada, cleo]) {
      await eventually(() =>
        expect(shown(device, conversation)).toContain('[A new device of Ben was enrolled again and added]'),
      );
    }
  });

  it('is shown in a later conversation, except for a person who is new there', async () => {
    const [ada, ben] = [await online('Ada'), await online('Ben')];
    await talk(ada, ben);
    const first = world.announced.length;
    ada.disconnect();
    const second = await online('Ben');
    const cleo = await online('Cleo');
    ada.connect();
    await ada.messaging.maintain();
    const conversation = await ada.messaging.start({ people: [ben.person, cleo.person], title: 'Later' });
    await say(ada, conversation, 'hello');
    await eventually(() => expect(shown(second, conversation)).toContain('hello'));
    const told = (device: TestDevice) =>
      world.announced.slice(first).filter((one) => one.device === device.id && one.text.includes('Cleo'));
    for (const device of [ada, ben, second, cleo]) expect(told(device)).toEqual([]);
    expect(shown(ada, conversation)).toEqual(['[A new device of Ben was added]', 'hello']);
    await eventually(() => expect(shown(cleo, conversation)).toEqual(['hello']));
  });
});
