/** The narrow rows that lists and counts read, compared with the location that the server stores. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createDeviceChanges } from '../../server/bus/device-changes.ts';
import type { AddressLookup } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { homeAreaOrNull, parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { unknownFrom } from '../../shared/verdict/locate.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;

/** An address lookup that returns the address itself as a country. */
const byCode: AddressLookup = {
  current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  lookUp: (text) => ({ country: homeAreaOrNull(text), registered: null, represented: null }),
};

/** A server on the database. A second one stands for the same server after a restart, without cached locations. */
const serverOn = (database: Database, clock: DrivenClock) =>
  createJurisdiction({
    store: new JurisdictionStore(database),
    past: new PastLocationStore(database),
    ip: byCode,
    clock,
    changes: createDeviceChanges(new LocalBus()),
  });

const step = fc.record({
  kind: fc.constantFrom('connect', 'disconnect', 'network', 'position', 'restart'),
  areas: fc.constantFrom(['PK'], ['US-CA'], ['DE', 'FR'], ['XX-kashmir'], ['IN', 'PK']),
  hours: fc.constantFrom(0, 1, 7, 30),
});

describeOnEveryStore('rows of locations', (open) => {
  it('have the areas and the expiry of the stored location after each change', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const clock = new DrivenClock(Date.parse('2015-07-24T12:00:00.000Z'));
    let listed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const device = await addDevice(database, { group });
        let server = serverOn(database, clock);
        for (const { kind, areas, hours } of steps) {
          clock.jump(clock.now() + hours * HOUR);
          const address = areas[0]?.slice(0, 2) ?? null;
          if (kind === 'restart') server = serverOn(database, clock);
          else if (kind === 'connect') await server.observeAddress(device, 1, address, true);
          else if (kind === 'disconnect') await server.observeAddress(device, 1, address, false);
          else
            await server.observe(device, 1, [{ source: kind, areas: areas.map(parseEvidenceArea), at: clock.now() }]);
          const state = (await server.facts([device])).get(device)?.location;
          const [row] = await database.db.selectFrom('locations').selectAll().where('device_id', '=', device).execute();
          if (!row || !state) {
            expect([row, state?.at]).toEqual([undefined, 0]);
            continue;
          }
          listed += 1;
          const indexed = await database.db
            .selectFrom('device_nexus')
            .select('area')
            .where('device_id', '=', device)
            .where('nexus', '=', 'present')
            .execute();
          const countries = indexed.map(({ area }) => area).filter((area) => /^(?:..|XX-.*)$/.test(area));
          expect(row).toEqual({
            device_id: device,
            areas: countries.sort().join(' '),
            unknown_at: unknownFrom(state),
          });
        }
      }),
      { numRuns: 40 },
    );
    expect(listed).toBeGreaterThan(40);
  });
});
