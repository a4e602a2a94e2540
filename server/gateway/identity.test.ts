import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE } from '../../shared/protocol/frames.ts';
import {
  ask,
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const closeOf = async (link: TestLink, code: number) => expect((await link.closed).code).toBe(code);

describe('revocation', () => {
  it('case 1: refuses a revoked certificate, also in a resumed TLS session', async () => {
    const device = await world.enroll();
    const socket = connectTls(device.tls);
    const ticket = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
    socket.destroy();
    // The ticket works while the certificate is valid.
    const resumed = connectTls({ ...device.tls, session: ticket });
    await new Promise((resolve) => resumed.once('secureConnect', resolve));
    expect(resumed.isSessionReused()).toBe(true);
    resumed.destroy();
    // Revoke directly in the store, as another server process would: the ticket keys stay unchanged, and TLS accepts the ticket.
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

  it('case 2: disconnects a revoked device within a second, and invalidates its session ticket', async () => {
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
