/**
 * The server's process is killed with -9 repeatedly while it sends commands to many devices (jobs) to real agents. After each start, the
 * server has every acknowledged job with all of its devices. In the end, each device ran each command once, although the admin repeated
 * requests.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issuedToMany } from '../../shared/api/commands.ts';
import { alertList } from '../../shared/api/devices.ts';
import { jobView } from '../../shared/api/jobs.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, newCommandId } from '../../shared/protocol/ids.ts';
import { Agents } from '../support/agents.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 4);
const JOBS = 30;
const DEVICES = 24;

let folder: string;
let server: ServerProcess;
let operator: Operator;
let agents: Agents;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-jobs-'));
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

it(`${JOBS} commands to ${DEVICES} devices each run once, although the server is killed with -9 ${KILLS} times`, {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const { owner, as } = operator;
  const devices = (await agents.states()).map(({ device }) => device);
  const wanted = Array.from({ length: JOBS }, (_, index): { readonly id: CommandId; readonly command: Command } => ({
    id: newCommandId(),
    command: index % 3 === 0 ? { kind: 'lock-workspace' } : { kind: 'message', text: `message ${index}` },
  }));
  const acknowledged = new Set<CommandId>();
  let up = Promise.resolve();

  /** Sends a job until the server acknowledges it. After a lost response, sends it again under the same id. */
  async function sendUntilAcknowledged(body: (typeof wanted)[number]): Promise<void> {
    for (;;) {
      await up;
      try {
        const issued = await as(owner, 'POST', '/commands', issuedToMany, { ...body, devices });
        expect(issued).toEqual({ id: body.id, queued: DEVICES, refused: [] });
        acknowledged.add(body.id);
        return;
      } catch (error) {
        // A Cordon error is a response of the server. Any other error is a broken connection.
        if (isCordonError(error) || (error as Error).name === 'AssertionError') throw error;
        await delay(5);
      }
    }
  }

  const issuing = (async () => {
    for (const [index, job] of wanted.entries()) {
      await sendUntilAcknowledged(job);
      if (index % 5 === 0) await sendUntilAcknowledged(job);
    }
  })();
  const countsOf = async (id: CommandId) => (await as(owner, 'GET', `/jobs/${id}`, jobView)).counts;

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const threshold = Math.floor((kill * JOBS) / (KILLS + 1));
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
    const before = [...acknowledged];
    await server.start();
    for (const id of before) {
      const counts = await countsOf(id);
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(DEVICES);
      expect([counts.failed, counts.expired, counts.canceled]).toEqual([0, 0, 0]);
    }
    restarted.resolve();
    await agents.tick();
  }

  await issuing;
  await agents.tick();
  await until(
    async () => {
      for (const { id } of wanted) expect(await countsOf(id)).toMatchObject({ done: DEVICES });
    },
    30_000,
    250,
  );
  const texts = wanted.flatMap(({ command }) => (command.kind === 'message' ? [command.text] : []));
  for (const { locks, messages } of await agents.ran()) {
    expect([...messages].sort()).toEqual([...texts].sort());
    expect(locks).toBe(wanted.length - texts.length);
  }
  expect((await as(owner, 'GET', '/alerts', alertList)).alerts).toEqual([]);
});
