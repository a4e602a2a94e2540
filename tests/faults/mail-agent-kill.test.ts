/**
 * The agent's process is killed with -9 at points of its mail path: during a fetch, between a file and its row, before and after each request.
 * Each received mail arrives once, and each mail that was durable on the device reaches the connector once.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MailClient } from '../../agent/mail/mail-client.ts';
import { isCordonError } from '../../shared/errors.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { FromAgent, MailStart, ToAgent } from '../support/mail-agent-process.ts';
import { letter, MailWorld, type TestConnector } from '../support/mail-world.ts';
import { personCalled } from '../support/persons.ts';

const KILLS = Math.min(100, Number(process.env['CORDON_FAULTS'] ?? 6));
const ENTRY = join(import.meta.dirname, '../support/mail-agent-process.ts');
const NAME = 'Ada';

type Done = Extract<FromAgent, { type: 'done' }>;

let folder: string;
let world: MailWorld;
let connector: TestConnector;
let start: Omit<MailStart, 'fuse' | 'write'>;
let client: MailClient;
const written: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-mail-kill-'));
  world = new MailWorld();
  connector = await world.connector();
  const self = { device: newDeviceId(), generation: 1, key: await makeSigningKey() };
  const { device, generation, key } = self;
  world.members.push({
    device,
    generation,
    person: personCalled(NAME),
    name: NAME,
    email: 'ada@corp.example',
    signatureKey: key.publicKey,
  });
  client = world.service.client(device);
  start = { folder, self, members: world.members };
});
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the agent until it ends. Returns null if it killed itself. */
async function run(given: Pick<MailStart, 'fuse' | 'write'>): Promise<Done | null> {
  const child = fork(ENTRY, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let done: Done | null = null;
  const reply = (message: ToAgent) => {
    if (child.connected) child.send(message);
  };
  child.on('message', (message: FromAgent) => {
    if (message.type === 'done') done = message;
    if (message.type === 'written') written.push(message.subject);
    if (message.type !== 'call') return;
    const { id, name, args } = message;
    const verb = client[name] as (...args: readonly unknown[]) => Promise<unknown>;
    verb(...args).then(
      (value) => reply({ type: 'result', id, value }),
      (error: unknown) => {
        const code = isCordonError(error) ? error.code : 'internal';
        reply({ type: 'failure', id, code, message: String(error) });
      },
    );
  });
  reply({ type: 'start', start: { ...start, ...given } });
  const [code, signal] = await once(child, 'exit');
  if (done === null && signal !== 'SIGKILL') throw new Error(`the agent ended with ${code} ${signal}`);
  return done;
}

it(`case 54: the agent loses and doubles no mail, although it is killed with -9 at ${KILLS} points`, {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  // The first run publishes the key of the device. The second run counts the steps of a mail in each direction.
  await run({ fuse: null, write: null });
  await connector.deliver(NAME, letter('In 0'));
  const steps = (await run({ fuse: null, write: 'Out 0' }))?.steps ?? 0;
  expect(steps).toBeGreaterThan(40);
  let killed = 0;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await connector.deliver(NAME, letter(`In ${kill}`));
    const fuse = Math.round((kill * steps) / (KILLS + 1));
    if ((await run({ fuse, write: `Out ${kill}` })) === null) killed += 1;
  }
  expect(killed).toBe(KILLS);
  const done = await run({ fuse: null, write: null });
  const all = (name: string) => Array.from({ length: KILLS + 1 }, (_, index) => `${name} ${index}`).sort();
  expect([...(done?.inbox ?? [])].sort()).toEqual(all('In'));
  const received = (await connector.receive()).map(({ message }) => {
    return /^Subject: (.*)\r$/m.exec(Buffer.from(message).toString())?.[1] ?? '';
  });
  expect(new Set(received).size).toBe(received.length);
  expect(received).toEqual(expect.arrayContaining(written));
  expect([...received].sort()).toEqual([...(done?.sent ?? [])].sort());
});
