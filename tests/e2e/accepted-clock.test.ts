/** A server whose admin accepted a wrong clock: everything that the server dated in the future meanwhile. Real server and agents. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { buffer } from 'node:stream/consumers';
import 'reflect-metadata';
import { join } from 'node:path';
import { X509Crl } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { overviewView } from '../../shared/api/overview.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { fakeTime, fakeTimeLibrary } from '../support/fake-time.ts';
import { postgresDatabase, SQLITE, type TestDatabase } from '../support/test-database.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
/** Days by which the accepted clock is ahead. API tokens are still valid then. */
const AHEAD = 2;
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();
const url = process.env['CORDON_TEST_DATABASE_URL'];
const { present: hasPostgres } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', Boolean(url));
const { present: hasFakeTime } = needed('faketime', 'apt-get install faketime', fakeTimeLibrary() !== null);

/** Body of a response of a server whose certificate the root CA has issued. */
const fetched = (address: string, ca: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    get(address, { ca }, (response) => buffer(response).then(resolve, reject)).once('error', reject);
  });

describe.each<[string, boolean, () => Promise<TestDatabase>]>([
  ['SQLite', true, async () => SQLITE],
  ['PostgreSQL', hasPostgres, () => postgresDatabase(url ?? '')],
])('a server whose wrong clock was accepted, on %s (28)', (_name, present, open) => {
  let database: TestDatabase;
  let world: World;
  let devices: readonly AgentProcess[];
  /** Device that enrolled while the clock of the server was ahead. */
  let late: AgentProcess;
  beforeAll(async () => {
    if (!present || !hasFakeTime) return;
    database = await open();
    world = await openWorld(database.environment);
    devices = await Promise.all([world.enrolled(), world.enrolled()]);
    for (const device of devices) device.run();
    await Promise.all(devices.map((device) => device.connected()));
    await world.server.stop();
    // The renewal of the server's certificate falls into these days.
    rmSync(join(world.server.home, 'keys', 'server.crt'));
    await world.server.start({ ...fakeTime(`+${AHEAD}d`), CORDON_ACCEPT_CLOCK: inDays(AHEAD) });
    late = await world.enrolled(fakeTime(`+${AHEAD}d`));
    late.run();
    await late.connected(60_000);
    await late.stop();
    expect(Date.parse(serverCertificate().validFrom)).toBeGreaterThan(Date.now() + DAY);
    await world.server.stop();
  }, 300_000);
  afterAll(async () => {
    await world?.remove();
    await database?.remove();
  });

  const when = it.skipIf(!present || !hasFakeTime);
  const serverCertificate = () => new X509Certificate(readFileSync(join(world.server.home, 'keys', 'server.crt')));
  const issues = async () => {
    const { operator } = world;
    const { healthIssues } = await operator.as(operator.owner, 'GET', '/overview', overviewView);
    return healthIssues.filter(({ code }) => code === 'dated_in_future');
  };

  // Each test continues with the server of the test before.
  when(
    'issues its certificate, its revocation list and its order list again after the correction',
    async () => {
      await world.server.start({ CORDON_ACCEPT_CLOCK: inDays(0) });
      expect(Date.parse(serverCertificate().validFrom)).toBeLessThan(Date.now());
      await Promise.all(devices.map((device) => device.connected(60_000)));
      const root = readFileSync(join(world.server.home, 'keys', 'root.crt'), 'utf8');
      const crl = new X509Crl(await fetched(`${world.server.public}/crl/issuing.crl`, root));
      expect(crl.thisUpdate.getTime()).toBeLessThan(Date.now() + 1_000);
      for (const device of devices) {
        await until(async () => expect((await device.status()).listExpires).toBeLessThan(Date.now() + 8 * DAY));
      }
    },
    120_000,
  );

  when(
    'reports the device whose certificate begins in the future, and gives this device another certificate',
    async () => {
      expect(await issues()).toMatchObject([{ severity: 'critical', count: 1 }]);
      const corrected = new AgentProcess({}, late.home);
      corrected.run();
      await corrected.connected(60_000);
      expect(Date.parse(new X509Certificate(readFileSync(late.path('identity/chain.pem'))).validFrom)).toBeLessThan(
        Date.now(),
      );
      expect(await issues()).toEqual([]);
      await corrected.stop();
    },
    120_000,
  );

  when(
    'starts again without a further confirmation, although a device was last seen in the future',
    async () => {
      await world.server.stop();
      await world.server.start();
      await until(() => Promise.all(devices.map((device) => device.connected(60_000))), 60_000);
    },
    120_000,
  );
});
