/**
 * What another IP database would say of the addresses that count now, before it is taken. Nothing is stored; devices are read by pages, and the loop
 * turns between them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { FRESH_FOR } from '../../shared/verdict/locate.ts';
import { type AddressRecord, lookUp, type OpenedIpDatabase } from './ip-database.ts';
import type { LocationStore } from './ports.ts';

/** Devices in a page: some milliseconds of looking up. */
const PAGE = 250;

export interface IpMove {
  /** Null: the database does not know the address. */
  readonly from: AreaCode | null;
  readonly to: AreaCode | null;
  readonly devices: number;
}

export interface IpComparison {
  /** Devices whose address counts now. */
  readonly compared: number;
  /** The most devices first. */
  readonly moves: readonly IpMove[];
  /** What the address of each device that moves would say. */
  readonly moved: ReadonlyMap<DeviceId, AreaCode | null>;
}

export async function compareDatabases(
  store: Pick<LocationStore, 'addresses'>,
  now: Instant,
  look: (address: string) => AddressRecord,
  other: OpenedIpDatabase,
): Promise<IpComparison> {
  const moves = new Map<string, { readonly from: AreaCode | null; readonly to: AreaCode | null; devices: number }>();
  const moved = new Map<DeviceId, AreaCode | null>();
  let compared = 0;
  for (let after: DeviceId | null = null; ; await turn()) {
    const page = await store.addresses(after, PAGE, { now, within: FRESH_FOR });
    for (const { device, address } of page) {
      const from = look(address).country;
      const to = lookUp(other, address).country;
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
