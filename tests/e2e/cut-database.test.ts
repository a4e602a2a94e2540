/**
 * Case 57, server: a cable to PostgreSQL is cut and mended. The test reads PostgreSQL's state over a Unix socket. A cut drops packets
 * without a message to either end.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockStore } from '../../server/store/store-lock.ts';
import { healthView } from '../../shared/api/health.ts';
import { ledgerEntryList } from '../../shared/api/ledger.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { PING_EVERY } from '../../shared/protocol/frames.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { type CutNetwork, cutNetworks, type Direction, openCutNetwork } from '../support/cut-network.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type OwnCluster, ownCluster, startCluster } from '../support/own-cluster.ts';
import { until } from '../support/until.ts';

const AREAS = ['SE'];
/** The server detects a cut within ten seconds and PostgreSQL within 25 (`store-lock.ts`). The rest is for a busy machine. */
const NOTICED_WITHIN = 60_000;

describe.skipIf(!cutNetworks.present || !ownCluster.present)('case 57: a server cut off from PostgreSQL', () => {
  let network: CutNetwork;
  let cluster: OwnCluster;
  let world: World;
  let agent: AgentProcess;

  beforeEach(async () => {
    network = openCutNetwork();
    cluster = await startCluster(network);
    world = await openWorld({ CORDON_DATABASE_URL: cluster.url });
    agent = await world.enrolled();
    agent.run();
    await agent.connected();
  }, 480_000);
  afterEach(async () => {
    network.mend();
    await world?.remove();
    await cluster?.remove();
    network.remove();
  });

  const readyz = async () => (await fetch(`${world.server.admin}/readyz`)).status;
  const groupsCalled = (name: string) => cluster.query(`select id from groups where name = '${name}'`);
  /** Number of the server's sessions in PostgreSQL. PostgreSQL's own processes, and sessions over the Unix socket, have no address. */
  const sessions = () => cluster.query('select pid from pg_stat_activity where client_addr is not null');
  const locks = () => cluster.query("select pid from pg_locks where locktype = 'advisory' and granted");
  async function entries(): Promise<string[]> {
    const { owner, as } = world.operator;
    const all: string[] = [];
    for (let more = true; more; ) {
      const page = await as(owner, 'GET', `/ledger/entries?from=${all.length}&limit=500`, ledgerEntryList);
      all.push(...page.entries.map(({ entry }) => JSON.stringify(entry)));
      more = page.entries.length === 500;
    }
    return all;
  }
  const propose = (title: string, services: readonly string[]) =>
    world.operator.propose({
      title,
      services,
      areas: AREAS,
      nexus: ['home'],
      effective: new Date(Date.now() + 1_000).toISOString(),
      unknown: 'deny',
      contested: 'deny',
      travelers: 'deny',
      authority: 'Regulator',
      addressee: 'operators',
      instrument: 'directive 1',
      statement: { en: title },
    });
  /** Result of a request that began at the time of the cut. */
  const outcome = (request: Promise<unknown>) =>
    Promise.race([
      request.then(
        () => 'done',
        (error: { code?: string; message: string }) => error.code ?? error.message,
      ),
      new Promise<string>((resolve) => setTimeout(resolve, NOTICED_WITHIN, 'no response').unref()),
    ]);

  it.each<Direction>(['both', 'sent'])(
    'refuses at once, tells devices nothing wrong, and loses and doubles nothing: %s',
    async (direction) => {
      const { operator } = world;
      const [ada, ben] = operator.approvers;
      if (!ada || !ben) throw new Error('there are no approvers');
      const leaver = await world.enrolled();
      leaver.run();
      await leaver.connected();
      const enforced = await propose('Before the cut', ['mail']);
      await operator.adopt(enforced);
      const mail = async () => (await agent.status()).gates.find(({ service }) => service === 'mail')?.open;
      await until(async () => expect(await mail()).toBe(false));
      const pending = await propose('Adopted across the cut', ['enrollment']);
      await operator.approve(pending.order, pending.revision, ada);
      const known = await entries();

      network.cut(direction);
      const approval = operator.approve(pending.order, pending.revision, ben);
      const during = await Promise.all([outcome(operator.group('In flight')), outcome(approval)]);
      expect(during).toEqual(['store_unavailable', 'store_unavailable']);
      await until(async () => expect(await readyz()).toBe(503), NOTICED_WITHIN);
      await leaver.stop();
      await until(async () => expect(await locks()).toEqual([]), NOTICED_WITHIN, 250);
      expect(await outcome(operator.group('In flight'))).toBe('store_unavailable');
      expect(agent.log).not.toMatch(/"state":"(rejected|revoked|refused)"/);
      expect(await mail()).toBe(false);

      network.mend();
      await until(() => operator.group('After the cut'), NOTICED_WITHIN, 250);
      await until(async () => expect(await readyz()).toBe(200), NOTICED_WITHIN);
      const again = await operator.approve(pending.order, pending.revision, ben).catch(({ code }) => code);
      const adopted = await operator.as(
        operator.owner,
        'GET',
        `/orders/${pending.order}/revisions/${pending.revision}`,
        revisionView,
      );
      expect(adopted.state, JSON.stringify(again)).toBe('adopted');
      await agent.connected(NOTICED_WITHIN);
      await until(async () => expect((await world.device(agent.device)).presence).toMatchObject({ connected: true }));
      const { list } = await operator.as(operator.owner, 'GET', '/health', healthView);
      await until(async () => expect((await world.device(agent.device)).presence?.listVersion).toBe(list?.version));
      // The store could not record the end of the session when the device disconnected.
      const gone = async () => expect((await world.device(leaver.device)).presence?.connected).toBe(false);
      await until(gone, 2 * PING_EVERY, 250);
      // Requests that were refused before the server lost its lock may have been executed once, but never twice.
      expect((await groupsCalled('In flight')).length).toBeLessThanOrEqual(direction === 'both' ? 0 : 1);
      expect(await groupsCalled('After the cut')).toHaveLength(1);
      // The server adds new entries to the ledger's tree shortly after their transaction.
      const now = await until(async () => {
        const all = await entries();
        const of = (kind: string) =>
          all.filter((entry) => entry.includes(`"${kind}"`) && entry.includes(pending.order));
        expect([of('order.approval').length, of('order.adopted').length]).toEqual([2, 1]);
        return all;
      });
      expect(now.slice(0, known.length)).toEqual(known);
      expect(new Set(now).size).toBe(now.length);
      expect(await world.alerts(agent.device)).toEqual([]);
    },
    480_000,
  );

  it('stops with a message after another server has taken its lock, which ended all its transactions', async () => {
    const admin = await cluster.connect();
    await admin.query('begin; lock table groups in exclusive mode');
    const inFlight = outcome(world.operator.group('In flight'));
    const blocked = () =>
      cluster.query("select pid from pg_stat_activity where client_addr is not null and wait_event_type = 'Lock'");
    await until(async () => expect(await blocked()).toHaveLength(1));
    network.cut('both');
    await until(async () => expect(await locks()).toEqual([]), NOTICED_WITHIN, 250);
    expect(await blocked()).toHaveLength(1);

    const lock = await lockStore({ url: cluster.past }, { onLost: () => undefined, onTakenOver: () => undefined });
    await admin.query('commit');
    await admin.end();
    expect(await sessions()).toEqual([]);
    expect(await groupsCalled('In flight')).toEqual([]);
    const ended = once(world.server.process, 'exit');
    network.mend();
    expect((await ended)[0]).toBe(1);
    const holder = `process ${process.pid} on host ${hostname()}, since 2\\S+Z\\.`;
    expect(world.server.output()).toMatch(new RegExp(`Another Cordon server uses this database: ${holder}`));
    expect(await inFlight).not.toBe('done');
    expect(await groupsCalled('In flight')).toEqual([]);
    await lock.release();
    await world.server.start();
    await agent.connected(NOTICED_WITHIN);
    await world.operator.group('In flight');
    expect(await groupsCalled('In flight')).toHaveLength(1);
  }, 480_000);

  it('gets its lock again although PostgreSQL still considers its dead connection open', async () => {
    const before = await locks();
    network.cut('both');
    // A firewall that has dropped the connections: it resets the server's end, and PostgreSQL learns nothing.
    execFileSync('ss', ['-K', 'dst', network.far], { stdio: 'ignore' });
    expect(await locks()).toEqual(before);
    network.mend();
    await until(() => world.operator.group('After the cut'), NOTICED_WITHIN, 250);
    expect(world.server.process.exitCode).toBeNull();
    expect(await locks()).not.toEqual(before);
    await agent.connected(NOTICED_WITHIN);
    expect((await sessions()).length).toBeGreaterThan(0);
  }, 480_000);
});
