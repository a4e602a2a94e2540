/** Rollouts of orders on every store. Devices, their locations and receipts are rows in tables. */
import { expect, it } from 'vitest';
import { createJurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { RolloutStore } from '../../server/store/rollout-store.ts';
import { type DeviceReports, NO_DEVICES } from '../../shared/order/rollout.ts';
import type { RolloutCounts } from '../../shared/order/rollout-states.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, addReceipts, type ToldRow } from '../support/located-fleet.ts';
import { NO_ADDRESSES } from '../support/no-addresses.ts';
import { openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');
const ORDER = '2015-001';

describeOnEveryStore('rollout of an order', (openStore) => {
  const AT = EFFECTIVE;
  const told = (
    kind: ToldRow['kind'],
    revision: number,
    at: number,
    more: Partial<ToldRow> = {},
  ): Omit<ToldRow, 'device'> => ({
    kind,
    revision,
    at,
    service: kind === 'delivered' || kind === 'displayed' ? null : 'mail',
    order: ORDER,
    ...more,
  });

  const wordsOf = (said?: DeviceReports): string =>
    [
      ...(said?.delivered ? ['delivered'] : []),
      ...(said?.displayed ? ['displayed'] : []),
      ...(said?.closed ? ['enforced'] : said?.opened ? ['restored'] : []),
    ].join(' ');

  const TABLE: [string, Omit<ToldRow, 'device'>[], string][] = [
    ['nothing', [], ''],
    ['delivered', [told('delivered', 3, AT)], 'delivered'],
    ['of an earlier revision', [told('delivered', 2, AT), told('displayed', 2, AT)], ''],
    ['displayed', [told('delivered', 3, AT), told('displayed', 3, AT)], 'delivered displayed'],
    ['closed', [told('enforced', 3, AT)], 'enforced'],
    ['closed by an earlier revision that it still holds', [told('enforced', 1, AT)], 'enforced'],
    ['closed and opened', [told('enforced', 1, AT), told('restored', 3, AT + 1)], 'restored'],
    [
      'opened and closed again',
      [told('enforced', 1, AT), told('restored', 2, AT + 1), told('enforced', 2, AT + 2)],
      'enforced',
    ],
    ['opened by a later revision at the same instant', [told('enforced', 1, AT), told('restored', 2, AT)], 'restored'],
    [
      'closed by a later revision at the same instant',
      [told('enforced', 1, AT - 1), told('restored', 2, AT), told('enforced', 3, AT)],
      'enforced',
    ],
    ['opened, with nothing closed', [told('restored', 3, AT)], ''],
    [
      'one service opened, another still closed',
      [told('enforced', 1, AT), told('enforced', 1, AT, { service: 'messaging' }), told('restored', 2, AT + 1)],
      'enforced',
    ],
    [
      'both opened',
      [
        told('enforced', 1, AT),
        told('enforced', 1, AT, { service: 'messaging' }),
        told('restored', 2, AT + 1),
        told('restored', 2, AT + 1, { service: 'messaging' }),
      ],
      'restored',
    ],
    ['not verified', [told('enforced', 3, AT, { verified: false }), told('delivered', 3, AT, { verified: false })], ''],
    ['of another order', [told('enforced', 3, AT, { order: '2015-002' })], ''],
    ['of an earlier enrollment', [told('enforced', 3, AT, { generation: 2 })], ''],
  ];

  it('uses the last receipt of a device about each service', async () => {
    const database = await openStore();
    const group = await addGroup(database, 'g');
    const devices = await addLocatedFleet(
      database,
      group,
      NOW,
      TABLE.map(() => ({})),
    );
    const store = new RolloutStore(database);
    for (const [index, [name, rows, expected]] of TABLE.entries()) {
      const device = devices[index];
      if (!device) throw new Error('no device');
      await addReceipts(
        database,
        rows.map((row) => ({ ...row, device })),
      );
      const said = (await store.reports(ORDER, 3, [device])).get(device);
      expect(wordsOf(said), name).toBe(expected);
      if (expected !== '') expect(said?.newest, name).toBe(Math.max(...rows.map(({ at }) => at)));
    }
    const together = await store.reports(ORDER, 3, devices);
    expect(devices.map((device) => wordsOf(together.get(device)))).toEqual(TABLE.map(([, , expected]) => expected));
  });

  it('counts each affected device in one state, including offline devices and ended enrollments', async () => {
    const database = await openStore();
    const world = await openOrderWorld(database, ({ clock, changes }) => ({
      fleet: { personalia: async () => null, devicesOf: async () => [] },
      jurisdiction: createJurisdiction({
        store: new JurisdictionStore(database),
        past: new PastLocationStore(database),
        ip: NO_ADDRESSES,
        clock,
        changes,
      }),
    }));
    try {
      const { proposer, ada, ben } = world.people;
      await world.approverSet([ada, ben], [ada, ben]);
      const seen = (area: string, connected = true) =>
        [{ source: 'address', areas: [area], at: NOW - HOUR, connected }] as const;
      const presence = (connected: boolean) => ({ connected, listVersion: 2 });
      const group = await addGroup(database, 'g');
      const [one, away, far, ended] = await addLocatedFleet(database, group, NOW, [
        { home: 'PK', presence: presence(true), seen: seen('PK') },
        // An offline device with another home. Its address evidence expires days before the effective time.
        { home: 'GB', presence: presence(false), seen: seen('PK', false) },
        { home: 'GB', presence: presence(true), seen: seen('GB') },
        { home: 'PK', status: 'revoked', seen: seen('PK') },
      ]);
      if (!one || !away || !far || !ended) throw new Error('no devices');
      const report = (device: DeviceId, ...rows: Omit<ToldRow, 'device'>[]) =>
        addReceipts(
          database,
          rows.map((row) => ({ ...row, device })),
        );
      const { order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, unknown: 'allow' });
      const nothing = { revision: null, phase: null, total: 0, states: NO_DEVICES, lastSeen: 0 };
      expect(await world.orders.evidence.rollout(order)).toEqual({ ...nothing, newest: null, notices: [] });
      const states = (some: Partial<RolloutCounts>) => ({ ...NO_DEVICES, ...some });
      const settles = (expected: object) =>
        expect.poll(() => world.orders.evidence.rollout(order), { timeout: 10_000 }).toMatchObject(expected);

      for (const person of [ada, ben]) await world.sign(order, 1, person);
      await settles({ phase: 'announced', total: 2, states: states({ undelivered: 1, offline_undelivered: 1 }) });
      for (const device of [one, far]) await report(device, told('delivered', 1, NOW + 1));
      await settles({ total: 2, states: states({ delivered: 1, offline_undelivered: 1 }), newest: NOW + 1 });

      world.clock.jump(AT);
      await report(one, told('displayed', 1, AT + 1));
      await report(ended, told('enforced', 1, AT));
      // The location of the offline device has expired. Its last known location counts.
      const offline = { offline_undelivered: 1, unenrolled: 1 };
      await settles({ phase: 'active', total: 3, lastSeen: 1, states: states({ displayed: 1, ...offline }) });
      await report(one, told('enforced', 1, AT), told('enforced', 1, AT, { service: 'messaging' }));
      await settles({ total: 3, states: states({ enforced: 1, ...offline }), newest: AT + 1 });

      await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
      for (const person of [ada, ben]) await world.sign(order, 2, person);
      await settles({ revision: 2, phase: 'over', total: 3, states: states({ enforced: 1, ...offline }) });
      await report(one, told('delivered', 2, AT + 5), told('restored', 2, AT + 5));
      await report(one, told('restored', 2, AT + 5, { service: 'messaging' }));
      await settles({ total: 3, states: states({ restored: 1, ...offline }) });
    } finally {
      await world.stop();
    }
  });

  it('reports a device whose receipt failed verification', async () => {
    const database = await openStore();
    const group = await addGroup(database, 'g');
    const [bad, good] = await addLocatedFleet(database, group, NOW, [{}, {}]);
    if (!bad || !good) throw new Error('no devices');
    await addReceipts(database, [
      { device: bad, ...told('delivered', 3, AT) },
      { device: good, ...told('delivered', 3, AT) },
    ]);
    await database.db.updateTable('receipts').set({ verified: 2 }).where('device_id', '=', bad).execute();
    const alert = {
      at: NOW,
      first_at: NOW,
      count: 1,
      device_id: bad,
      code: 'receipt_invalid',
      detail: 'A receipt is not signed by the device.',
    };
    await database.db.insertInto('alerts').values(alert).execute();
    const reports = await new RolloutStore(database).reports(ORDER, 3, [bad, good]);
    expect(reports.get(bad)).toMatchObject({ delivered: false, refused: true });
    expect(reports.get(good)).toMatchObject({ delivered: true, refused: false });
  });

  it('finds all devices that enforced the order, over several pages', async () => {
    const database = await openStore();
    const group = await addGroup(database, 'g');
    const devices = await addLocatedFleet(
      database,
      group,
      NOW,
      Array.from({ length: 2_100 }, () => ({})),
    );
    await addReceipts(
      database,
      devices.flatMap((device) => [
        { device, ...told('enforced', 1, AT) },
        { device, ...told('enforced', 1, AT, { service: 'messaging' }) },
        { device, ...told('enforced', 2, AT) },
      ]),
    );
    expect((await new RolloutStore(database).enforcedBy(ORDER)).sort()).toEqual([...devices].sort());
    expect(await new RolloutStore(database).enforcedBy('2015-002')).toEqual([]);
  });
});
