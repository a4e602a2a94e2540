/**
 * The server's process is killed with -9 repeatedly while it sends a thousand commands to real agents. After each start, the server has
 * every acknowledged command. In the end, every command is finished and ran once, although admins repeated requests.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import { commandList, commandView } from '../../shared/api/commands.ts';
import { alertList } from '../../shared/api/devices.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, type DeviceId, newCommandId } from '../../shared/protocol/ids.ts';
import { Agents } from '../support/agents.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 4);
const COMMANDS = 1_000;
/** Number of devices: high enough that each device gets at most the 50 commands that the API lists. */
const DEVICES = 24;
/** Number of admins that send commands at the same time. */
const ADMINS = 6;

interface Issued {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly command: Command;
}

let folder: string;
let server: ServerProcess;
let operator: Operator;
let agents: Agents;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-commands-'));
  const mortal = import.meta.resolve('../support/mortal-sqlite.ts');
  server = await startServerProcess({ NODE_OPTIONS: `--import ${mortal}` });
  operator = await setUp(server.admin, server.firstOwner);
  const group = await operator.group('everyone', 'SE');
  const links: string[] = [];
  for (let index = 0; index < DEVICES; index += 1) {
    links.push((await operator.code({ user: `user ${index}`, group })).link);
  }
  agents = new Agents(folder, DEVICES);
  await agents.enroll(links);
}, 60_000);
afterAll(async () => {
  await agents.kill();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

it(`case 54: ${COMMANDS} commands each run once, although the server is killed with -9 ${KILLS} times`, {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const { owner, as } = operator;
  const devices = (await agents.states()).map(({ device }) => device);
  const kinds = ['message', 'lock-workspace', 'refresh-inventory'] as const;
  const wanted = Array.from({ length: COMMANDS }, (_, index): Issued => {
    const kind = kinds[index % kinds.length] ?? 'message';
    const device = devices[index % devices.length];
    if (!device) throw new Error('there are no devices');
    return { id: newCommandId(), device, command: kind === 'message' ? { kind, text: `message ${index}` } : { kind } };
  });
  const acknowledged = new Map<CommandId, Issued>();
  let up = Promise.resolve();
  let repeatedRequests = 0;

  const issue = ({ id, device, command }: Issued) =>
    as(owner, 'POST', `/devices/${device}/commands`, commandView, { id, command });

  /** Sends a command until the server acknowledges it. After a lost response, sends it again under the same id. */
  async function sendUntilAcknowledged(wish: Issued): Promise<void> {
    for (;;) {
      await up;
      try {
        const { id } = await issue(wish);
        expect(id).toBe(wish.id);
        acknowledged.set(id, wish);
        return;
      } catch (error) {
        // A Cordon error is a response of the server. Any other error is a broken connection.
        if (isCordonError(error)) throw error;
        repeatedRequests += 1;
        await delay(5);
      }
    }
  }

  const queue = [...wanted];
  const admins = Array.from({ length: ADMINS }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await sendUntilAcknowledged(next);
      // An admin presses the button twice.
      if (Math.random() < 0.05) await sendUntilAcknowledged(next);
    }
  });
  const issuing = Promise.all(admins);

  async function stored(): Promise<z.output<typeof commandView>[]> {
    const lists = devices.map((device) => as(owner, 'GET', `/devices/${device}/commands`, commandList));
    return (await Promise.all(lists)).flatMap(({ commands }) => commands);
  }

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const threshold = Math.floor((kill * COMMANDS) / (KILLS + 1));
    await until(() => expect(acknowledged.size).toBeGreaterThanOrEqual(threshold), 30_000, 2);
    await delay(Math.random() * 40);
    if (kill % 2 === 0) {
      // Every second kill comes from inside the server, before a statement of its store. The others come from outside.
      const gone = once(server.process, 'exit');
      server.process.kill('SIGUSR2');
      await Promise.race([gone, delay(2_000)]);
    }
    await server.kill();
    const restarted = Promise.withResolvers<void>();
    up = restarted.promise;
    const before = [...acknowledged.keys()];
    await server.start();
    const there = new Set((await stored()).map(({ id }) => id));
    expect(before.filter((id) => !there.has(id))).toEqual([]);
    restarted.resolve();
    await agents.tick();
  }

  await issuing;
  expect(acknowledged.size).toBe(COMMANDS);
  await agents.tick();
  await until(
    async () => {
      const all = await stored();
      expect(all.filter(({ state }) => state !== 'done').map(({ id, state }) => `${id} ${state}`)).toEqual([]);
      expect(new Set(all.map(({ id }) => id))).toEqual(new Set(wanted.map(({ id }) => id)));
    },
    30_000,
    250,
  );

  for (const { device, locks, inventories, messages } of await agents.ran()) {
    const mine = wanted.filter((each) => each.device === device);
    const texts = mine.flatMap(({ command }) => (command.kind === 'message' ? [command.text] : []));
    expect([...messages].sort()).toEqual(texts.sort());
    expect(locks).toBe(mine.filter(({ command }) => command.kind === 'lock-workspace').length);
    // Each device also sent its inventory once without a command, on its first connection.
    expect(inventories).toBe(mine.filter(({ command }) => command.kind === 'refresh-inventory').length + 1);
  }
  expect((await as(owner, 'GET', '/alerts', alertList)).alerts).toEqual([]);
  console.log(`${COMMANDS} commands, ${KILLS} kills, ${repeatedRequests} requests repeated after a lost response`);
});
