import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { CLOSE, MAX_FRAME_FROM_DEVICE, type ReportItem } from '../../shared/protocol/frames.ts';
import {
  ask,
  type GatewayWorld,
  handshake,
  openGatewayWorld,
  strayIdentity,
  type TestDevice,
  TestLink,
  tcp,
} from '../../tests/support/gateway-world.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { INSTALLATION } from '../../tests/support/signed-documents.ts';
import { tool } from '../../tests/support/tools.ts';
import { until } from '../../tests/support/until.ts';

const openssl = tool('openssl', 'apt-get install openssl');
const run = promisify(execFile);

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld({ proxyFrom: ['127.0.0.2/32'] });
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const presence = async (device: TestDevice) => (await world.devices.get(device.id)).presence;
const alert = (code: string): ReportItem => ({ type: 'alert', code, detail: 'x', at: 1 });
const UPGRADE = [
  'GET /link HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  'Sec-WebSocket-Protocol: cordon.v1',
  '\r\n',
].join('\r\n');
const closeOf = async (link: TestLink, code: number) => expect((await link.closed).code).toBe(code);

describe('connecting', () => {
  it('welcomes a device, and gives it whatever is newer than it has', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    expect(link.frames.map((frame) => frame.kind)).toEqual(['welcome', 'approver-sets', 'record', 'list', 'address']);
    expect(await link.next('welcome')).toMatchObject({ device: device.id, generation: 1, approverSet: 1, reports: 0 });
    expect((await link.next('address')).areas).toEqual(['PK']);
    expect(await presence(device)).toMatchObject({ connected: true, address: '127.0.0.1', agent: 'test' });
    link.socket.close();
    await link.closed;
    const { list, record, approverSet } = await link.next('welcome');
    const again = await new TestLink(device.tls).hello({ list, record, approverSet });
    expect(again.frames.map((frame) => frame.kind)).toEqual(['welcome', 'address']);
    again.socket.close();
  });

  it('takes nobody without a certificate', async () => {
    const { tls } = await world.enroll();
    const { key: _key, cert: _cert, ...bare } = tls;
    expect(await handshake(bare)).toBeInstanceOf(Error);
  });

  it('speaks TLS 1.3 alone, and prefers the hybrid post-quantum group', async () => {
    const { tls } = await world.enroll();
    expect(await handshake({ ...tls, maxVersion: 'TLSv1.2' })).toBeInstanceOf(Error);
    const socket = await handshake(tls);
    if (!(socket instanceof TLSSocket)) throw socket;
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    // Also after a renewal of the server's own certificate.
    const { keyPem, chainPem } = world.authority.serverIdentity();
    world.gateway.listener.renew({ key: keyPem, cert: chainPem });
    expect(await handshake({ ...tls, maxVersion: 'TLSv1.2' })).toBeInstanceOf(Error);
    const renewed = await handshake(tls);
    if (!(renewed instanceof TLSSocket)) throw renewed;
    renewed.destroy();
  });

  it.skipIf(!openssl.present)('lets openssl in with a certificate, by X25519MLKEM768, and not without', async () => {
    const { tls } = await world.enroll();
    const folder = mkdtempSync(join(tmpdir(), 'cordon-s-client-'));
    const put = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const args = ['s_client', '-connect', `127.0.0.1:${world.port}`, '-servername', 'localhost', '-CAfile'];
    args.push(put('root.pem', tls.ca), '-verify_return_error', '-ign_eof');
    const given = [...args, '-cert', put('device.pem', tls.cert ?? ''), '-key', put('key.pem', String(tls.key))];
    given.push('-cert_chain', put('chain.pem', tls.cert ?? ''));
    const talk = (list: string[]) => {
      const child = run('openssl', list);
      child.child.stdin?.end('GET /orders/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      return child.then(
        ({ stdout }) => stdout,
        (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
      );
    };
    const inside = await talk(given);
    expect(inside).toContain('HTTP/1.1 200 OK');
    expect(inside).toContain('X25519MLKEM768');
    const outside = await talk(args);
    expect(outside).toContain('certificate required');
    expect(outside).not.toContain('HTTP/1.1');
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(['server', 'messaging'] as const)('case 11: a %s certificate of ours opens no link', async (profile) => {
    const { tls } = await world.enroll();
    expect(await handshake({ ...tls, ...strayIdentity(world.authority, profile) })).toBeInstanceOf(Error);
  });

  it('refuses a device certificate that is in no record', async () => {
    const { tls } = await world.enroll();
    const link = new TestLink({ ...tls, ...strayIdentity(world.authority, 'device') });
    const { status, body } = await link.refused;
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ code: 'certificate_unknown' });
  });

  it.each([
    ['another path', '/other', 'cordon.v1', 404],
    ['another subprotocol', '/link', 'cordon.v9', 400],
  ])('refuses %s', async (_name, path, protocol, status) => {
    const { tls } = await world.enroll();
    expect((await new TestLink(tls, path, {}, protocol).refused).status).toBe(status);
  });

  it('asks whoever requests the link without an upgrade to upgrade', async () => {
    const { tls } = await world.enroll();
    expect((await ask(tls, 'GET', '/link')).status).toBe(426);
  });

  it('case 12: identity in a header is nobody', async () => {
    const [device, other] = [await world.enroll(), await world.enroll()];
    const link = new TestLink(device.tls, `/link?device=${other.id}`, {
      headers: {
        'X-Device': other.id,
        'X-SSL-Client-Cert': encodeURIComponent(other.tls.cert ?? ''),
        'X-Forwarded-For': '203.0.113.9',
      },
    });
    await link.hello();
    expect((await link.next('welcome')).device).toBe(device.id);
    expect((await presence(device))?.address).toBe('127.0.0.1');
    link.socket.close();
  });
});

describe('a socket that ends before its session has begun', () => {
  /** What jurisdiction heard last of where the device comes from: whether it still is connected from there. */
  const here = (device: TestDevice) => world.seen.findLast((one) => one.device === device.id)?.connected;
  const gone = (device: TestDevice) => until(() => expect(here(device)).toBe(false));
  /** The work of the server that this stops, until it is let go on. */
  const pausing = <A extends unknown[], R>(work: (...given: A) => Promise<R>) => {
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const paused = async (...given: A): Promise<R> => {
      const done = await work(...given);
      reached.resolve();
      await go.promise;
      return done;
    };
    return { paused, reached: reached.promise, go: go.resolve };
  };

  it('is connected no longer: before its hello', async () => {
    const device = await world.enroll();
    const link = new TestLink(device.tls);
    await link.opened;
    expect(here(device)).toBe(true);
    link.socket.terminate();
    await gone(device);
    expect(await presence(device)).toBeNull();
  });

  it('is connected no longer: before the upgrade is answered', async () => {
    const device = await world.enroll();
    const { paused, reached, go } = pausing(world.orders.effect.verdict);
    const cached = vi.spyOn(world.orders.effect, 'cachedVerdict').mockReturnValueOnce(undefined);
    const asked = vi.spyOn(world.orders.effect, 'verdict').mockImplementationOnce(paused);
    const socket = connectTls({ ...device.tls, ALPNProtocols: ['http/1.1'] });
    socket.write(UPGRADE);
    await reached;
    socket.destroy();
    // The server has seen it go once it has answered somebody who came later.
    await ask(device.tls, 'GET', '/orders/list');
    go();
    await gone(device);
    for (const spy of [cached, asked]) spy.mockRestore();
  });

  it('is connected no longer: when its verdict cannot be had', async () => {
    const device = await world.enroll();
    const cached = vi.spyOn(world.orders.effect, 'cachedVerdict').mockReturnValueOnce(undefined);
    const full = new CordonError('store_unavailable', 'The store is gone.');
    const asked = vi.spyOn(world.orders.effect, 'verdict').mockRejectedValueOnce(full);
    expect((await new TestLink(device.tls).refused).status).toBe(503);
    expect(here(device)).toBe(false);
    for (const spy of [cached, asked]) spy.mockRestore();
  });

  it('is connected no longer: when what it asks for is no WebSocket', async () => {
    const device = await world.enroll();
    const socket = connectTls({ ...device.tls, ALPNProtocols: ['http/1.1'] });
    socket.write(UPGRADE.replace('Version: 13', 'Version: 9'));
    const answer = Buffer.concat(await Array.fromAsync<Buffer>(socket)).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 4/);
    await gone(device);
  });

  it('is connected no longer: as its hello is written down, and the next one takes nothing over', async () => {
    const device = await world.enroll();
    const { paused, reached, go } = pausing(world.devices.connected);
    const opening = vi.spyOn(world.devices, 'connected').mockImplementationOnce(paused);
    const before = world.gateway.connections();
    const link = new TestLink(device.tls);
    await link.opened;
    link.send({ kind: 'hello', agent: 'test', list: 0, record: 0, approverSet: 0 });
    await reached;
    link.socket.terminate();
    await gone(device);
    go();
    await until(async () => expect((await presence(device))?.connected).toBe(false));
    expect(world.gateway.connections()).toBe(before);
    opening.mockRestore();
    const again = await connected(device);
    expect(await world.alertCodes(device.id)).toEqual([]);
    again.socket.close();
    await again.closed;
  });

  it.each([
    ['on its way in', false],
    ['in, and has not said hello', true],
  ])('says nothing of where the device is while another one is %s', async (_where, isIn) => {
    const device = await world.enroll();
    const first = await connected(device);
    const { paused, reached, go } = pausing(world.orders.effect.verdict);
    const cached = vi.spyOn(world.orders.effect, 'cachedVerdict').mockReturnValueOnce(undefined);
    const asked = vi.spyOn(world.orders.effect, 'verdict').mockImplementationOnce(paused);
    const second = new TestLink(device.tls);
    await reached;
    if (isIn) {
      go();
      await second.opened;
    }
    first.socket.terminate();
    await until(async () => expect((await presence(device))?.connected).toBe(false));
    go();
    await second.hello();
    expect(here(device)).toBe(true);
    for (const spy of [cached, asked]) spy.mockRestore();
    second.socket.close();
    await second.closed;
    await gone(device);
  });
});

describe('another IP database', () => {
  const addresses = (link: TestLink) => link.frames.flatMap((one) => (one.kind === 'address' ? [one.areas] : []));
  const taken = (areas: string | null) => {
    world.ip.areas = areas === null ? null : [parseHomeArea(areas)];
    world.ip.use += 1;
    world.located.length = 0;
    world.bus.publish({ kind: 'ip-database' });
  };

  it('tells a device that is connected where its address is now, once, and one that stays where it is nothing', async () => {
    const [device, other] = [await world.enroll(), await world.enroll()];
    const [link, left] = [await connected(device), await connected(other)];
    left.socket.close();
    await left.closed;
    taken('IN');
    await until(() => expect(addresses(link)).toEqual([['PK'], ['IN']]));
    expect(world.located).toEqual([device.id]);
    // A wake that comes again finds nobody who was located by another.
    world.bus.publish({ kind: 'ip-database' });
    taken(null);
    await until(() => expect(world.located).toEqual([device.id]));
    expect([addresses(link), addresses(left)]).toEqual([[['PK'], ['IN']], [['PK']]]);
    await until(() => expect(world.gateway.relocating()).toBeNull());
    link.socket.close();
    await link.closed;
  });

  it('is asked again for a device that was coming in as it was taken', async () => {
    const device = await world.enroll();
    const link = new TestLink(device.tls);
    await link.opened;
    taken('IN');
    await link.hello();
    await until(() => expect(addresses(link)).toEqual([['PK'], ['IN']]));
    link.socket.close();
    await link.closed;
  });
});

describe('revocation', () => {
  it('case 1: a revoked certificate is refused, also through a resumed ticket', async () => {
    const device = await world.enroll();
    const socket = connectTls(device.tls);
    const ticket = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
    socket.destroy();
    // The ticket works while the device does.
    const resumed = connectTls({ ...device.tls, session: ticket });
    await new Promise((resolve) => resumed.once('secureConnect', resolve));
    expect(resumed.isSessionReused()).toBe(true);
    resumed.destroy();
    // Straight in the store, as another node would do it: no ticket key changes here, and the ticket is good for TLS.
    await world.database.db
      .updateTable('certificates')
      .set({ revoked_at: Date.now() })
      .where('device_id', '=', device.id)
      .execute();
    const link = new TestLink({ ...device.tls, session: ticket });
    const { status, body } = await link.refused;
    expect([status, JSON.parse(body).code]).toEqual([403, 'certificate_revoked']);
    expect((await ask(device.tls, 'GET', '/device/record')).status).toBe(403);
  });

  it('case 2: a device that is revoked while connected is off within a second, and its ticket is worth nothing', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    const socket = connectTls(device.tls);
    const ticket = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
    socket.destroy();
    await world.devices.revoke(device.id);
    const started = performance.now();
    await closeOf(link, CLOSE.revoked);
    expect(performance.now() - started).toBeLessThan(1_000);
    const resumed = connectTls({ ...device.tls, session: ticket });
    await new Promise((resolve) => resumed.once('secureConnect', resolve));
    expect(resumed.isSessionReused()).toBe(false);
    resumed.destroy();
    expect((await new TestLink(device.tls).refused).status).toBe(403);
  });
});

describe('bounds', () => {
  it.each([
    ['an oversized frame', (link: TestLink) => link.socket.send('x'.repeat(MAX_FRAME_FROM_DEVICE + 1)), 1009],
    [
      'text that is not UTF-8',
      (link: TestLink) => link.socket.send(Buffer.from([0xc3, 0x28]), { binary: false }),
      1007,
    ],
    ['a binary frame', (link: TestLink) => link.socket.send(Buffer.from('{}')), CLOSE.malformed],
    ['what is not JSON', (link: TestLink) => link.socket.send('{'), CLOSE.malformed],
    ['an unknown kind', (link: TestLink) => link.socket.send('{"kind":"become-root"}'), CLOSE.malformed],
    [
      'a field too many',
      (link: TestLink) => link.socket.send('{"kind":"have","list":1,"record":1,"approverSet":1,"x":1}'),
      CLOSE.malformed,
    ],
    [
      'a second hello',
      (link: TestLink) => link.send({ kind: 'hello', agent: 'x', list: 0, record: 0, approverSet: 0 }),
      CLOSE.malformed,
    ],
  ])('case 13: %s ends the session', async (_name, send, code) => {
    const link = await connected(await world.enroll());
    send(link);
    await closeOf(link, code);
  });

  it('case 13: a ping flood is cut off by the allowance, also when each ping waits for the pong before it', async () => {
    const link = await connected(await world.enroll());
    let over = false;
    void link.closed.then(() => {
      over = true;
    });
    // In one burst ws itself ends the session, because a pong is still unsent at the next ping. That would hide a missing allowance.
    let sent = 0;
    for (; !over && sent < 20_000; sent += 1) {
      const answered = new Promise<void>((resolve) => {
        link.socket.once('pong', () => resolve());
        link.socket.once('close', () => resolve());
      });
      link.socket.ping();
      await answered;
    }
    expect(sent).toBeLessThan(20_000);
    await closeOf(link, CLOSE.flood);
  });

  it('case 13: a flood of frames ends the session', async () => {
    const link = await connected(await world.enroll());
    // Frames that cost the store nothing, so that it is not the store's pace that holds them back.
    for (let sent = 0; sent < 7_000; sent++) link.send({ kind: 'mailbox', open: false });
    await closeOf(link, CLOSE.flood);
  });

  it('case 13: a reader that does not read is dropped, and keeps nobody waiting', async () => {
    const [slow, other] = [await world.enroll(), await world.enroll()];
    const [stuck, well] = [await connected(slow), await connected(other)];
    // A megabyte waits for it, and whoever asks for the mailbox anew gets it anew.
    const body = 'A'.repeat(96 * 1024);
    for (let sent = 0; sent < 11; sent++) {
      well.send({
        kind: 'post',
        id: crypto.randomUUID(),
        to: [slow.id],
        keep: true,
        commit: null,
        expires: null,
        body,
      });
      await well.next('posted');
    }
    stuck.socket.pause();
    const text = 'x'.repeat(2_000);
    // Each request counts as several frames. `session.test.ts` covers the end of a session that requests nothing.
    let asked = 0;
    for (; (await presence(slow))?.connected && asked < 1_000; asked += 1) {
      stuck.send({ kind: 'mailbox', open: true });
      await delay(5);
    }
    expect(asked).toBeLessThan(1_000);
    const { id } = await world.commands.issue({ device: other.id, command: { kind: 'message', text }, by: 'acc_x' });
    expect((await well.next('command')).id).toBe(id);
    stuck.socket.terminate();
    well.socket.close();
  });

  it('case 13: compression is never negotiated, so no frame is a bomb', async () => {
    const { tls } = await world.enroll();
    const link = new TestLink(tls, '/link', { perMessageDeflate: true });
    await link.hello();
    expect(link.socket.extensions).toBe('');
    link.socket.close();
  });

  it('case 13: whoever connects and says nothing, or half a handshake, is cut off', { timeout: 20_000 }, async () => {
    const half = await tcp(world.port, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    const mute = connectTcp(world.port, '127.0.0.1');
    const started = Date.now();
    await Promise.all([half, mute].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('a device that does not say hello is closed', { timeout: 20_000 }, async () => {
    const { tls } = await world.enroll();
    await closeOf(new TestLink(tls), CLOSE.timeout);
  });

  it('a device that speaks before hello is closed', async () => {
    const link = new TestLink((await world.enroll()).tls);
    await link.opened;
    link.send({ kind: 'have', list: 1, record: 1, approverSet: 1 });
    await closeOf(link, CLOSE.malformed);
  });
});

describe('one device, one session', () => {
  it('case 14: the second socket of an identity takes over, the first is closed, the admin is told', async () => {
    const device = await world.enroll();
    const first = await connected(device);
    const second = await connected(device);
    await closeOf(first, CLOSE.takenOver);
    expect(await world.alertCodes(device.id)).toEqual(['taken_over']);
    // The end of the first must not make the device look gone.
    expect((await presence(device))?.connected).toBe(true);
    second.send({ kind: 'report', seq: 1, item: alert('still_here') });
    expect(await second.next('reports-stored')).toMatchObject({ through: 1 });
    second.socket.close();
  });

  it('reports are confirmed once durable, and count once however often they come', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    for (let sent = 0; sent < 3; sent++) link.send({ kind: 'report', seq: 1, item: alert('once') });
    await link.next('reports-stored');
    link.socket.close();
    await link.closed;
    const again = await connected(device);
    expect((await again.next('welcome')).reports).toBe(1);
    again.send({ kind: 'report', seq: 1, item: alert('once') });
    expect(await again.next('reports-stored')).toMatchObject({ through: 1 });
    expect(await world.alertCodes(device.id)).toEqual(['once']);
    again.socket.close();
  });

  it('a receipt that could not be stored is not confirmed, nor is what came after it', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    const full = new CordonError('store_unavailable', 'The disk is full.');
    const refuse = vi.spyOn(world.orders.receipts, 'store').mockRejectedValueOnce(full);
    const envelope = { payloadType: 'x', payload: '', signatures: [] };
    link.send({ kind: 'report', seq: 1, item: { type: 'receipt', envelope } });
    link.send({ kind: 'report', seq: 2, item: alert('after') });
    await closeOf(link, 1011);
    refuse.mockRestore();
    expect(link.frames.map(({ kind }) => kind)).not.toContain('reports-stored');
    const again = await connected(device);
    expect((await again.next('welcome')).reports).toBe(0);
    again.socket.close();
  });

  it('a command is sent until the device has it, and its result ends it', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    const { id } = await world.commands.issue({ device: device.id, command: { kind: 'lock-workspace' }, by: 'acc_x' });
    expect(await link.next('command')).toMatchObject({ id, command: { kind: 'lock-workspace' } });
    link.socket.close();
    await link.closed;
    const again = await connected(device);
    await again.next('command');
    again.send({ kind: 'command-stored', id });
    again.send({ kind: 'report', seq: 1, item: { type: 'result', command: id, outcome: 'done', detail: '', at: 1 } });
    await again.next('reports-stored');
    expect((await world.commands.get(id)).state).toBe('done');
    again.socket.close();
  });

  it("case 15: a word about another device's command changes nothing and is told to the admin", async () => {
    const [device, other] = [await world.enroll(), await world.enroll()];
    const { id } = await world.commands.issue({ device: other.id, command: { kind: 'lock-workspace' }, by: 'acc_x' });
    const link = await connected(device);
    link.send({ kind: 'report', seq: 1, item: { type: 'result', command: id, outcome: 'done', detail: '', at: 1 } });
    await link.next('reports-stored');
    expect(await world.alertCodes(device.id)).toEqual(['report_refused']);
    link.send({ kind: 'command-stored', id });
    await link.closed;
    expect((await world.commands.get(id)).state).toBe('queued');
  });
});

describe('behind a proxy', () => {
  const dial = (device: TestDevice, header: string, localAddress: string) =>
    new TestLink(device.tls, '/link', {
      createConnection: () => {
        const plain = connectTcp({ port: world.port, host: '127.0.0.1', localAddress });
        plain.write(header);
        return connectTls({ ...device.tls, socket: plain });
      },
    });

  it('takes the address that a trusted proxy names', async () => {
    const device = await world.enroll();
    const link = await dial(device, 'PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\n', '127.0.0.2').hello();
    expect((await presence(device))?.address).toBe('203.0.113.7');
    link.socket.close();
    await link.closed;
  });

  it('case 12: from anybody else the header is no TLS and the connection ends', async () => {
    const device = await world.enroll();
    const link = dial(device, 'PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\n', '127.0.0.1');
    await link.closed;
    expect(await presence(device)).toBeNull();
  });

  it('case 12: a trusted proxy that forges or forgets the header is cut off', async () => {
    const device = await world.enroll();
    for (const header of ['PROXY TCP4 localhost 127.0.0.1 1 2\r\n', '']) {
      await dial(device, header, '127.0.0.2').closed;
    }
    expect(await presence(device)).toBeNull();
  });
});

describe('an order', () => {
  it('is stored and receipted before the link is closed with 4451, then refused with 451, then restored', async () => {
    const { people } = world;
    const [inside, outside] = [await world.enroll('PK'), await world.enroll('SE')];
    const [here, there] = [await connected(inside), await connected(outside)];
    const before = (await here.next('list')).envelope;
    const services = ['management', 'messaging'] as const;
    const { order } = await world.orders.drafting.propose(people.proposer.id, { ...PROPOSAL, services: [...services] });
    for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
    await until(() => expect(here.frames.filter(({ kind }) => kind === 'list')).toHaveLength(2));
    const version = world.orders.list.current()?.version ?? 0;
    here.send({ kind: 'have', list: version, record: 1, approverSet: 1 });
    world.clock.jump(Date.parse('2015-11-30T19:00:00.000Z'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Not before its receipt is stored.
    expect(here.socket.readyState).toBe(1);
    const receipt = makeReceipt(
      {
        installation: INSTALLATION,
        device: inside.id,
        generation: 1,
        kind: 'enforced',
        listVersion: version,
        order,
        revision: 1,
        service: 'management',
        gate: 'closed',
        at: '2015-11-30T19:00:00.000Z',
      },
      inside.signer,
    );
    here.send({ kind: 'have', list: world.orders.list.current()?.version ?? 0, record: 1, approverSet: 1 });
    here.send({ kind: 'report', seq: 1, item: { type: 'receipt', envelope: receipt } });
    await here.next('reports-stored');
    expect(await here.closed).toMatchObject({ code: CLOSE.denied, reason: `order ${order}` });
    expect(there.socket.readyState).toBe(1);

    const { status, headers, body } = await new TestLink(inside.tls, '/link?list=1').refused;
    expect(status).toBe(451);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      link: `<https://operator.example/orders#${order}>; rel="blocked-by"`,
    });
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(300);
    const told = JSON.parse(body);
    expect(told).toMatchObject({ code: 'service_denied', list: world.orders.list.current()?.envelope });
    expect(told.list).not.toEqual(before);
    const current = world.orders.list.current()?.version ?? 0;
    const delivered = await new TestLink(inside.tls, `/link?list=${current}`).refused;
    expect(JSON.parse(delivered.body).list).toBeUndefined();

    // What a refused device needs goes on by plain HTTPS.
    expect((await ask(inside.tls, 'GET', '/orders/list')).status).toBe(200);
    expect((await ask(inside.tls, 'GET', '/orders/approver-sets')).status).toBe(200);
    const seen = async () => {
      const { lastSeenAt, listVersion, recordStored } = (await presence(inside)) ?? expect.fail('it has connected');
      return [world.clock.now() - lastSeenAt, listVersion, recordStored];
    };
    world.clock.jump(world.clock.now() + 86_400_000);
    const had = (await presence(inside))?.listVersion;
    await new TestLink(inside.tls, '/link?list=1').refused;
    expect(await seen()).toEqual([0, had, 1]);
    world.clock.jump(world.clock.now() + 86_400_000);
    expect((await ask(inside.tls, 'GET', '/device/record')).status).toBe(200);
    expect(await seen()).toEqual([0, had, 1]);
    expect((await ask(inside.tls, 'GET', '/device/record?list=40&record=3&approverSet=1')).status).toBe(200);
    expect(await seen()).toEqual([0, 40, 3]);
    for (const query of ['list=1', 'list=1&record=-1&approverSet=1', 'list=1&record=1&approverSet=1&x=1'])
      expect((await ask(inside.tls, 'GET', `/device/record?${query}`)).status).toBe(400);
    const posted = await ask(inside.tls, 'POST', '/device/receipts', JSON.stringify({ envelopes: [receipt] }));
    expect(JSON.parse(posted.body)).toEqual({ stored: 1, refused: [] });

    // A device reports its position; an address, which the server itself observes, is refused without holding up the rest.
    const at = world.clock.now();
    const observations = [
      { source: 'position', areas: ['AE'], at, whole: true },
      { source: 'address', areas: ['AE'], at },
    ];
    const evidence = await ask(inside.tls, 'POST', '/device/evidence', JSON.stringify({ observations }));
    expect(JSON.parse(evidence.body)).toMatchObject({ stored: 1, refused: [expect.stringContaining('address')] });
    expect(await world.alertCodes(inside.id)).toContain('report_refused');

    await world.orders.drafting.act(people.proposer.id, order, { action: 'withdraw' });
    for (const person of [people.ada, people.ben]) await world.sign(order, 2, person);
    const back = await connected(inside);
    expect(back.socket.readyState).toBe(1);
    back.socket.close();
    there.socket.close();
  });
});
