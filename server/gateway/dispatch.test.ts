import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import { type GatewayWorld, openGatewayWorld, type TestDevice, TestLink } from '../../tests/support/gateway-world.ts';
import { INSTALLATION, NOW } from '../../tests/support/signed-documents.ts';
import { until } from '../../tests/support/until.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const presence = async (device: TestDevice) => (await world.devices.get(device.id)).presence;
const alert = (code: string): ReportItem => ({ type: 'alert', code, detail: 'x', at: 1 });
const receiptOf = ({ id, signer }: TestDevice, revision: number) =>
  makeReceipt(
    {
      installation: INSTALLATION,
      device: id,
      generation: 1,
      kind: 'delivered',
      listVersion: 1,
      order: '2015-001',
      revision,
      service: null,
      gate: null,
      at: new Date(NOW).toISOString(),
    },
    signer,
  );
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
    const store = vi.spyOn(world.orders.receipts, 'storeChecked').mockRejectedValueOnce(full);
    link.send({ kind: 'report', seq: 1, item: { type: 'receipt', envelope: receiptOf(device, 1) } });
    link.send({ kind: 'report', seq: 2, item: alert('after') });
    await closeOf(link, 1011);
    store.mockRestore();
    expect(link.frames.map(({ kind }) => kind)).not.toContain('reports-stored');
    const again = await connected(device);
    expect((await again.next('welcome')).reports).toBe(0);
    again.socket.close();
  });

  it('stores document versions and receipts that arrive together in one write, and then acknowledges them', async () => {
    const device = await world.enroll();
    const stream = connectTls({ ...device.tls, ALPNProtocols: ['http/1.1'] });
    const link = await new TestLink(device.tls, '/link', { createConnection: () => stream }).hello();
    const store = vi.spyOn(world.orders.receipts, 'storeChecked');
    const recordState = vi.spyOn(world.devices, 'recordState');
    stream.cork();
    link.send({ kind: 'have', list: 5, record: 1, approverSet: 1 });
    for (const seq of [1, 2]) {
      link.send({ kind: 'report', seq, item: { type: 'receipt', envelope: receiptOf(device, seq) } });
    }
    stream.uncork();
    expect(await link.next('reports-stored')).toEqual({ kind: 'reports-stored', through: 2 });
    const [[batch] = [], ...more] = store.mock.calls;
    expect([more, recordState.mock.calls]).toEqual([[], []]);
    expect(batch?.receipts.map(({ receipt }) => receipt.revision)).toEqual([1, 2]);
    expect(batch?.session).toEqual({ epoch: 1, list: 5, record: 1, approverSet: 1, reports: 2 });
    store.mockRestore();
    recordState.mockRestore();
    expect((await presence(device))?.listVersion).toBe(5);
    link.socket.close();
    await link.closed;
    const again = await connected(device);
    expect((await again.next('welcome')).reports).toBe(2);
    again.socket.close();
  });

  it('refuses a malformed receipt with an alert, and stores the receipts beside it', async () => {
    const device = await world.enroll();
    const link = await connected(device);
    const wrong = { payloadType: 'x', payload: '', signatures: [] };
    [receiptOf(device, 1), wrong, receiptOf(device, 2)].forEach((envelope, index) => {
      link.send({ kind: 'report', seq: index + 1, item: { type: 'receipt', envelope } });
    });
    await until(() => expect(link.frames.at(-1)).toEqual({ kind: 'reports-stored', through: 3 }));
    expect(await world.alertCodes(device.id)).toEqual(['report_refused']);
    const stored = await world.database.db.selectFrom('receipts').select('revision').where('device_id', '=', device.id);
    expect((await stored.orderBy('revision').execute()).map(({ revision }) => revision)).toEqual([1, 2]);
    link.socket.close();
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
