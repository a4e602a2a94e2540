import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ask,
  type GatewayWorld,
  handshake,
  openGatewayWorld,
  strayIdentity,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { tool } from '../../tests/support/tools.ts';

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

describe('connection of a device', () => {
  it('welcomes a device, and sends it the documents that are newer than its own', async () => {
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

  it('refuses a client without a certificate', async () => {
    const { tls } = await world.enroll();
    const { key: _key, cert: _cert, ...bare } = tls;
    expect(await handshake(bare)).toBeInstanceOf(Error);
  });

  it('accepts only TLS 1.3, and prefers the hybrid post-quantum group', async () => {
    const { tls } = await world.enroll();
    expect(await handshake({ ...tls, maxVersion: 'TLSv1.2' })).toBeInstanceOf(Error);
    const socket = await handshake(tls);
    if (!(socket instanceof TLSSocket)) throw socket;
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    // The limits also apply after a renewal of the server's certificate.
    const { keyPem, chainPem } = world.authority.serverIdentity();
    world.gateway.listener.renew({ key: keyPem, cert: chainPem });
    expect(await handshake({ ...tls, maxVersion: 'TLSv1.2' })).toBeInstanceOf(Error);
    const renewed = await handshake(tls);
    if (!(renewed instanceof TLSSocket)) throw renewed;
    renewed.destroy();
  });

  it.skipIf(!openssl.present)(
    'accepts openssl with a certificate, by X25519MLKEM768, and refuses it without one',
    async () => {
      const { tls } = await world.enroll();
      const folder = mkdtempSync(join(tmpdir(), 'cordon-s-client-'));
      const put = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const args = ['s_client', '-connect', `127.0.0.1:${world.port}`, '-servername', 'localhost', '-CAfile'];
      args.push(put('root.pem', tls.ca), '-verify_return_error', '-ign_eof');
      const allArgs = [...args, '-cert', put('device.pem', tls.cert ?? ''), '-key', put('key.pem', String(tls.key))];
      allArgs.push('-cert_chain', put('chain.pem', tls.cert ?? ''));
      const talk = (list: string[]) => {
        const child = run('openssl', list);
        child.child.stdin?.end('GET /orders/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
        return child.then(
          ({ stdout }) => stdout,
          (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
        );
      };
      const inside = await talk(allArgs);
      expect(inside).toContain('HTTP/1.1 200 OK');
      expect(inside).toContain('X25519MLKEM768');
      const outside = await talk(args);
      expect(outside).toContain('certificate required');
      expect(outside).not.toContain('HTTP/1.1');
      rmSync(folder, { recursive: true, force: true });
    },
  );

  it.each(['server', 'messaging'] as const)(
    'case 11: refuses a %s certificate of this installation',
    async (profile) => {
      const { tls } = await world.enroll();
      expect(await handshake({ ...tls, ...strayIdentity(world.authority, profile) })).toBeInstanceOf(Error);
    },
  );

  it('refuses a device certificate that is not in the store', async () => {
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

  it('responds with 426 to a request for the link without an upgrade', async () => {
    const { tls } = await world.enroll();
    expect((await ask(tls, 'GET', '/link')).status).toBe(426);
  });

  it('case 12: ignores a device id in a header or query', async () => {
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

describe('connection through a proxy', () => {
  const dial = (device: TestDevice, header: string, localAddress: string) =>
    new TestLink(device.tls, '/link', {
      createConnection: () => {
        const plain = connectTcp({ port: world.port, host: '127.0.0.1', localAddress });
        plain.write(header);
        return connectTls({ ...device.tls, socket: plain });
      },
    });

  it('records the address in the header of a trusted proxy', async () => {
    const device = await world.enroll();
    const link = await dial(device, 'PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\n', '127.0.0.2').hello();
    expect((await presence(device))?.address).toBe('203.0.113.7');
    link.socket.close();
    await link.closed;
  });

  it('case 12: ends a connection with a proxy header from an untrusted address', async () => {
    const device = await world.enroll();
    const link = dial(device, 'PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\n', '127.0.0.1');
    await link.closed;
    expect(await presence(device)).toBeNull();
  });

  it('case 12: ends a connection of a trusted proxy with an invalid header or none', async () => {
    const device = await world.enroll();
    for (const header of ['PROXY TCP4 localhost 127.0.0.1 1 2\r\n', '']) {
      await dial(device, header, '127.0.0.2').closed;
    }
    expect(await presence(device)).toBeNull();
  });
});
