import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MessagingWorld, type TestDevice } from '../../../tests/support/messaging-world.ts';

/** The server's key share of a workspace lock. */
const SHARE = Buffer.alloc(32, 7);

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

const copyOf = async ({ messaging }: TestDevice): Promise<Record<string, unknown>[]> =>
  (await Array.fromAsync(messaging.export())).map((line) => JSON.parse(line));
const filesIn = (copy: readonly Record<string, unknown>[]) => copy.filter(({ type }) => type === 'file');

it('exports each local file after its message, and fetches no other file', async () => {
  const [ada, ben] = [await online('Ada'), await online('Ben')];
  const conversation = await ada.messaging.start({ people: [ben.person], title: null });
  const [plan, map] = [Buffer.alloc(300_000, 'plan'), Buffer.from([0, 255, 10, 13])];
  const attachments = [
    { name: 'plan.txt', type: 'text/plain', bytes: plan },
    { name: 'map.bin', type: 'application/octet-stream', bytes: map },
  ];
  const message = await ada.messaging.send(conversation, { text: 'two files', attachments });
  await ada.messaging.send(conversation, { text: 'no file', attachments: [] });
  await eventually(() => expect(ben.messaging.messages(conversation, { limit: 9 })).toHaveLength(2));

  const sent = await copyOf(ada);
  expect(sent.map(({ type }) => type)).toEqual(['conversation', 'message', 'file', 'file', 'message']);
  const named = { type: 'file', message };
  expect(filesIn(sent)).toEqual([
    { ...named, index: 0, name: 'plan.txt', mediaType: 'text/plain', base64: plan.toString('base64') },
    { ...named, index: 1, name: 'map.bin', mediaType: 'application/octet-stream', base64: map.toString('base64') },
  ]);

  world.reachable = false;
  expect(filesIn(await copyOf(ben))).toEqual([]);
  world.reachable = true;
  await ben.messaging.attachment(message, 1);
  expect(filesIn(await copyOf(ben))).toMatchObject([{ message, index: 1, base64: map.toString('base64') }]);

  await ben.workspace.lock(SHARE);
  await expect(copyOf(ben)).rejects.toMatchObject({ code: 'workspace_locked' });
});

it('exports everything else when a local file is damaged', async () => {
  const [ada, ben] = [await online('Ada'), await online('Ben')];
  const conversation = await ada.messaging.start({ people: [ben.person], title: null });
  const attachments = [{ name: 'a', type: 'text/plain', bytes: Buffer.from('a') }];
  await ada.messaging.send(conversation, { text: 'one', attachments });
  const folder = join(ada.folder, 'workspace', 'files');
  for (const name of await readdir(folder)) writeFileSync(join(folder, name), 'nothing of it');
  await ada.messaging.send(conversation, { text: 'two', attachments });
  const copy = await copyOf(ada);
  expect(copy.map(({ type, text }) => text ?? type)).toEqual(['conversation', 'one', 'two', 'file']);
});
