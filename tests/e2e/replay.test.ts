/** All timelines of the project. The program `replay` plays one of them, and copies that must fail. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openPlayer } from '../replay/player.ts';
import { parseTimeline } from '../replay/timeline.ts';
import { WarmProcesses } from '../replay/warm-processes.ts';
import { POSTGRES_SERVER } from '../support/postgres.ts';
import { programPath } from '../support/programs.ts';
import { needed } from '../support/tools.ts';

const timelines = join(import.meta.dirname, '../timelines');
const program = programPath('tests/replay/replay.ts');

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

async function replay(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

const logs = mkdtempSync(join(tmpdir(), 'cordon-timeline-logs-'));
const warm = new WarmProcesses(logs);
afterAll(async () => {
  await warm.end();
  rmSync(logs, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-timeline-'));
  folders.push(folder);
  return folder;
}

/** A changed copy of a timeline. */
function changed(file: string, change: (timeline: { steps: Record<string, unknown>[] }) => void): string {
  const folder = newFolder();
  const timeline = JSON.parse(readFileSync(join(timelines, file), 'utf8'));
  change(timeline);
  writeFileSync(join(folder, file), JSON.stringify(timeline));
  return join(folder, file);
}

/** Time limit of a replay. The longest replay takes 40 s alone, and several times that beside other tests. */
const WITHIN = 300_000;

/**
 * Maximum number of devices of one label that this test plays in shared processes. Each further device of a label repeats the same steps and
 * expectations. `npm run test:faults` plays all of them.
 */
const DEVICES_OF_LABEL = process.env['CORDON_FAULTS'] ? Infinity : 8;

/** Timeline that a person's command line plays. */
const PLAYED_BY_PROGRAM = 'left-2022.json';

describe('replay', () => {
  /** Plays the timeline in processes that the other timelines use too. */
  async function expectHolds(file: string): Promise<void> {
    const timeline = parseTimeline(readFileSync(join(timelines, file), 'utf8'));
    const fleet = timeline.fleet.map((part) => ({ ...part, count: Math.min(part.count, DEVICES_OF_LABEL) }));
    const player = await openPlayer({ ...timeline, fleet }, newFolder(), { warm });
    try {
      for (const step of timeline.steps) expect(await player.play(step)).toMatchObject({ failure: null, unmet: [] });
    } finally {
      await player.close();
    }
  }

  async function expectProgramHolds(file: string, ...options: string[]): Promise<void> {
    const { code, stdout, stderr } = await replay('--json', ...options, join(timelines, file));
    const steps = stdout
      .trim()
      .split('\n')
      .map((line): { holds: boolean } => JSON.parse(line));
    expect(steps.filter((step) => !step.holds)).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(steps.length).toBe(JSON.parse(readFileSync(join(timelines, file), 'utf8')).steps.length);
  }

  it.each(readdirSync(timelines).filter((file) => file.endsWith('.json')))(
    '%s holds',
    (file) => (file === PLAYED_BY_PROGRAM ? expectProgramHolds(file) : expectHolds(file)),
    WITHIN,
  );

  const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', POSTGRES_SERVER !== '');
  /** Two timelines: one with crashes of server and devices, and the one with the most devices, which takes long. */
  const onPostgres = ['power-cuts.json', ...(process.env['CORDON_FAULTS'] ? ['pakistan-2015.json'] : [])];
  it.skipIf(!present).each(onPostgres)(
    '%s holds on PostgreSQL',
    (file) => expectProgramHolds(file, '--postgres'),
    WITHIN,
  );

  it(
    'exits 1 at an expectation that is turned round, and names step, device, what was expected and the reasons',
    async () => {
      const file = changed('management-denied.json', ({ steps }) => {
        steps.splice(4, steps.length - 4, { ...steps[3], services: { messaging: 'allowed' }, because: 'traveler' });
        steps.splice(3, 1);
      });
      const { code, stdout } = await replay(file);
      expect(code).toBe(1);
      expect(stdout).toMatch(/✗ +4 +2011-01-28T00:31 +residents: messaging allowed by eg because traveler/);
      expect(stdout).toMatch(/step 4 of management-denied: the expectation is not met/);
      expect(stdout).toMatch(/device +dev_[a-z2-7]{16} \(residents 1\), as the (device|server) sees it/);
      expect(stdout).toMatch(/expected +messaging allowed\n/);
      expect(stdout).toMatch(/got +denied by 2011-001\n/);
      expect(stdout).toMatch(/reasons +(present, network|network, present)\n/);
      expect(stdout).toMatch(/and so with 4 more/);
    },
    WITHIN,
  );

  it(
    'exits 1 at an act that is done although it should be refused',
    async () => {
      const file = changed('management-denied.json', ({ steps }) => {
        steps.splice(1, steps.length - 1, { ...steps[1], expect: { refused: 'same_person' } });
      });
      const { code, stdout } = await replay('--json', file);
      expect(code).toBe(1);
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        step: 2,
        holds: false,
        failure: 'expected to be refused with same_person, but it was done',
      });
    },
    WITHIN,
  );

  it('exits 2 for a field that it does not know, naming it, before it plays anything', async () => {
    const file = changed('saudi-2010.json', ({ steps }) => {
      steps[4] = { ...steps[4], becuase: 'network' };
    });
    const { code, stdout, stderr } = await replay(join(timelines, 'uae-2010.json'), file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/saudi-2010\.json: step 5: unknown field "becuase"/);
  });
});
