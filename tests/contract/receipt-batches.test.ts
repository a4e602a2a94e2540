import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ReceiptRow } from '../../server/orders/ports.ts';
import type { Database } from '../../server/store/database.ts';
import { ReceiptStore } from '../../server/store/receipt-store.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const signer = signerOf(generateKeyPairSync('ed25519').privateKey);

function receiptRow(device: DeviceId, seq: number): ReceiptRow {
  const about = { installation: 'test', device, generation: 1, listVersion: 4, order: '2015-001', revision: 1 };
  const receipt = { ...about, kind: 'delivered', service: null, gate: null, at: new Date(seq).toISOString() } as const;
  return { device, generation: 1, seq, receipt, storedAt: NOW, envelope: makeReceipt(receipt, signer) };
}
const receiptRows = (device: DeviceId, count: number) =>
  Array.from({ length: count }, (_, index) => receiptRow(device, index + 1));

async function world(database: Database) {
  const { devices } = fleet(database);
  const store = new ReceiptStore(database);
  const device = await addDevice(database, { group: await addGroup(database, 'g') });
  const connect = () => devices.connected({ device, generation: 1, address: null, agent: 'test' });
  return { devices, store, device, connect, epoch: (await connect()).epoch };
}

describeOnEveryStore('batches of receipts', (open) => {
  it('mark the reports of their session, even if the next session starts in the same commit', async () => {
    const { store, device, connect, epoch } = await world(await open());
    const [, next] = await Promise.all([
      store.storeReceipts({ receipts: receiptRows(device, 2), session: { epoch, reports: 9 } }),
      connect(),
    ]);
    expect(next).toMatchObject({ epoch: epoch + 1, reportsThrough: 9 });
  });

  it('are stored together with the versions and the report number of their session', async () => {
    const { devices, store, device, epoch } = await world(await open());
    const state = { list: 4, record: 3, approverSet: 2, reports: 75 };
    // 75 rows need statements of several lengths. A repeated batch changes nothing.
    for (const reports of [75, 76]) {
      await store.storeReceipts({ receipts: receiptRows(device, 75), session: { ...state, epoch, reports } });
    }
    const unverified = (await store.unverifiedReceipts(100)).sort((a, b) => a.seq - b.seq);
    expect(unverified).toEqual(
      receiptRows(device, 75).map(({ receipt: { kind, listVersion, order, revision }, seq, envelope }) => {
        return { device, generation: 1, seq, receipt: { kind, listVersion, order, revision }, envelope };
      }),
    );
    const { presence } = await devices.get(device);
    expect(presence).toMatchObject({ listVersion: 4, approverSetVersion: 2, reportsThrough: 76 });
  });

  it('of an earlier session are stored, but do not change the state of the current session', async () => {
    const { devices, store, device, connect, epoch } = await world(await open());
    await connect();
    await store.storeReceipts({ receipts: receiptRows(device, 1), session: { epoch, list: 4, reports: 9 } });
    expect(await store.unverifiedReceipts(10)).toHaveLength(1);
    expect((await devices.get(device)).presence).toMatchObject({ listVersion: 0, reportsThrough: 0 });
  });

  it('fail alone and completely: an invalid receipt marks no report as stored', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const store = new ReceiptStore(database);
    const group = await addGroup(database, 'g');
    const [good, bad] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const epochs = await Promise.all(
      [good, bad].map((device) => devices.connected({ device, generation: 1, address: null, agent: 'test' })),
    );
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 1]);
    const invalid = { ...receiptRow(bad, 2), storedAt: Number.NaN };
    const outcomes = await Promise.allSettled([
      store.storeReceipts({ receipts: receiptRows(good, 2), session: { epoch: 1, reports: 2 } }),
      store.storeReceipts({ receipts: [receiptRow(bad, 1), invalid], session: { epoch: 1, reports: 2 } }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await store.unverifiedReceipts(10)).map(({ device }) => device)).toEqual([good, good]);
    expect(await store.unverifiedReceipts(10, [good])).toEqual([]);
    expect((await devices.get(good)).presence?.reportsThrough).toBe(2);
    expect((await devices.get(bad)).presence?.reportsThrough).toBe(0);
  });
});
