/** A server with a wrong clock, on SQLite and PostgreSQL, with a real agent: what the server refuses, and how devices behave. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../agent/agent.ts';
import { ledgerEntryList } from '../../shared/api/ledger.ts';
import { envelopeSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { adminCli } from '../support/admin-cli.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { fakeTime, fakeTimeLibrary } from '../support/fake-time.ts';
import { postgresDatabase, SQLITE, type TestDatabase } from '../support/test-database.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TERMS = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['home'],
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'deny',
  authority: 'the regulator',
  addressee: 'licensed operators',
  instrument: 'directive of 20 November',
  statement: { en: 'Messages end by order of the regulator.' },
  appeal: 'appeals@example.org',
};
const isOpen = ({ gates }: AgentStatus) => gates.find(({ service }) => service === 'messaging')?.open;
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
  /** The clock of `honest` is right. The clock of `fooled` is as wrong as the server's, so that nothing contradicts the server. */
  let honest: AgentProcess;
  let fooled: AgentProcess;
  /** Version of the list that contains the order. */
  let adopted: number;
  beforeAll(async () => {
    if (!present || !hasFakeTime) return;
    database = await open();
    world = await openWorld(database.environment);
    [honest, fooled] = await Promise.all([world.enrolled({}, 'PK'), world.enrolled({}, 'PK')]);
    const { operator } = world;
    await operator.adopt(await operator.propose({ ...TERMS, effective: inDays(1) }));
    await world.server.stop();
  }, 300_000);
  afterAll(async () => {
    await world?.remove();
    await database?.remove();
  });

  const entries = async () =>
    (await world.operator.as(world.operator.owner, 'GET', '/ledger/entries?limit=100', ledgerEntryList)).entries.map(
      ({ entry }) => entry,
    );
  const when = it.skipIf(!present || !hasFakeTime);
  const refusal = (environment: Record<string, string>) =>
    world.server.start(environment).then(
      () => 'it started',
      (error: unknown) => String(error),
    );

  // Each test continues with the server of the test before.
  when.each([
    ['two days ahead', '+2d', /the clock was set forward by 2 days since the server last ran/],
    ['two days behind', '-2d', /The store already holds .*, which is 2 days later/],
  ])(
    'refuses to start %s, with the remedy',
    async (_case, by, words) => {
      const refused = await refusal(fakeTime(by));
      expect(refused).toMatch(words);
      expect(refused).toMatch(/does not start, because .* CORDON_ACCEPT_CLOCK=/);
    },
    120_000,
  );

  when(
    'starts two days ahead when an admin accepts that very time, and the ledger says so',
    async () => {
      expect(await refusal({ ...fakeTime('+2d'), CORDON_ACCEPT_CLOCK: inDays(1) })).toMatch(
        /not the time that the clock shows/,
      );
      await world.server.start();
      expect((await entries()).filter(({ kind }) => kind === 'clock.accepted')).toEqual([]);
      honest.run();
      adopted = await until(async () => {
        const { list } = await honest.status();
        expect(list).toBeGreaterThan(1);
        return list;
      }, 60_000);
      await world.server.stop();

      await world.server.start({ ...fakeTime('+2d'), CORDON_ACCEPT_CLOCK: inDays(2) });
      const accepted = await until(async () => {
        const found = (await entries()).filter(({ kind }) => kind === 'clock.accepted');
        expect(found).toHaveLength(1);
        return found;
      });
      expect(Math.abs((accepted[0]?.at ?? 0) - (Date.now() + 2 * DAY))).toBeLessThan(DAY / 24);
    },
    120_000,
  );

  when(
    'two days ahead, does not make a connected device enforce early; the device reports it and comes back',
    async () => {
      const ahead = await until(async () => {
        const status = await honest.connected(60_000);
        expect(status.claimedTime).not.toBeNull();
        return status;
      }, 60_000);
      expect(Math.abs((ahead.claimedTime ?? 0) - (Date.now() + 2 * DAY))).toBeLessThan(HOUR);
      expect(ahead.authenticatedTime).toBe(false);
      expect(Math.abs(ahead.now - Date.now())).toBeLessThan(HOUR);
      expect(isOpen(ahead)).toBe(true);
      expect((await honest.cli(['status'])).out).toMatch(/implausible. This device keeps its own time/);
      await until(async () => expect(await world.alerts(honest.device)).toContain('time_implausible'), 60_000);

      const misled = new AgentProcess(fakeTime('+2d'), fooled.home);
      misled.run();
      // The device's own clock closes the gate at once. The new list proves that the server's time, which comes first, has arrived.
      await until(async () => expect((await misled.status()).list).toBeGreaterThan(adopted), 60_000);
      expect(isOpen(await misled.status())).toBe(false);
      await misled.stop();

      await world.server.stop();
      // The right time is now before the newest time in the store.
      expect(await refusal({})).toMatch(/The store already holds/);
      await world.server.start({ CORDON_ACCEPT_CLOCK: inDays(0) });
      const right = await until(async () => {
        const status = await honest.connected(60_000);
        expect(status.claimedTime).toBeNull();
        return status;
      }, 60_000);
      expect(Math.abs(right.now - Date.now())).toBeLessThan(HOUR);
      expect(isOpen(right)).toBe(true);
      await honest.stop();
    },
    300_000,
  );

  when(
    'was two days ahead, and gives its wrong time to no device that enrolls after that',
    async () => {
      const late = await world.enrolled({}, 'PK');
      late.run();
      const status = await late.connected(60_000);
      expect(Math.abs(status.now - Date.now())).toBeLessThan(HOUR);
      expect(isOpen(status)).toBe(true);
      await late.stop();
    },
    120_000,
  );

  when(
    'is undone where a device believed it: approvers sign a time correction, and the server alone cannot',
    async () => {
      const { operator, server } = world;
      const agent = fooled;
      agent.run();
      const ahead = await agent.connected(60_000);
      expect(ahead.now - Date.now()).toBeGreaterThan(1.9 * DAY);
      expect(isOpen(ahead)).toBe(false);

      const folder = mkdtempSync(join(tmpdir(), 'cordon-correction-'));
      const file = join(folder, 'correction.json');
      const env = { CORDON_TOKEN: operator.owner.token, CORDON_KEY_PASSPHRASE: 'the passphrase of a stranger' };
      const cordon = adminCli(server.admin, folder, env);
      const times = ['--from', inDays(1.9), '--until', inDays(2.1)];
      await cordon.json(['time-correction', 'create', file, ...times, '--reason', 'the host clock was ahead']);
      const { payload } = envelopeSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
      const publish = (signers: readonly Signer[]) => {
        const signed = signEnvelope(PAYLOAD_TYPES.timeCorrection, Buffer.from(payload, 'base64'), signers);
        writeFileSync(file, JSON.stringify(signed));
        return cordon(['time-correction', 'publish', file]);
      };
      // The attacker signs with a key that the approver set does not name.
      const stranger = join(folder, 'stranger.pem');
      await cordon.json(['key', 'create', stranger]);
      await cordon.json(['time-correction', 'sign', file, '--key', stranger, '--yes']);
      const refused = await cordon(['time-correction', 'publish', file]);
      expect(refused.err).toMatch(/0 approvers of the current approver set signed the time correction/);
      const [ada, ben] = operator.approvers.map(({ key }) => key);
      if (!ada || !ben) throw new Error('the approvers have no keys');
      for (const signers of [[], [ada], [ada, ada]]) {
        const { code, err } = await publish(signers);
        expect(code).not.toBe(0);
        expect(err).toMatch(/signed the time correction, and it needs 2/);
      }
      expect(isOpen(await agent.status())).toBe(false);
      expect(await publish([ada, ben])).toMatchObject({ code: 0 });

      const back = await until(async () => {
        const status = await agent.status();
        expect(isOpen(status)).toBe(true);
        return status;
      }, 60_000);
      expect(Math.abs(back.now - Date.now())).toBeLessThan(HOUR);
      await until(async () => expect(await world.alerts(agent.device)).toContain('time_corrected'));
      // The ledger assigns the entry's index a moment later.
      await until(async () => {
        expect((await entries()).filter(({ kind }) => kind === 'time.corrected')).toHaveLength(1);
      });
      rmSync(folder, { recursive: true });
    },
    300_000,
  );
});
