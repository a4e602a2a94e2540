import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { CLOSE, type ReportItem } from '../../shared/protocol/frames.ts';
import { type GatewayWorld, openGatewayWorld, type TestDevice, TestLink } from '../../tests/support/gateway-world.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const presence = async (device: TestDevice) => (await world.devices.get(device.id)).presence;
const alert = (code: string): ReportItem => ({ type: 'alert', code, detail: 'x', at: 1 });
const closeOf = async (link: TestLink, code: number) => expect((await link.closed).code).toBe(code);

describe('one device, one session', () => {
  it('case 14: closes the first session of a device when its second one begins, and raises an alert', async () => {
    const device = await world.enroll();
    const first = await connected(device);
    const second = await connected(device);
    await closeOf(first, CLOSE.takenOver);
    expect(await world.alertCodes(device.id)).toEqual(['taken_over']);
    // The end of the first session must not mark the device as disconnected.
    expect((await presence(device))?.connected).toBe(true);
    second.send({ kind: 'report', seq: 1, item: alert('still_here') });
    expect(await second.next('reports-stored')).toMatchObject({ through: 1 });
    second.socket.close();
  });

  it('acknowledges durable reports, and counts a repeated report once', async () => {
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

  it('acknowledges neither a receipt that could not be stored nor later reports', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    const full = new CordonError('store_unavailable', 'The disk is full.');
    const store = vi.spyOn(world.orders.receipts, 'store').mockRejectedValueOnce(full);
    const envelope = { payloadType: 'x', payload: '', signatures: [] };
    link.send({ kind: 'report', seq: 1, item: { type: 'receipt', envelope } });
    link.send({ kind: 'report', seq: 2, item: alert('after') });
    await closeOf(link, 1011);
    store.mockRestore();
    expect(link.frames.map(({ kind }) => kind)).not.toContain('reports-stored');
    const again = await connected(device);
    expect((await again.next('welcome')).reports).toBe(0);
    again.socket.close();
  });

  it('repeats a command until the device has it, and completes it with its result', async () => {
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

  it("case 15: a result for another device's command changes nothing and raises an alert", async () => {
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
