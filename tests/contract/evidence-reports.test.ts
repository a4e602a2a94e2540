import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { createLocationIntake } from '../../server/jurisdiction/location-intake.ts';
import type { Database } from '../../server/store/database.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;

async function world(database: Database) {
  const { devices, clock } = fleet(database);
  const store = new JurisdictionStore(database);
  const intake = createLocationIntake({
    store,
    ip: {
      lookUp: () => ({ country: null, registered: null, represented: null }),
      current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
    },
    clock,
    changes: { devicesMoved: () => undefined },
  });
  const device = await addDevice(database, { group: await addGroup(database, 'g') });
  const { epoch } = await devices.connected({ device, generation: 1, address: '192.0.2.1', agent: '0.1.0' });
  const network = (area: string) => [{ source: 'network' as const, areas: [parseEvidenceArea(area)], at: clock.now() }];
  return {
    device,
    clock,
    location: () => store.location(device),
    report: (area: string, seq: number, session = epoch) =>
      intake.observe(device, 1, network(area), { epoch: session, seq }),
    presence: async () => (await devices.get(device)).presence,
    areas: async () => (await store.facts([device])).get(device)?.location.counted?.areas ?? [],
  };
}

describeOnEveryStore('reports with evidence', (open) => {
  it('marks a report as stored in the transaction that stores its evidence', async () => {
    const { clock, report, presence, areas } = await world(await open());
    clock.jump(NOW + 10);
    expect(await report('PK', 3)).toBe(true);
    expect(await presence()).toMatchObject({ reportsThrough: 3, lastSeenAt: NOW + 10 });
    expect(await areas()).toEqual(['PK']);
  });

  it('marks no report whose evidence is already known, because nothing is written', async () => {
    const { report, presence } = await world(await open());
    expect(await report('PK', 1)).toBe(true);
    expect(await report('PK', 2)).toBe(false);
    expect(await presence()).toMatchObject({ reportsThrough: 1 });
  });

  it('ignores the report of an earlier session', async () => {
    const { clock, report, presence } = await world(await open());
    clock.jump(NOW + 10);
    await report('PK', 3, 0);
    expect(await presence()).toMatchObject({ reportsThrough: 0, lastSeenAt: NOW });
  });

  it('writes only the times of a report that confirms the location, and reads the same location from the tables', async () => {
    const database = await open();
    const { device, clock, report, location } = await world(database);
    const row = () =>
      database.db.selectFrom('location_states').selectAll().where('device_id', '=', device).executeTakeFirstOrThrow();
    const fromTables = async () => (await new JurisdictionStore(database).facts([device])).get(device)?.location;
    for (let hour = 0; hour < 3; hour += 1) {
      clock.jump(NOW + hour * HOUR);
      await report('PK', hour);
    }
    const before = await row();
    clock.jump(NOW + 3 * HOUR);
    await report('PK', 3);
    const after = await row();
    expect(after).toEqual({ ...before, times: expect.any(String) });
    expect(await fromTables()).toEqual(await location());
    clock.jump(NOW + 4 * HOUR);
    await report('AE', 4);
    expect(await row()).toMatchObject({ times: null });
    expect(await fromTables()).toEqual(await location());
  });

  it('stores neither evidence nor mark when the transaction fails, and then continues from the stored location', async () => {
    const database = await open();
    const { clock, report, presence, areas } = await world(database);
    await report('PK', 1);
    await sql`alter table device_presence rename to hidden`.execute(database.db);
    clock.jump(NOW + 10);
    await expect(report('AE', 2)).rejects.toThrow();
    await sql`alter table hidden rename to device_presence`.execute(database.db);
    expect(await presence()).toMatchObject({ reportsThrough: 1 });
    expect(await areas()).toEqual(['PK']);
    clock.jump(NOW + 20);
    expect(await report('PK', 2)).toBe(true);
    expect(await presence()).toMatchObject({ reportsThrough: 2 });
    expect(await areas()).toEqual(['PK']);
  });
});
