/** The mailbox counters reveal a device that was restored from a backup. Items that waited in the mailbox are read in the right order. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MessagingWorld, type TestDevice } from '../../../tests/support/messaging-world.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
vi.setConfig({ testTimeout: 60_000 });

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

async function online(name: string): Promise<TestDevice> {
  const device = await world.enroll(name);
  device.connect();
  await device.messaging.maintain();
  await eventually(() => expect(device.messaging.state().state).toBe('ready'));
  return device;
}

/** Starts one conversation with each of the other people, and waits until all have joined. */
async function begun(from: TestDevice, ...others: readonly TestDevice[]): Promise<string[]> {
  const conversations: string[] = [];
  for (const { person } of others) conversations.push(await from.messaging.start({ people: [person], title: null }));
  for (const { messaging } of others) await eventually(() => expect(messaging.conversations()).toHaveLength(1));
  await eventually(() => expect(waiting(from)).toBe(0));
  return conversations;
}

const waiting = ({ id, store }: TestDevice) => store.device(id).messaging.countPosts();
const say = ({ messaging }: TestDevice, conversation: string, text: string) =>
  messaging.send(conversation, { text, attachments: [] });
const texts = ({ messaging }: TestDevice, conversation: string) =>
  messaging.messages(conversation, { limit: 100 }).map(({ text }) => text);
const stateOf = ({ messaging }: TestDevice, conversation: string) =>
  messaging.conversations().find(({ id }) => id === conversation)?.state;

async function connectAgain(device: TestDevice): Promise<void> {
  device.disconnect();
  device.connect();
  await device.messaging.maintain();
  await eventually(() => expect(waiting(device)).toBe(0));
}

it('the loss of one conversation during a post does not affect others, also after a restart', async () => {
  const [ada, ben, cyd, dan] = [await online('Ada'), await online('Ben'), await online('Cyd'), await online('Dan')];
  const [lost = '', other = ''] = await begun(ada, ben, cyd);
  world.unanswered.add(ada.id);
  const sent = world.posts.length;
  for (const text of ['one', 'two']) await say(ada, lost, text);
  await eventually(() => expect(world.posts.slice(sent).filter(({ from }) => from === ada.id)).toHaveLength(2));
  // The server drops a commit for Ada's device.
  world.tamper = (to, item) => (to === ada.id ? null : item);
  await ben.messaging.addPeople(lost, [dan.person]);
  await eventually(() => expect(dan.messaging.conversations()).toHaveLength(1));
  await eventually(() => expect(waiting(ben)).toBe(0));
  world.tamper = (_to, item) => item;
  await say(ben, lost, 'not for her any more');
  await eventually(() => expect(ada.alerts).toEqual(['conversation_lost']));
  await ada.stop();
  world.unanswered.delete(ada.id);

  const again = await world.boot(ada);
  again.connect();
  await eventually(() => expect(stateOf(again, lost)).toBe('ready'));
  expect(stateOf(again, other)).toBe('ready');
  expect(texts(again, other)).toEqual([]);
  expect(texts(again, lost).filter((text) => text.includes('restored'))).toEqual([]);
  await connectAgain(again);
  await say(again, other, 'here as ever');
  await eventually(() => expect(texts(cyd, other)).toEqual(['here as ever']));
});

it('a conversation that began while an order held all messages for months can be opened', async () => {
  const [ada, ben] = [await online('Ada'), await online('Ben')];
  await ben.stop();
  const conversation = await ada.messaging.start({ people: [ben.person], title: null });
  for (const text of ['one', 'two']) await say(ada, conversation, text);
  await eventually(() => expect(waiting(ada)).toBe(0));
  const { now } = Date;
  const later = vi.spyOn(Date, 'now').mockImplementation(() => now() + 120 * 86_400_000);
  try {
    // The device starts again, because it would otherwise keep its old clock state.
    const back = await world.boot(ben);
    back.connect();
    await eventually(() => expect(texts(back, conversation)).toEqual(['one', 'two']));
    expect(back.alerts).toEqual([]);
    await say(back, conversation, 'at last');
    await eventually(() => expect(texts(ada, conversation)).toEqual(['one', 'two', 'at last']));
  } finally {
    later.mockRestore();
  }
});
