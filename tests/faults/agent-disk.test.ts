/**
 * Case 55, on a device: the agent's folder is on a disk that fills up, while an order comes due that it holds, its record changes and a command is on its
 * way. Nothing that it had is lost, nothing passes that the order denies, it says what is wrong, and goes on when there is room.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../agent/exit-codes.ts';
import { legalHoldView } from '../../shared/api/holds.ts';
import { receiptList } from '../../shared/api/orders.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const mounts = needed(
  'a disk of its own',
  'run as root on Linux',
  process.platform === 'linux' && process.getuid?.() === 0,
);
const FULL = 'The disk is full: make room, and try again. Nothing was lost.';
const TERMS = {
  ...{ title: 'Pakistan', areas: ['PK'], services: ['messaging'], nexus: ['home'], zone: 'Asia/Karachi' },
  ...{ unknown: 'allow', contested: 'allow', travellers: 'deny' },
  ...{ authority: 'the regulator', addressee: 'licensed operators', instrument: 'directive of 20 November' },
  ...{ statement: { en: 'Messages end by order of the regulator.' }, appeal: 'appeals@example.org' },
};

describe.skipIf(!mounts.present)('case 55: an agent’s own disk is full', { timeout: 120_000 }, () => {
  let world: World;
  let home: string;
  let agent: AgentProcess;

  beforeAll(async () => {
    world = await openWorld();
    home = mkdtempSync(join(tmpdir(), 'cordon-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', home]);
    agent = new AgentProcess({}, home);
    await agent.enrol(await world.link('PK'));
  }, 120_000);
  afterAll(async () => {
    await agent?.kill();
    execFileSync('umount', [home]);
    rmSync(home, { recursive: true });
    await world.remove();
  });

  /** To the last byte. */
  function fill(): void {
    const file = openSync(agent.path('ballast'), 'w');
    for (let size = 65_536; size >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(size, 1));
      } catch {
        size >>= 1;
      }
    }
    closeSync(file);
  }
  const makeRoom = () => rmSync(agent.path('ballast'));
  const whole = () => expect(agent.query('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  const stored = (kind: string) => agent.query('select version from document where kind = ?', kind);
  const messaging = async () => (await agent.status()).gates.find(({ service }) => service === 'messaging');

  it('closes its gates in time, says so, and takes what had to wait once there is room', async () => {
    const { operator } = world;
    agent.run();
    await agent.connected();
    const proposed = await operator.propose({ ...TERMS, effective: new Date(Date.now() + 12_000).toISOString() });
    await operator.adopt(proposed);
    await until(() => expect(stored('list')).toEqual([{ version: 2 }]));
    fill();
    const { owner, as } = operator;
    await as(owner, 'POST', '/legal-holds', legalHoldView, { device: agent.device, reason: 'a case' });
    const text = 'x'.repeat(500);
    const { id } = await world.send(agent.device, { kind: 'message', text });
    await until(async () => expect(await messaging()).toMatchObject({ open: false, reasons: ['home'] }), 30_000);
    expect(agent.running).toBe(true);
    expect(agent.log).toMatch(/could not be taken: database or disk is full/);
    expect(agent.log).toMatch(/the gates could not be kept/);
    expect(agent.query('select count(*) as n from message')).toEqual([{ n: 0 }]);
    whole();

    makeRoom();
    expect(await world.finished(id, 60_000)).toMatchObject({ state: 'done' });
    await until(async () => {
      const { receipts } = await as(owner, 'GET', `/orders/${proposed.order}/receipts`, receiptList);
      expect(receipts.filter(({ kind }) => kind === 'enforced')).toHaveLength(1);
      expect(await agent.status()).toMatchObject({ connection: 'connected', unsent: 0, record: 2 });
    }, 60_000);
    expect(await messaging()).toMatchObject({ open: false });
    expect(agent.query('select text from message')).toEqual([{ text }]);
    expect(stored('record')).toEqual([{ version: 2 }]);
    expect(await world.alarms(agent.device)).toEqual([]);
    whole();
  });

  it('is told in words when it is started on it, keeps its identity, and starts once there is room', async () => {
    const identity = () =>
      ['key', 'chain', 'root'].map((name) => readFileSync(agent.path(`identity/${name}.pem`), 'utf8'));
    const before = identity();
    await agent.kill();
    fill();
    agent.run();
    await until(() => expect(agent.running).toBe(false), 30_000);
    expect([agent.exitCode, agent.log]).toEqual([EXIT.unavailable, `cordon-agent: ${FULL}\n`]);
    for (const args of [['status'], ['enrol', await world.link('PK')]]) {
      const { code, err } = await agent.cli(args);
      // A warning about the link in the argument list may stand before it.
      expect([code, err.split('\n').slice(-2)]).toEqual([EXIT.unavailable, [`cordon-agent: ${FULL}`, '']]);
    }
    makeRoom();
    agent.run();
    await agent.connected(30_000);
    expect(identity()).toEqual(before);
    expect(await messaging()).toMatchObject({ open: false });
    whole();
  });
});
