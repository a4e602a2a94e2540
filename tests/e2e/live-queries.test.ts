/** Live queries to real agents: processes, services, open ports and files of this machine, and what the user of the device sees. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { activityPage } from '../../shared/api/activity.ts';
import { inventorySections } from '../../shared/api/inventory.ts';
import { answerPage, liveQueryList, liveQueryView } from '../../shared/api/live-queries.ts';
import { COLUMNS, type LiveQuery } from '../../shared/live-query/live-query.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { until } from '../support/until.ts';

let world: World;
let agent: AgentProcess;
let offline: AgentProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-query-'));
  world = await openWorld();
  agent = await world.enrolled();
  offline = await world.enrolled();
  agent.run();
  await agent.connected();
  // The agent answers after it has the list of sections, which arrives after the connection.
  await until(async () => expect((await world.device(agent.device)).inventory?.system).toBeDefined(), 30_000);
});
afterAll(async () => {
  await world.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(query: LiveQuery, devices: readonly string[] = [agent.device]) {
  const { owner, as } = world.operator;
  const { id } = await as(owner, 'POST', '/queries', liveQueryView, { query, devices, seconds: 60 });
  await until(async () =>
    expect((await as(owner, 'GET', `/queries/${id}`, liveQueryView)).counts.waiting).toBeUndefined(),
  );
  const { answers } = await as(owner, 'GET', `/queries/${id}/answers`, answerPage);
  const own = answers.find(({ device }) => device === agent.device);
  const names = COLUMNS[query.kind].map(({ name }) => name);
  const rows = own?.rows.map((row) => Object.fromEntries(row.map((cell, index) => [names[index], cell])));
  return { id, answers, state: own?.state, rows: rows ?? [] };
}

it('lists processes without arguments, and reports an offline device as not connected', async () => {
  const { answers, rows, id } = await ask({ kind: 'processes', name: 'node' }, [agent.device, offline.device]);
  expect(answers.find(({ device }) => device === offline.device)).toMatchObject({ state: 'not-connected', rows: [] });
  expect(rows).toContainEqual(
    expect.objectContaining({ pid: process.pid, program: process.execPath, memory: expect.any(Number) }),
  );
  // The arguments of this process contain the name of the test runner.
  expect(JSON.stringify(rows)).not.toContain('vitest.config');

  const cli = await world.server.cli(['query', 'export', id, join(folder, 'answers.csv')], world.operator);
  expect(cli).toMatchObject({ code: 0 });
});
