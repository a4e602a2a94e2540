/**
 * One device twice: as the server's modules know it over their store, and as the agent's enforcement knows it over its own. What a link would
 * carry between them is in the test's hand.
 */
import { generateKeyPairSync } from 'node:crypto';
import { openDeviceClock } from '../../agent/enforcement/device-clock.ts';
import { openEnforcement } from '../../agent/enforcement/enforcement.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import type { Bus } from '../../server/bus/bus.ts';
import { createDevices } from '../../server/devices/devices.ts';
import type { IpDatabases } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PresenceStore } from '../../server/store/presence-store.ts';
import { placeOrNull } from '../../shared/areas/area-code.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from './fleet-rows.ts';
import { type Neighbours, type OrderWorld, openOrderWorld } from './order-world.ts';
import { INSTALLATION, NOW } from './signed-documents.ts';

/** Takes a country's code for an address in it. */
const byCode: IpDatabases = {
  list: async () => [],
  import: () => Promise.reject(new Error('not here')),
  activate: () => Promise.reject(new Error('not here')),
  rollback: () => Promise.reject(new Error('not here')),
  open: () => Promise.reject(new Error('not here')),
  uses: async () => [],
  follow: async () => undefined,
  current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  look: (text) => ({ country: placeOrNull(text), registered: null, represented: null }),
};

export type BothSides = Awaited<ReturnType<typeof openBothSides>>;

export async function openBothSides(database: Database) {
  const group = await addGroup(database, 'embassies');
  const device = await addDevice(database, { group, home: 'FR' });
  const groups = new GroupStore(database);
  let world: OrderWorld | undefined;
  let jurisdiction: Jurisdiction | undefined;
  let devices: ReturnType<typeof createDevices> | undefined;

  const neighbours: Neighbours = ({ clock, bus }) => {
    // As the composition root does: a device that has moved is judged anew at once, and not only when the wake has arrived.
    const movingBus: Bus = {
      subscribe: (hear) => bus.subscribe(hear),
      publish: (wake) => {
        if (wake.kind === 'verdicts') world?.orders.invalidateVerdicts(wake.devices);
        bus.publish(wake);
      },
    };
    const store = new JurisdictionStore(database);
    const located = createJurisdiction({ store, ip: byCode, clock, bus: movingBus });
    const fleet = createDevices({
      store: new DeviceStore(database),
      groups,
      presence: new PresenceStore(database),
      bus,
      clock,
      followers: {
        async deviceChanged(id) {
          await located.deviceChanged(id);
          await world?.orders.reissueRecord(id);
          world?.orders.invalidateVerdicts([id]);
        },
      },
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
  world = await openOrderWorld(database, neighbours);
  if (!jurisdiction || !devices) throw new Error('the neighbours were not made');
  const { people, clock } = world;
  await world.root([people.ada, people.ben, people.cyd], [people.ada, people.ben]);
  await world.orders.reissueRecord(device);
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
  const stopLapsing = await devices.keepLapsing((error) => {
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
      stopLapsing();
      await world.stop();
      file.close();
      await database.close();
    },
  };
}
