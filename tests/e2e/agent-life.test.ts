/** Life of a device on a real server: enrolled by a link, managed, killed, cloned and revoked. Server and agents run as real processes. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { legalHoldView } from '../../shared/api/holds.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DeviceTls, TestLink } from '../support/gateway-world.ts';
import { until } from '../support/until.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.remove());

/** A machine that is not enrolled. */
function machine(): AgentProcess {
  const agent = new AgentProcess();
  onTestFinished(() => agent.remove());
  return agent;
}

async function connected(): Promise<AgentProcess> {
  const agent = await world.enrolled();
  onTestFinished(() => agent.remove());
  agent.run();
  await agent.connected();
  return agent;
}

/** Sends one request over raw TLS. Returns its status, whether the TLS session was resumed, and the ticket for the next connection. */
function speak(tls: DeviceTls): Promise<{ status: number; reused: boolean; ticket: Buffer }> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(tls, () => {
      socket.write('GET /device/record HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    });
    let answer = '';
    let ticket: Buffer = Buffer.alloc(0);
    socket.on('session', (session: Buffer) => {
      ticket = session;
    });
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.once('error', reject);
    socket.once('end', () => {
      resolve({ status: Number(answer.split(' ')[1]), reused: socket.isSessionReused(), ticket });
      socket.destroy();
    });
  });
}

/** Files below a folder that contain `secret`, as a thief with the disk would search them. */
function holding(folder: string, secret: Buffer): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(secret));
}

/** The server's halves of the keys that lock this device's workspace, from its store. */
function shares(device: string): string[] {
  const store = new DatabaseSync(join(world.server.home, 'cordon.db'), { readOnly: true, timeout: 5000 });
  try {
    const rows = store.prepare('select share from unlock_shares where device_id = ?').all(device);
    return rows.map((row) => String(row.share));
  } finally {
    store.close();
  }
}

describe('enrollment by link', () => {
  it('creates a device that connects, appears to its admin, and reports its status', async () => {
    const agent = await world.enrolled();
    onTestFinished(() => agent.remove());
    const before = await agent.cli(['status']);
    expect(before.out).toMatch(/agent +not running/);
    agent.run();
    const status = await agent.connected();
    expect(status).toMatchObject({ device: agent.device, generation: 1, list: 1, record: 1, approverSet: 1 });
    expect((await agent.cli(['status'])).out).toMatch(/connection +connected\n[\s\S]*messaging +open/);
    await until(async () => {
      const seen = await world.device(agent.device);
      expect(seen.presence).toMatchObject({ connected: true, listVersion: 1, recordStored: 1, approverSetVersion: 1 });
      expect(seen.inventory?.system.os.platform).toBe(process.platform);
    });
    // The device created its key, and the key stays there.
    expect(holding(world.server.home, readFileSync(agent.path('identity/key.pem')).subarray(40, 80))).toEqual([]);
    await agent.stop();
    expect(agent.exitCode).toBe(0);
    await until(async () => expect((await world.device(agent.device)).presence?.connected).toBe(false));
  });

  it('case 9: a wrong, used, expired or canceled code is refused with its own error, and leaves no file', async () => {
    const [unknown, used, expired, canceled] = [
      await world.link(),
      await world.link(),
      await world.link(),
      await world.link(),
    ];
    const idOf = (link: string) => /dev_[a-z0-9]+/.exec(link)?.[0] ?? '';
    await machine().enroll(used);
    // The server writes to the database at the same time.
    const store = new DatabaseSync(join(world.server.home, 'cordon.db'), { timeout: 5_000 });
    store.prepare('update activation_codes set expires_at = ? where id = ?').run(Date.now() - 1, idOf(expired));
    store.prepare('update activation_codes set canceled_at = ? where id = ?').run(Date.now(), idOf(canceled));
    store.close();
    const wrong = unknown.replace(/\.[a-z2-7]{6}/, '.aaaaaa');
    for (const [link, code, exit, words] of [
      [wrong, 'code_unknown', EXIT.notFound, /unknown|wrong|not valid|no such/i],
      [used, 'code_used', EXIT.conflict, /used before/],
      [expired, 'code_expired', EXIT.forbidden, /expired/],
      [canceled, 'code_expired', EXIT.forbidden, /canceled/],
      [used.replace(/ca=[0-9a-f]{8}/, 'ca=00000000'), 'fingerprint_mismatch', EXIT.unverified, /Do not continue/],
      [used.slice(0, -8), 'invalid_input', EXIT.usage, /damaged at code/],
    ] as const) {
      const agent = machine();
      const { code: ended, out, err } = await agent.cli(['enroll', '-'], { input: link });
      expect({ ended, out, err }).toEqual({ ended: exit, out: '', err: expect.stringContaining(`(${code})`) });
      expect(err).toMatch(words);
      expect(err.trim().split('\n')).toHaveLength(1);
      expect((await agent.cli(['run'])).code).toBe(EXIT.notFound);
      expect(agent.has('identity/chain.pem')).toBe(false);
    }
  });

  it('case 9: if several machines use one code at once, exactly one enrolls', async () => {
    const link = await world.link();
    const machines = [machine(), machine(), machine()];
    const ends = await Promise.all(machines.map((agent) => agent.cli(['enroll', link])));
    expect(ends.map(({ code }) => code).sort()).toEqual([0, EXIT.conflict, EXIT.conflict]);
    for (const { code, err } of ends) if (code !== 0) expect(err).toContain('(code_used)');
  });
});

describe('a managed device', () => {
  it('locks its workspace on command, makes it readable again on unlock, and deletes it from the disk on wipe', async () => {
    const agent = await connected();
    const canary = Buffer.from(`canary ${crypto.randomUUID()}`);
    const folder = mkdtempSync(join(tmpdir(), 'cordon-file-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'plan.txt'), canary);
    const workspace = (...args: string[]) => agent.cli(['workspace', ...args]);
    const send = async (kind: 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace') =>
      world.finished((await world.send(agent.device, { kind })).id);

    expect(await workspace('put', join(folder, 'plan.txt'))).toMatchObject({ code: 0, err: '' });
    expect((await workspace('ls')).out).toMatch(/^ +\d+ {2}plan\.txt\n$/);
    expect((await workspace('get', 'plan.txt')).out).toBe(canary.toString());
    expect(holding(agent.home, canary)).toEqual([]);

    expect(await send('lock-workspace')).toMatchObject({ state: 'done' });
    for (const args of [['get', 'plan.txt'], ['ls'], ['put', join(folder, 'plan.txt')]]) {
      const refused = await workspace(...args);
      expect(refused).toMatchObject({
        code: EXIT.forbidden,
        out: '',
        err: expect.stringContaining('workspace_locked'),
      });
    }
    expect((await agent.status()).workspace).toBe('locked');
    // The server keeps the half of the key that the device lacks. The device's disk contains nothing of that half.
    const [share = ''] = shares(agent.device);
    for (const form of [Buffer.from(share), Buffer.from(share, 'base64')])
      expect(holding(agent.home, form)).toEqual([]);
    await agent.kill();
    agent.run();
    await agent.connected();
    expect((await agent.status()).workspace).toBe('locked');

    expect(await send('unlock-workspace')).toMatchObject({ state: 'done' });
    expect((await workspace('get', 'plan.txt')).out).toBe(canary.toString());
    expect(holding(agent.home, Buffer.from(share))).toEqual([]);

    const secrets = readdirSync(agent.path('workspace'))
      .filter((name) => name.endsWith('.key'))
      .map((name) => readFileSync(agent.path(`workspace/${name}`)));
    const kept = readdirSync(agent.path('workspace/files'));
    const [sealed = ''] = kept;
    secrets.push(readFileSync(agent.path(`workspace/files/${sealed}`)).subarray(-24));
    expect(secrets.map((secret) => holding(agent.home, secret).length)).toEqual([1, 1, 1]);
    expect(await send('wipe-workspace')).toMatchObject({
      state: 'done',
      detail: expect.stringContaining(`${kept.length} files`),
    });
    for (const secret of [canary, ...secrets]) expect(holding(agent.home, secret)).toEqual([]);
    expect(readdirSync(agent.path('workspace/files'))).toEqual([]);
    expect(await workspace('get', 'plan.txt')).toMatchObject({
      code: EXIT.forbidden,
      err: expect.stringContaining('wiped'),
    });

    expect(await send('unlock-workspace')).toMatchObject({ state: 'done' });
    expect(await workspace('ls')).toEqual({ code: 0, out: '', err: '' });
  });

  it('keeps its files during a legal hold, despite a pending wipe, and learns of the hold from its device record', async () => {
    const { operator } = world;
    const agent = await connected();
    const folder = mkdtempSync(join(tmpdir(), 'cordon-file-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'tender.txt'), 'what the case is about');
    await agent.cli(['workspace', 'put', join(folder, 'tender.txt')]);
    const file = async () => (await agent.cli(['workspace', 'get', 'tender.txt'])).out;
    const wipe = () => world.send(agent.device, { kind: 'wipe-workspace' });
    const stored = async () => (await world.device(agent.device)).presence?.recordStored ?? 0;
    const before = await stored();

    await agent.stop();
    const waited = await wipe();
    const body = { device: agent.device, reason: 'The tender.' };
    const { id } = await operator.as(operator.owner, 'POST', '/legal-holds', legalHoldView, body);
    agent.run();
    await agent.connected();
    expect(await world.finished(waited.id)).toMatchObject({ state: 'canceled' });
    await until(async () => expect(await stored()).toBe(before + 1));
    await expect(wipe()).rejects.toMatchObject({ code: 'legal_hold' });
    expect(await file()).toBe('what the case is about');

    await operator.as(operator.owner, 'POST', `/legal-holds/${id}/release`, legalHoldView, { reason: 'Settled.' });
    await until(async () => expect(await stored()).toBe(before + 2));
    expect(await world.finished((await wipe()).id)).toMatchObject({ state: 'done' });
    expect(await file()).toBe('');
  });

  it('shows messages, refreshes its inventory, restarts in place and unenrolls', async () => {
    const agent = await connected();
    const first = await world.finished(
      (await world.send(agent.device, { kind: 'message', text: 'Café at nine\u001b[2J' })).id,
    );
    expect(first).toMatchObject({ state: 'done', detail: 'The message is stored for the user.' });
    const displayed = async () => (await world.command(first.id)).displayed;
    expect(await displayed()).toBeNull();
    expect(JSON.parse((await agent.cli(['messages', '--json'])).out)).toMatchObject([{ displayed: false }]);
    expect(await displayed()).toBeNull();
    expect((await agent.cli(['messages'])).out).toMatch(/^\* .* Café at nine\ufffd\[2J\n$/);
    await until(async () => expect(await displayed()).toMatchObject({ on: 'command-line' }));
    expect((await agent.cli(['messages'])).out).toMatch(/^ {2}.* Café at nine/);

    const since = (await world.device(agent.device)).inventory?.at ?? 0;
    await world.finished((await world.send(agent.device, { kind: 'refresh-inventory' })).id);
    await until(async () => expect((await world.device(agent.device)).inventory?.at).toBeGreaterThan(since));

    const before = (await world.device(agent.device)).presence?.changedAt ?? 0;
    expect(await world.finished((await world.send(agent.device, { kind: 'restart-agent' })).id)).toMatchObject({
      state: 'done',
    });
    await until(async () => {
      const { presence } = await world.device(agent.device);
      expect(presence?.connected && presence.changedAt > before).toBe(true);
    }, 20_000);
    await agent.connected();
    expect(agent.running).toBe(true);

    expect(await world.finished((await world.send(agent.device, { kind: 'unenroll' })).id)).toMatchObject({
      state: 'done',
    });
    await until(() => expect(agent.exitCode).toBe(0));
    expect((await world.device(first.device)).status).toBe('unenrolled');
    expect(readdirSync(agent.path('identity'))).toEqual([]);
    expect(await agent.cli(['status'])).toMatchObject({ code: EXIT.notFound });
  });

  it('case 54: after kill -9 in the middle of a command, the agent restarts and finishes the command once', async () => {
    const agent = await connected();
    const caught = new Map<string, number>();
    const stateOf = (id: string) => agent.query('select state from command where id = ?', id)[0]?.['state'];
    for (const [instant, delay] of [
      ['stored', 0],
      ['started', 0],
      ['started', 15],
      ['started', 60],
      ['started', 150],
      ['started', 300],
      ['finished', 0],
      ['finished', 5],
    ] as const) {
      const { id } = await world.send(agent.device, { kind: 'refresh-inventory' });
      const reached = ['stored', 'started', 'finished'].slice(['stored', 'started', 'finished'].indexOf(instant));
      await until(() => expect(reached).toContain(stateOf(id)), 15_000, 1);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await agent.kill();
      const state = String(stateOf(id));
      caught.set(state, (caught.get(state) ?? 0) + 1);
      agent.run();
      const command = await world.finished(id, 60_000).catch((error) => {
        throw new Error(`killed when it was ${state}: ${error.message}\n${agent.log}`);
      });
      expect(command).toMatchObject({ state: 'done', detail: 'The inventory was collected.' });
      expect(stateOf(id)).toBe('finished');
      // The device created one result, which the server has stored: the outbox is empty, and a second result would have raised an alert.
      await until(() => expect(agent.query("select * from outbox where type = 'result'")).toEqual([]));
      expect(await world.finished(id)).toEqual(command);
    }
    expect(caught.get('started')).toBeGreaterThanOrEqual(1);
    expect(await world.alerts(agent.device)).toEqual([]);
  }, 120_000);
});

describe('a device whose server stops', () => {
  it.each(['stop', 'kill'] as const)(
    'reconnects by itself after a %s of the server, and executes the commands sent meanwhile',
    async (end) => {
      const agent = await connected();
      await world.server[end]();
      await agent.link('waiting');
      await world.server.start();
      const { id } = await world.send(agent.device, { kind: 'lock-workspace' });
      await agent.connected(40_000);
      expect(await world.finished(id)).toMatchObject({ state: 'done' });
    },
    90_000,
  );
});

describe('a device that the server no longer trusts', () => {
  it('case 1, case 2: is disconnected within a second, and can return neither with its session ticket nor with a new connection', async () => {
    const agent = await connected();
    const { device } = agent;
    const tls = agent.tls(world.server.device);
    const first = await speak(tls);
    expect(first).toMatchObject({ status: 200, reused: false });
    const second = await speak({ ...tls, session: first.ticket });
    expect(second).toMatchObject({ status: 200, reused: true });

    const asked = performance.now();
    const revoked = world.revoke(device);
    await until(() => expect(agent.linkState).not.toBe('connected'), 5_000, 2);
    const took = performance.now() - asked;
    await revoked;
    console.log(`revoked while connected: off after ${Math.round(took)} ms`);
    expect(took).toBeLessThan(1_000);
    await agent.link('revoked');

    // The server resumes no session with the old tickets. After the full handshake, the store refuses the device.
    for (const session of [undefined, first.ticket, second.ticket]) {
      const dialled = session ? { ...tls, session } : tls;
      const link = new TestLink(dialled);
      expect(await link.refused).toMatchObject({ status: 403, body: expect.stringContaining('certificate_revoked') });
      expect(await speak(dialled)).toMatchObject({ status: 403, reused: false });
    }

    // A restart of the server or of the agent does not change this.
    await agent.kill();
    agent.run();
    expect((await agent.link('revoked')).connectionDetail).toContain('revoked');
    expect((await world.device(device)).status).toBe('revoked');
    expect(await agent.cli(['status'])).toMatchObject({ code: 0, out: expect.stringContaining('revoked') });
  }, 60_000);

  it('case 14: if two machines have one identity, the second replaces the first, and an alert tells the admin', async () => {
    const agent = await connected();
    const { device } = agent;
    const thief = machine();
    cpSync(agent.home, thief.home, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    thief.run();
    await thief.connected();
    const displaced = await agent.link('waiting');
    expect(displaced.connectionDetail).toContain('replaced this one');
    expect((await thief.status()).connection).toBe('connected');
    await until(async () => expect(await world.alerts(device)).toContain('taken_over'));
    expect((await world.device(device)).presence?.connected).toBe(true);

    const raw = await new TestLink(agent.tls(world.server.device)).hello();
    await thief.link('waiting');
    const last = await new TestLink(agent.tls(world.server.device)).hello();
    expect(await raw.closed).toMatchObject({ code: 4409 });
    last.socket.terminate();
  }, 60_000);
});
