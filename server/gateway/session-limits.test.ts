import { connect as connectTcp } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE, MAX_FRAME_FROM_DEVICE } from '../../shared/protocol/frames.ts';
import {
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
  tcp,
} from '../../tests/support/gateway-world.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const presence = async (device: TestDevice) => (await world.devices.get(device.id)).presence;
const closeOf = async (link: TestLink, code: number) => expect((await link.closed).code).toBe(code);

describe('limits of a session', () => {
  it.each([
    ['an oversized frame', (link: TestLink) => link.socket.send('x'.repeat(MAX_FRAME_FROM_DEVICE + 1)), 1009],
    [
      'text that is not UTF-8',
      (link: TestLink) => link.socket.send(Buffer.from([0xc3, 0x28]), { binary: false }),
      1007,
    ],
    ['a binary frame', (link: TestLink) => link.socket.send(Buffer.from('{}')), CLOSE.malformed],
    ['a frame that is not JSON', (link: TestLink) => link.socket.send('{'), CLOSE.malformed],
    ['an unknown kind', (link: TestLink) => link.socket.send('{"kind":"become-root"}'), CLOSE.malformed],
    [
      'an unknown field',
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

  it('case 13: the frame allowance ends a ping flood, also when each ping waits for the previous pong', async () => {
    const link = await connected(await world.enroll());
    let over = false;
    void link.closed.then(() => {
      over = true;
    });
    // In one burst, ws itself ends the session, because a pong is still unsent at the next ping. A burst would thus not test the allowance.
    let sent = 0;
    for (; !over && sent < 20_000; sent += 1) {
      const ponged = new Promise<void>((resolve) => {
        link.socket.once('pong', () => resolve());
        link.socket.once('close', () => resolve());
      });
      link.socket.ping();
      await ponged;
    }
    expect(sent).toBeLessThan(20_000);
    await closeOf(link, CLOSE.flood);
  });

  it('case 13: a flood of frames ends the session', async () => {
    const link = await connected(await world.enroll());
    // The frames cause no work in the store, so that the store does not slow them down.
    for (let sent = 0; sent < 7_000; sent++) link.send({ kind: 'mailbox', open: false });
    await closeOf(link, CLOSE.flood);
  });

  it('case 13: disconnects a device that does not read, without delay for other devices', async () => {
    const [slow, other] = [await world.enroll(), await world.enroll()];
    const [stuck, healthy] = [await connected(slow), await connected(other)];
    // A megabyte waits in the mailbox, and each repeated request for the mailbox makes the server send it again.
    const body = 'A'.repeat(96 * 1024);
    for (let sent = 0; sent < 11; sent++) {
      healthy.send({
        kind: 'post',
        id: crypto.randomUUID(),
        to: [slow.id],
        keep: true,
        commit: null,
        expires: null,
        body,
      });
      await healthy.next('posted');
    }
    stuck.socket.pause();
    const text = 'x'.repeat(2_000);
    // Each request counts as several frames. `session.test.ts` covers the end of a session that requests nothing.
    let requests = 0;
    for (; (await presence(slow))?.connected && requests < 1_000; requests += 1) {
      stuck.send({ kind: 'mailbox', open: true });
      await delay(5);
    }
    expect(requests).toBeLessThan(1_000);
    const { id } = await world.commands.issue({ device: other.id, command: { kind: 'message', text }, by: 'acc_x' });
    expect((await healthy.next('command')).id).toBe(id);
    stuck.socket.terminate();
    healthy.socket.close();
  });

  it('case 13: never negotiates compression, so no frame can be a decompression bomb', async () => {
    const { tls } = await world.enroll();
    const link = new TestLink(tls, '/link', { perMessageDeflate: true });
    await link.hello();
    expect(link.socket.extensions).toBe('');
    link.socket.close();
  });

  it('case 13: disconnects a peer that sends nothing or half a handshake', { timeout: 20_000 }, async () => {
    const half = await tcp(world.port, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    const mute = connectTcp(world.port, '127.0.0.1');
    const started = Date.now();
    await Promise.all([half, mute].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('closes the session of a device that sends no hello frame', { timeout: 20_000 }, async () => {
    const { tls } = await world.enroll();
    await closeOf(new TestLink(tls), CLOSE.timeout);
  });

  it('closes the session of a device that sends another frame before its hello', async () => {
    const link = new TestLink((await world.enroll()).tls);
    await link.opened;
    link.send({ kind: 'have', list: 1, record: 1, approverSet: 1 });
    await closeOf(link, CLOSE.malformed);
  });
});
