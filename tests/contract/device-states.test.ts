import { expect, it } from 'vitest';
import { DeviceStateStore } from '../../server/store/device-state-store.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, addReceipts, addWaiting } from '../support/located-fleet.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const ORDER = '2015-001';

describeOnEveryStore('states of devices', (openStore) => {
  it('are those of active devices in their current enrollment', async () => {
    const database = await openStore();
    const group = await addGroup(database, 'g', 'PK');
    const [here, again, ended, never] = await addLocatedFleet(database, group, NOW, [
      { user: 'Here', home: 'GB', presence: { connected: true, listVersion: 7 } },
      { presence: { connected: true, listVersion: 7 } },
      { status: 'revoked' },
      {},
    ]);
    if (!here || !again || !ended || !never) throw new Error('no devices');
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', again).execute();
    const store = new DeviceStateStore(database);
    const standing = await store.states([here, again, ended, never]);
    const facts = { home: 'PK', seat: null };
    expect(standing.get(here)).toMatchObject({ user: 'Here', connected: true, listVersion: 7, facts: { home: 'GB' } });
    expect(standing.get(again)).toMatchObject({ connected: false, listVersion: 0, facts });
    expect(standing.get(never)).toMatchObject({ connected: false, listVersion: 0, facts });
    expect(standing.has(ended)).toBe(false);
    expect(await store.activeDevices()).toBe(3);
    expect(await store.states([])).toEqual(new Map());
  });

  it('have the pending data and the delivered receipts of the current enrollment', async () => {
    const database = await openStore();
    const group = await addGroup(database, 'g');
    const [full, early, told, unverified, nothing] = await addLocatedFleet(database, group, NOW, [{}, {}, {}, {}, {}]);
    if (!full || !early || !told || !unverified || !nothing) throw new Error('no devices');
    const all = [full, early, told, unverified, nothing];
    await addWaiting(database, [
      { device: full, messages: 3, bytes: 70, commands: 2 },
      { device: early, messages: 3, bytes: 70, commands: 2 },
    ]);
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', early).execute();
    await database.db.updateTable('commands').set({ state: 'stored' }).where('id', '=', `${full} 0`).execute();
    const row = { kind: 'delivered', order: ORDER, revision: 1, service: null, at: NOW } as const;
    await addReceipts(database, [
      { ...row, device: told },
      { ...row, device: told, revision: 2 },
      { ...row, device: early },
      { ...row, device: unverified, verified: false },
      { ...row, device: nothing, order: '2015-002' },
      { ...row, device: nothing, kind: 'displayed' },
    ]);
    const store = new DeviceStateStore(database);
    const waits = { messages: 3, bytes: 70, commands: 2 };
    const nothings = { messages: 0, bytes: 0, commands: 0 };
    const dues = async (order: string | null) =>
      [...(await store.statesWithWaits(all, order))].map(([device, one]) => [device, one.waits, one.delivered]);
    const unheard = [
      [full, waits, false],
      [early, nothings, false],
      [told, nothings, false],
      [unverified, nothings, false],
      [nothing, nothings, false],
    ];
    expect(await dues(ORDER)).toEqual(unheard.map((each) => (each[0] === told ? [told, nothings, true] : each)));
    expect(await dues(null)).toEqual(unheard);
    expect(await dues('2015-003')).toEqual(unheard);
    await database.db.updateTable('commands').set({ state: 'done' }).execute();
    expect((await dues(null))[0]).toEqual([full, { ...waits, commands: 0 }, false]);
    expect(await store.statesWithWaits([], ORDER)).toEqual(new Map());
  });
});
