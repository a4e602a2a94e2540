/**
 * One device, seen by the server's modules over their store and by the agent's enforcement over its own store. The test passes the frames
 * between them.
 */
import { generateKeyPairSync } from 'node:crypto';
import { openDeviceClock } from '../../agent/enforcement/device-clock.ts';
import { openEnforcement } from '../../agent/enforcement/enforcement.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import { createDevices } from '../../server/devices/devices.ts';
import type { AddressLookup } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { homeAreaOrNull } from '../../shared/areas/area-code.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from './fleet-rows.ts';
import { type Neighbors, type OrderWorld, openOrderWorld } from './order-world.ts';
import { testPersonKeys } from './person-keys.ts';
import { INSTALLATION, NOW } from './signed-documents.ts';

/** IP database that takes the code of a country for an address in that country. */
const byCode: AddressLookup = {
  current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  lookUp: (text) => ({ country: homeAreaOrNull(text), registered: null, represented: null }),
};

export type BothSides = Awaited<ReturnType<typeof openBothSides>>;

export async function openBothSides(database: Database) {
  const group = await addGroup(database, 'embassies');
  const device = await addDevice(database, { group, home: 'FR' });
  const groups = new GroupStore(database);
  let world: OrderWorld | undefined;
  let jurisdiction: Jurisdiction | undefined;
  let devices: ReturnType<typeof createDevices> | undefined;

  const neighbors: Neighbors = ({ clock, bus, changes }) => {
    const store = new JurisdictionStore(database);
    const located = createJurisdiction({ store, past: new PastLocationStore(database), ip: byCode, clock, changes });
    changes.follow(located);
    const fleet = createDevices({
      ...deviceStores(database, testPersonKeys()),
      bus,
      clock,
      followers: changes,
    });
    [jurisdiction, devices] = [located, fleet];
    return {
      jurisdiction: located,
      fleet: {
        personalia: (id) => fleet.get(id),
        devicesOf: (id) => groups.devicesOf(id),
      },
    };
  };
  world = await openOrderWorld(database, neighbors);
  if (!jurisdiction || !devices) throw new Error('the neighbors were not made');
  const { people, clock } = world;
  await world.approverSet([people.ada, people.ben, people.cyd], [people.ada, people.ben]);
  await world.orders.effect.reissueRecord(device);
  const maker = { account: newAccountId(), requireAreas: () => undefined };
  await world.areas.defineGroup('ours', 'Ours', ['IN', 'AE'], maker);
  const corners = [
    [74.2, 31.4],
    [74.45, 31.4],
    [74.45, 31.65],
    [74.2, 31.4],
  ];
  const geoJson = JSON.stringify({ type: 'Polygon', coordinates: [corners] });
  await world.areas.importPolygon('lahore', 'Lahore', geoJson, maker);
  const stopStatementExpiry = await devices.startStatementExpiry((error) => {
    throw error;
  });

  const file = openAgentStore({ file: ':memory:' });
  const store = file.device(device);
  store.beginGeneration(1);
  const time = {
    wall: () => clock.now(),
    monotonic: () => clock.now() - NOW,
    boot: 'the only one',
    after: (ms: number, task: () => void) => clock.at(clock.now() + ms, task),
  };
  const deviceClock = openDeviceClock(time, store);
  const key = signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);
  const agent = openEnforcement({
    store,
    clock: deviceClock,
    time,
    identity: { device, installation: INSTALLATION, generation: () => 1 },
    signer: () => key,
    onChange: () => undefined,
    onListExpired: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    ...world,
    world,
    device,
    devices,
    jurisdiction,
    agent,
    store,
    deviceClock,
    async close() {
      agent.stop();
      stopStatementExpiry();
      await world.stop();
      file.close();
      await database.close();
    },
  };
}
