/**
 * A job over many devices, of which 3 % fail, while the server is killed twice with -9. The job stops at its failure rate and resumes. Each
 * device runs the command once, and no device is missed. `npm test` uses 400 devices on SQLite. `npm run test:faults` uses 10,000 on each
 * database, which takes about 200 seconds of CPU time each, mainly for 30,000 TLS handshakes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issuedToMany } from '../../shared/api/commands.ts';
import { healthView } from '../../shared/api/health.ts';
import { type JobView, jobView } from '../../shared/api/jobs.ts';
import { describeOnSqliteFirst } from '../support/each-database.ts';
import { Herd } from '../support/herd.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const SIZE = process.env['CORDON_FAULTS'] ? 10_000 : 400;
const LONGEST = Math.max(120_000, 60 * SIZE);
/** The stop rule allows less than one failure in a hundred results, and three in a hundred devices fail. */
const STOP = { percent: 1, minimum: 20 };
/** Devices of one process that connect at the same time. This test is about the job, and `herd.test.ts` about the connections. */
const HANDSHAKES = 50;

describeOnSqliteFirst('a job', (database) => {
  let folder: string;
  let server: ServerProcess;
  let operator: Operator;
  let herd: Herd;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-job-'));
    server = await startServerProcess(await database.env());
    operator = await setUp(server.admin, server.firstOwner);
    herd = await Herd.start(folder, server, {
      size: SIZE,
      group: await operator.group('everyone', 'SE'),
      most: HANDSHAKES,
    });
    await connected();
  }, 2 * LONGEST);
  afterAll(async () => {
    await herd?.kill();
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const connected = () =>
    until(
      async () => {
        const health = await operator.as(operator.owner, 'GET', '/health', healthView);
        expect(health.connected).toBe(SIZE);
      },
      LONGEST,
      250,
    );

  const countOf = (job: JobView, ...states: (keyof JobView['counts'])[]) =>
    states.reduce((sum, state) => sum + (job.counts[state] ?? 0), 0);

  async function restart(): Promise<void> {
    await server.kill();
    await server.start();
    await herd.rush();
  }

  it(
    `over ${SIZE} devices stops at its failure rate, resumes, and runs once on each device`,
    async () => {
      const { as, owner } = operator;
      const { id } = await as(owner, 'POST', '/commands', issuedToMany, {
        command: { kind: 'refresh-inventory' },
        filter: {},
        waves: [{ percent: 25 }, { percent: 25 }],
        gate: 100,
        stop: STOP,
      });
      const show = () => as(owner, 'GET', `/jobs/${id}`, jobView);
      const reach = (check: (job: JobView) => void) => until(async () => check(await show()), LONGEST, 50);

      // The first kill hits the first wave, in the middle of its results.
      await reach((job) => expect(countOf(job, 'done', 'failed')).toBeGreaterThan(0));
      await restart();

      await reach(({ state }) => expect(state).toBe('stopped'));
      const stopped = await show();
      const released = stopped.waves.slice(0, stopped.released).reduce((sum, { devices }) => sum + devices, 0);
      expect(stopped.released).toBeLessThan(stopped.waves.length);
      expect(stopped.changed).toMatchObject({ by: null });
      // Devices that already have the command still run it. The server sends it to no other device, also when devices connect again.
      await connected();
      await until(
        async () => {
          const job = await show();
          const ran = countOf(job, 'done', 'failed');
          expect(ran).toBeGreaterThan(0);
          expect(ran).toBeLessThanOrEqual(released);
          expect(countOf(job, 'stored')).toBe(0);
          expect((await herd.states()).runs).toEqual({ 0: SIZE - ran, 1: ran });
        },
        LONGEST,
        50,
      );

      await as(owner, 'POST', `/jobs/${id}/resume`, jobView, { stop: null });
      // The second kill hits the next wave.
      await reach((job) => expect(countOf(job, 'done', 'failed')).toBeGreaterThan(released));
      await restart();

      await reach(({ state }) => expect(state).toBe('finished'));
      const finished = await show();
      const { runs, failing, lost } = await herd.states();
      expect(lost).toEqual([]);
      expect(runs).toEqual({ 1: SIZE });
      expect(finished.counts).toEqual({
        queued: 0,
        stored: 0,
        done: SIZE - failing,
        failed: failing,
        expired: 0,
        canceled: 0,
      });
      expect(finished.waves.reduce((sum, { failed }) => sum + failed, 0)).toBe(failing);
    },
    3 * LONGEST,
  );
});
