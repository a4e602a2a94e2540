/**
 * Cost of a command's start: the CPU time of the whole process, with a warm cache of compiled code. The floor is Node with an
 * empty program.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, type Extent, runsOf, type Sample } from './measure.ts';

const RUNS = 9;

/** Budget as a ratio: 0.6 seconds for a command, while an empty Node program takes 0.045. */
const BUDGET = 13;

const COMMANDS = {
  'start-cordon': ['server/cordon.js', '--version'],
  'start-orders': ['server/cordon.js', 'orders', 'list', '--help'],
  'start-agent': ['agent/cordon-agent.js', 'status', '--help'],
} as const;

/** Cordon and the floor both load this file, so that the ratio is fair. */
const REPORT = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process.stderr.write('cpu ' + (user + system));
});`;
const PRELOAD = ['--import', `data:text/javascript,${encodeURIComponent(REPORT)}`];

/** CPU time of a process in milliseconds. */
function cpuOf(home: string, args: readonly string[]): number {
  const { stderr } = spawnSync(process.execPath, [...PRELOAD, ...args], {
    encoding: 'utf8',
    env: { ...process.env, HOME: home },
  });
  const microseconds = /cpu (\d+)$/.exec(stderr)?.[1];
  if (microseconds === undefined) throw new Error(`${args.join(' ')} failed: ${stderr}`);
  return Number(microseconds) / 1000;
}

export const commandLineBenches = (extent: Extent): Bench[] =>
  Object.entries(COMMANDS).map(([name, line]) => ({
    name,
    unit: 'CPU ms',
    budget: BUDGET,
    better: 'less' as const,
    async run() {
      const home = mkdtempSync(join(tmpdir(), 'cordon-bench-'));
      try {
        // The first start fills the cache of compiled code, and is not measured.
        cpuOf(home, line);
        const sample = (): Sample => ({ value: cpuOf(home, line), floor: cpuOf(home, ['--eval', '0']), busy: null });
        return Array.from({ length: runsOf(RUNS, extent) }, sample);
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
  }));
