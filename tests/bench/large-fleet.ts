/**
 * A fleet of many groups and countries. Most devices are in one country. Some are connected, some have been offline for long, and a few
 * have never connected.
 */
import type { Database } from '../../server/store/database.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, type LocatedDevice } from '../support/located-fleet.ts';

const DAY = 86_400_000;
const COUNTRIES = ['PK', 'IN', 'SA', 'AE', 'DE', 'FR', 'GB', 'US', 'BR', 'ZA', 'KE', 'ID', 'JP', 'TR'];
const GIVEN = ['Ayesha', 'Bilal', 'Chen', 'Dara', 'Emre', 'Fatima', 'Göran', 'Hana', 'Imran', 'José', 'Kenji', 'Lena'];
const FAMILY = ['Khan', 'Müller', 'Okafor', 'Silva', 'Tanaka', 'Yılmaz', 'Singh', 'Dubois', 'Smith', 'Naidoo', 'Wang'];
const MODELS = ['ThinkPad T14 Gen 4', 'ThinkPad X1 Carbon Gen 11', 'ThinkCentre M70q'];
const SYSTEMS = ['debian', 'debian', 'ubuntu', 'fedora'];
/** Version of the newest order list. Devices have this version or one of the two versions before it. */
export const LIST_VERSION = 42;

export async function addLargeFleet(database: Database, size: number, now: number): Promise<readonly GroupId[]> {
  const groups: GroupId[] = [];
  for (let index = 0; index < 40; index += 1) {
    groups.push(await addGroup(database, `Group ${index}`, COUNTRIES[index] ?? null));
  }
  const [first] = groups;
  if (first === undefined) throw new Error('a fleet without a group');
  await addLocatedFleet(database, first, now, devices(size, groups, now));
  return groups;
}

/** The fleet is the same in each run except for its device ids, so that runs are comparable. */
function* devices(size: number, groups: readonly GroupId[], now: number): Generator<LocatedDevice> {
  for (let index = 0; index < size; index += 1) {
    // Multiplication by a prime spreads each property over the fleet, independent of the others.
    const spread = (prime: number, most: number) => ((index * prime) % 99_991) % most;
    const pick = <T>(prime: number, from: readonly T[]): T => from[spread(prime, from.length)] as T;
    const area = spread(7, 3) === 0 ? pick(11, COUNTRIES) : 'PK';
    const areas = spread(67, 10) === 0 ? [...new Set([area, pick(71, COUNTRIES)])] : [area];
    const active = spread(13, 33) > 0;
    const belongs = {
      status: active ? 'active' : 'revoked',
      user: `${pick(17, GIVEN)} ${pick(19, FAMILY)} ${spread(23, 5_000)}`,
      group: pick(29, groups),
      home: spread(31, 4) === 0 ? area : null,
      enrolledAt: now - spread(37, 400) * DAY - index,
    } as const;
    if (spread(41, 20) === 0) {
      yield belongs;
      continue;
    }
    const connected = active && spread(43, 10) < 6;
    const lastSeenAt = connected ? now - spread(47, 600) * 1000 : now - spread(53, 30) * DAY - index;
    yield {
      ...belongs,
      hostname: `host-${spread(61, 90_000)}`,
      facts: {
        hardware_serial: `PF${(100_000 + index).toString(36).toUpperCase()}`,
        hardware_manufacturer: 'LENOVO',
        hardware_model: pick(73, MODELS),
        os_id: pick(79, SYSTEMS),
        os_name: 'Debian GNU/Linux 12 (bookworm)',
        os_version: String(spread(83, 4) + 10),
        os_kernel: '6.12.41+deb13-amd64',
        hardware_memory: 2 ** (33 + spread(89, 3)),
        hardware_cores: 8,
        pending_updates: spread(97, 40),
        firewall: spread(101, 10) > 0 ? 1 : 0,
        disk_encrypted: spread(103, 20) > 0 ? 1 : 0,
      },
      presence: { connected, lastSeenAt, listVersion: LIST_VERSION - spread(59, 3) },
      seen: [{ source: 'address', areas, at: lastSeenAt, ...(connected && { connected }) }],
    };
  }
}
