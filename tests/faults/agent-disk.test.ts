/**
 * Case 55, on a device: the agent's folder is on a completely full disk. Orders, withdrawals and device records use reserved space. They
 * are enforced on time and survive kill -9. Commands and messages wait for space. Nothing is lost.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FULL_BELOW, RESERVE_SIZE } from '../../agent/store/disk-space.ts';
import { receiptList } from '../../shared/api/affected-devices.ts';
import { legalHoldView } from '../../shared/api/holds.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { mountSmallDisk, type SmallDisk, smallDisks } from '../support/small-disk.ts';
import { until } from '../support/until.ts';

/** Error text for a full disk. If the index of the write-ahead log lacks space, SQLite reports an I/O error instead. */
const FULL =
  /^cordon-agent: The disk is full(\. Free some space and try again| or reports an error\. Check its free space)/m;
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

describe.skipIf(!smallDisks.present)('case 55: an agent on a full disk', { timeout: 120_000 }, () => {
  let world: World;
  let disk: SmallDisk;
  let agent: AgentProcess;

  beforeAll(async () => {
    world = await openWorld();
    disk = mountSmallDisk(48);
    agent = new AgentProcess({}, disk.folder);
    await agent.enroll(await world.link('PK'));
  }, 120_000);
  /** Restarts the agent with free space, because the agent builds its disk reserve after its start. */
  beforeEach(async () => {
    disk.makeRoom();
    await agent.stop();
    agent.run();
    await agent.connected(30_000);
    await waitForReserve();
  }, 60_000);
  afterAll(async () => {
    await agent?.kill();
    disk.remove();
    await world.remove();
  });

  /**
   * Fills the disk while the store's write-ahead log is empty, because the log would keep space for later writes. The agent may write its
   * inventory at the same time, so the log is compared afterward.
   */
  const fill = () =>
    until(() => {
      disk.makeRoom();
      const store = new DatabaseSync(agent.path('agent.db'), { timeout: 5000 });
      try {
        expect(store.prepare('pragma wal_checkpoint(truncate)').get()).toMatchObject({ busy: 0 });
      } finally {
        store.close();
      }
      disk.fill();
      expect(statSync(agent.path('agent.db-wal'), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    });
  const whole = () => expect(agent.query('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  const stored = (kind: string) => agent.query('select version from document where kind = ?', kind);
  const messaging = async () => (await agent.status()).gates.find(({ service }) => service === 'messaging');

  const waitForReserve = () =>
    until(async () => {
      const status = await agent.status();
      expect(status.disk).toMatchObject({ state: 'ok', reserved: RESERVE_SIZE });
    }, 90_000);
  const order = (seconds: number) => ({ ...TERMS, effective: new Date(Date.now() + seconds * 1000).toISOString() });
  const receipts = async (of: string, kind: string) => {
    const { operator } = world;
    const found = await operator.as(
      operator.owner,
      'GET',
      `/orders/${of}/receipts?device=${agent.device}`,
      receiptList,
    );
    return found.receipts.filter((each) => each.kind === kind && each.service !== null);
  };

  it('enforces a stored order and accepts a new device record, while a command waits for space', async () => {
    const { operator } = world;
    const proposed = await operator.propose(order(12));
    await operator.adopt(proposed);
    await until(() => expect(stored('list')).toEqual([{ version: 2 }]), 30_000);
    await fill();
    const { owner, as } = operator;
    await as(owner, 'POST', '/legal-holds', legalHoldView, { device: agent.device, reason: 'a case' });
    const text = 'x'.repeat(500);
    const { id } = await world.send(agent.device, { kind: 'message', text });
    await until(async () => expect(await messaging()).toMatchObject({ open: false, reasons: ['home'] }), 30_000);
    await until(() => expect(stored('record')).toEqual([{ version: 2 }]), 30_000);
    await until(async () => expect(await receipts(proposed.order, 'enforced')).toHaveLength(1), 30_000);
    expect(agent.log).toMatch(/a command or a message waits for space on the disk/);
    expect(agent.query('select count(*) as n from admin_message')).toEqual([{ n: 0 }]);
    expect(await agent.status()).toMatchObject({ connection: 'connected', disk: { state: 'full' } });
    expect((await agent.cli(['status'])).out).toMatch(
      /^disk +full: 0\.0 MiB free\. The agent still stores and enforces new orders: \d+\.\d of 32\.0 MiB are reserved for orders\.\n.*Free some space/m,
    );
    await until(async () => expect(await world.alerts(agent.device)).toEqual(['disk_full']), 30_000);
    whole();

    disk.makeRoom();
    expect(await world.finished(id, 90_000)).toMatchObject({ state: 'done' });
    expect(await messaging()).toMatchObject({ open: false });
    expect(agent.query('select text from admin_message')).toEqual([{ text }]);
    await until(async () => expect(await agent.status()).toMatchObject({ connection: 'connected', unsent: 0 }), 30_000);
    await waitForReserve();
    whole();

    await operator.adopt(await operator.act(proposed.order, { action: 'withdraw' }));
    await until(async () => expect(await messaging()).toMatchObject({ open: true }), 30_000);
  });

  it('accepts an order and its withdrawal that arrive on the full disk, also after kill -9', async () => {
    const { operator } = world;
    await fill();
    const terms = order(15);
    const proposed = await operator.propose(terms);
    await operator.adopt(proposed);
    const [before] = stored('list');
    await until(
      () => expect(agent.query('select name from document where name = ?', proposed.order)).toHaveLength(1),
      30_000,
    );
    await agent.kill();

    agent.run();
    await agent.connected(30_000);
    await until(async () => expect(await messaging()).toMatchObject({ open: false, reasons: ['home'] }), 30_000);
    expect((await messaging())?.since).toBeGreaterThanOrEqual(Date.parse(terms.effective));
    await until(async () => expect(await receipts(proposed.order, 'enforced')).toHaveLength(1), 30_000);

    await agent.kill();
    agent.run();
    await agent.connected(30_000);
    expect(await messaging()).toMatchObject({ open: false, reasons: ['home'] });

    await operator.adopt(await operator.act(proposed.order, { action: 'withdraw' }));
    await until(async () => expect(await messaging()).toMatchObject({ open: true }), 30_000);
    await until(async () => expect(await receipts(proposed.order, 'restored')).toHaveLength(1), 30_000);
    expect(stored('list')).not.toEqual([before]);

    // After a regular stop, the store has neither write-ahead log nor index.
    await agent.stop();
    agent.run();
    await agent.connected(30_000);
    expect(await messaging()).toMatchObject({ open: true });
    expect(disk.free()).toBeLessThan(FULL_BELOW);
    whole();
  });

  it('starts in the background with a log file, and enforces an order', async () => {
    await agent.stop();
    await fill();
    const started = await agent.cli(['run', '--detach']);
    expect(started).toMatchObject({ code: 0, err: '' });
    const id = Number(/process (\d+)/.exec(started.out)?.[1]);
    try {
      await until(async () => expect(await agent.status()).toMatchObject({ connection: 'connected' }), 30_000);
      const { operator } = world;
      const proposed = await operator.propose(order(10));
      await operator.adopt(proposed);
      await until(async () => expect(await messaging()).toMatchObject({ open: false }), 30_000);
      await operator.adopt(await operator.act(proposed.order, { action: 'withdraw' }));
      await until(async () => expect(await messaging()).toMatchObject({ open: true }), 30_000);
    } finally {
      process.kill(id);
      await until(() => expect(() => process.kill(id, 0)).toThrow(), 30_000);
    }
  });

  it('does not start without its disk reserve, names the cause, keeps its identity, and starts when space is free', async () => {
    const identity = () =>
      ['key', 'chain', 'root'].map((name) => readFileSync(agent.path(`identity/${name}.pem`), 'utf8'));
    const before = identity();
    await agent.stop();
    rmSync(agent.path('agent.reserve'));
    await fill();
    agent.run();
    await until(() => expect(agent.running).toBe(false), 30_000);
    expect(agent.exitCode).toBe(EXIT.unavailable);
    expect(agent.log).toMatch(FULL);
    for (const args of [['status'], ['enroll', await world.link('PK')]]) {
      const { code, err } = await agent.cli(args);
      expect(code).toBe(EXIT.unavailable);
      expect(err).toMatch(FULL);
    }
    disk.makeRoom();
    agent.run();
    await agent.connected(30_000);
    expect(identity()).toEqual(before);
    await waitForReserve();
    whole();
  });
});
