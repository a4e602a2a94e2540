/** Devices over a real store, with the wakes and changes that they announce. */
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createDevices } from '../../server/devices/devices.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { testPersonKeys } from './person-keys.ts';

export const NOW = 500_000;
export const PK = 'PK' as HomeArea;
export const FR = 'FR' as HomeArea;

export function fleet(database: Database, keys = testPersonKeys()) {
  const clock = new DrivenClock(NOW);
  const bus = new LocalBus();
  const wakes: Wake[] = [];
  bus.subscribe((wake) => wakes.push(wake));
  const changed: DeviceId[] = [];
  const devices = createDevices({
    ...deviceStores(database, keys),
    bus,
    clock,
    followers: { deviceChanged: async (device) => void changed.push(device) },
  });
  return { devices, clock, bus, wakes, changed };
}
