/**
 * Comparison of the active IP database with another database: devices whose current address is in another country according to the other
 * database. Only one comparison runs at a time. It stores nothing, and lets other tasks run between two pages of devices.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { FRESH_FOR } from '../../shared/verdict/locate.ts';
import { type AddressRecord, type IpDatabases, lookUpAddress, type OpenedIpDatabase } from './ip-database.ts';
import type { AddressStore } from './ports.ts';

const PAGE = 250;

export interface IpMove {
  /** Country according to the active database; null if the active database does not have the address. */
  readonly from: HomeArea | null;
  readonly to: HomeArea | null;
  readonly devices: number;
}

export interface IpComparison {
  readonly compared: number;
  /** Number of devices for each pair of old and new country, largest number first. */
  readonly moves: readonly IpMove[];
  readonly moved: ReadonlyMap<DeviceId, HomeArea | null>;
}

export type CompareIpDatabase = (hash: string) => Promise<IpComparison>;

export function createIpComparison({
  store,
  clock,
  databases,
}: {
  readonly store: AddressStore;
  readonly clock: Clock;
  readonly databases: Pick<IpDatabases, 'lookUp' | 'open'>;
}): CompareIpDatabase {
  const queue = createSerialQueue();
  return (hash) =>
    queue(async () => compareDatabases(store, clock.now(), databases.lookUp, await databases.open(hash)));
}

async function compareDatabases(
  store: AddressStore,
  now: Instant,
  lookUp: (address: string) => AddressRecord,
  other: OpenedIpDatabase,
): Promise<IpComparison> {
  const moves = new Map<string, { readonly from: HomeArea | null; readonly to: HomeArea | null; devices: number }>();
  const moved = new Map<DeviceId, HomeArea | null>();
  let compared = 0;
  for (let after: DeviceId | null = null; ; await turn()) {
    const page = await store.addresses(after, PAGE, { now, within: FRESH_FOR });
    for (const { device, address } of page) {
      const from = lookUp(address).country;
      const to = lookUpAddress(other, address).country;
      compared += 1;
      if (from === to) continue;
      moved.set(device, to);
      const key = `${from} ${to}`;
      const move = moves.get(key) ?? { from, to, devices: 0 };
      move.devices += 1;
      moves.set(key, move);
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.device;
  }
  return { compared, moves: [...moves.values()].sort((a, b) => b.devices - a.devices), moved };
}
