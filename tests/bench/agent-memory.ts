/**
 * Memory of an idle agent that is connected, in the process of its service. The floor is Node with ws, TLS and an open database of
 * node:sqlite.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentProcess } from '../support/agent-process.ts';
import { type Bench, type Extent, firstRun, runsOf, type Sample } from './measure.ts';
import { quiet, residentKiB } from './process.ts';
import { Stage } from './stage.ts';

const RUNS = 5;
const BUDGET = 1.3;
/** Options of Node in `agent/cordon-agent.service`. */
const OPTIONS = ['--max-semi-space-size=1'];
const SETTLE = 5_000;

const FLOOR = `
import { connect } from 'node:tls';
import { DatabaseSync } from 'node:sqlite';
import { WebSocket } from ${JSON.stringify(import.meta.resolve('ws'))};
const database = new DatabaseSync(':memory:');
database.exec('create table reports (id integer primary key, body text)');
setInterval(() => [connect, database, WebSocket], 60_000);
`;

async function resident(started: ChildProcess, { share }: Extent): Promise<number> {
  const pid = started.pid ?? 0;
  await quiet(pid);
  await delay(SETTLE * share);
  return residentKiB(pid) / 1024;
}

async function floor(extent: Extent): Promise<number> {
  const started = spawn(process.execPath, [...OPTIONS, '--input-type=module', '--eval', FLOOR], { stdio: 'ignore' });
  const memory = await resident(started, extent);
  started.kill();
  await once(started, 'exit');
  return memory;
}

async function run(extent: Extent): Promise<Sample[]> {
  const stage = await Stage.open();
  try {
    const agent = new AgentProcess({ NODE_OPTIONS: OPTIONS.join(' ') });
    const group = await stage.operator.group('memory', 'PK');
    await agent.enroll((await stage.operator.code({ user: 'Memory', group })).link);
    const samples: Sample[] = [];
    for (let run = firstRun(extent); run < runsOf(RUNS, extent); run += 1) {
      const daemon = agent.run();
      await agent.connected();
      const value = await resident(daemon, extent);
      await agent.stop();
      // The first run fills the cache of compiled code.
      if (run >= 0) samples.push({ value, floor: await floor(extent), busy: null });
    }
    await agent.remove();
    return samples;
  } finally {
    await stage.close();
  }
}

export const agentMemoryBench = (extent: Extent): Bench => ({
  name: 'agent-memory',
  unit: 'MiB',
  budget: BUDGET,
  better: 'less',
  run: () => run(extent),
});
