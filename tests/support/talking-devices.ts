/** Test actions on devices that talk to each other in one `MessagingWorld`. */
import { expect, vi } from 'vitest';
import type { MessagingWorld, TestDevice } from './messaging-world.ts';

/** The server's half of the key that locks a workspace. */
export const SHARE = Buffer.alloc(32, 7);

const WAIT = { timeout: 60_000, interval: 10 };
export const eventually = (check: () => void) => vi.waitFor(check, WAIT);

/** Enrolls a device that is connected and ready to send. */
export async function onlineIn(world: MessagingWorld, name: string): Promise<TestDevice> {
  const device = await world.enroll(name);
  device.connect();
  await device.messaging.maintain();
  await eventually(() => expect(device.messaging.state().state).toBe('ready'));
  return device;
}

/** Texts of the messages with a sender, oldest first. */
export const texts = ({ messaging }: TestDevice, conversation: string) =>
  messaging.messages(conversation, { limit: 100 }).flatMap(({ from, text }) => (from ? [text] : []));
/** Texts of the notes without a sender, except the notices of `new-devices.test.ts`. */
export const notes = ({ messaging }: TestDevice, conversation: string) =>
  messaging
    .messages(conversation, { limit: 100 })
    .flatMap(({ from, text }) => (from || text.startsWith('A new device of ') ? [] : [text]));
export const say = ({ messaging }: TestDevice, conversation: string, text: string) =>
  messaging.send(conversation, { text, attachments: [] });
export const stateOf = ({ messaging }: TestDevice, conversation: string, id: string) =>
  messaging.messages(conversation, { limit: 100 }).find((message) => message.id === id)?.state;
