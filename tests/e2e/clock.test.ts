/** A server whose clock is wrong, on both databases, with a real agent: what it refuses, and what devices do meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leafList } from '../../shared/api/ledger.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { fakeTime, fakeTimeLibrary } from '../support/fake-time.ts';
import { postgresDatabase, SQLITE, type TestDatabase } from '../support/test-database.ts';
import { needed } from '../support/tools.ts';

const DAY = 86_400_000;
const url = process.env['CORDON_TEST_DATABASE_URL'];
const { present: hasPostgres } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', Boolean(url));
const { present: hasFakeTime } = needed('faketime', 'apt-get install faketime', fakeTimeLibrary() !== null);
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();

describe.each<[string, boolean, () => Promise<TestDatabase>]>([
  ['SQLite', true, async () => SQLITE],
  ['PostgreSQL', hasPostgres, () => postgresDatabase(url ?? '')],
])('a server with a wrong clock, on %s (28)', (_name, present, open) => {
  let database: TestDatabase;
  let world: World;
  beforeAll(async () => {
    if (!present || !hasFakeTime) return;
    database = await open();
    world = await openWorld(database.environment);
  }, 120_000);
  afterAll(async () => {
    await world?.remove();
    await database?.remove();
  });

  const leaves = async () =>
    (await world.operator.as(world.operator.owner, 'GET', '/ledger/leaves?limit=100', leafList)).leaves.map(
      ({ leaf }) => leaf,
    );
  const when = it.skipIf(!present || !hasFakeTime);

  when.each([
    ['two days ahead', '+2d', /the clock was set forward by 2 days since the server last ran/],
    ['two days behind', '-2d', /The store already holds .*, which is 2 days later/],
  ])(
    'refuses to start %s, with the remedy',
    async (_case, by, words) => {
      await world.server.stop();
      const refusal = await world.server.start(fakeTime(by)).then(
        () => 'it started',
        (error: unknown) => String(error),
      );
      expect(refusal).toMatch(words);
      expect(refusal).toMatch(/does not start, because .* CORDON_ACCEPT_CLOCK=/);
      await world.server.start();
      expect((await leaves()).filter(({ kind }) => kind === 'clock.accepted')).toEqual([]);
    },
    60_000,
  );

  when(
    'starts two days ahead when an admin accepts that very time, and the ledger says so',
    async () => {
      await world.server.stop();
      const stale = { ...fakeTime('+2d'), CORDON_ACCEPT_CLOCK: inDays(1) };
      await expect(world.server.start(stale)).rejects.toThrow(/not the time that the clock shows/);
      await world.server.start({ ...fakeTime('+2d'), CORDON_ACCEPT_CLOCK: inDays(2) });
      const accepted = (await leaves()).filter(({ kind }) => kind === 'clock.accepted');
      expect(accepted).toHaveLength(1);
      expect(Math.abs((accepted[0]?.at ?? 0) - (Date.now() + 2 * DAY))).toBeLessThan(DAY / 24);
      // The right time is now before the newest time in the store.
      await world.server.stop();
      await expect(world.server.start()).rejects.toThrow(/The store already holds/);
      await world.server.start({ CORDON_ACCEPT_CLOCK: inDays(0) });
    },
    90_000,
  );
});
