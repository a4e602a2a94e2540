/** Successors of a conversation whose members can no longer change, over real engines and an in-memory delivery service. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { MessagingWorld } from '../../../tests/support/messaging-world.ts';
import { eventually, notes, onlineIn, say, texts } from '../../../tests/support/talking-devices.ts';
import type { MailboxItem } from '../message-store.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);

it('all devices choose the smaller id when two devices begin successors at the same time, and each user reads which conversation it continues', async () => {
  const [ada, ben] = await Promise.all([online('Ada'), online('Ben')]);
  const conversation = await ada.messaging.start({ people: [ben.person], title: 'Plans' });
  await eventually(() => expect(ben.messaging.conversations()).toHaveLength(1));
  await eventually(() => expect(ada.store.device(ada.id).messaging.countPosts()).toBe(0));

  world.forget(conversation);
  const delayed: (readonly [DeviceId, MailboxItem])[] = [];
  world.tamper = (to, item) => {
    if (item.type !== 'post' || (to !== ada.id && to !== ben.id)) return item;
    delayed.push([to, item]);
    return null;
  };
  // Both devices try to add Ben's new device. The server refuses both commits, so each device begins a successor.
  const newest = await online('Ben');
  const begunBy = (device: DeviceId) =>
    world.posts.flatMap(({ from, commit }) =>
      from === device && commit?.epoch === 0 && commit.conversation !== conversation ? [commit.conversation] : [],
    );
  await eventually(() => expect([ada, ben].map(({ id }) => begunBy(id).length)).toEqual([1, 1]));
  const [chosen = '', other = ''] = [...begunBy(ada.id), ...begunBy(ben.id)].toSorted();
  world.tamper = (_to, item) => item;
  for (const [to, item] of delayed) world.deliver(to, item);

  // The device that began the conversation with the larger id later receives the smaller id.
  for (const device of [ada, ben]) {
    await eventually(() =>
      expect(notes(device, other)).toContainEqual(expect.stringMatching(/Both began at the same/)),
    );
    expect(notes(device, chosen)).toEqual([expect.stringMatching(/continues “Plans”/)]);
    expect(notes(device, conversation).at(-1)).toMatch(/continues in a new one/);
  }
  // Ben's new device was never in the first conversation. It joined both successors, and links them by itself.
  await eventually(() => expect(notes(newest, other)).toContainEqual(expect.stringMatching(/Both began at the same/)));
  await say(newest, other, 'of the new device');
  await say(ada, conversation, 'of Ada');
  await say(ben, conversation, 'of Ben');
  for (const device of [ada, ben, newest]) {
    await eventually(() => expect(texts(device, chosen).toSorted()).toEqual(['of Ada', 'of Ben', 'of the new device']));
  }
});
