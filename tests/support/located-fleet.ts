/** Adds a fleet directly to a store: each device with its location and index entries, as the jurisdiction module would write them. */
import { nexusOf } from '../../server/jurisdiction/nexus-index.ts';
import type { Waits } from '../../server/orders/impact/rehearsal.ts';
import { type Cell, insertOf } from '../../server/store/bulk.ts';
import type { Database } from '../../server/store/database.ts';
import { areasColumn, locationColumns } from '../../server/store/jurisdiction-store.ts';
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import type { NoticeMoment, Receipt } from '../../shared/order/documents.ts';
import { type DeviceId, type GroupId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, observeAll, unknownFrom } from '../../shared/verdict/locate.ts';
import type { Observation } from '../../shared/verdict/terms.ts';
import { addPeople, personCalled } from './persons.ts';

export interface LocatedDevice {
  /** Device id. Default: a new id. */
  readonly id?: DeviceId;
  readonly user?: string;
  /** Group of the device. Default: the fleet's group. */
  readonly group?: GroupId;
  /** Time of enrollment. Default: now. */
  readonly enrolledAt?: Instant;
  /** Host name in the device's inventory. Default: the device has not reported its inventory. */
  readonly hostname?: string;
  /** Other facts of the inventory. They need a host name. Default: unknown. */
  readonly facts?: Partial<Record<(typeof FACTS)[number], string | number>>;
  readonly home?: string | null;
  readonly seat?: string | null;
  readonly status?: 'active' | 'revoked';
  /** Evidence of the device's location; null: the device has never connected. Default of `lastSeenAt`: now. */
  readonly presence?: {
    readonly connected: boolean;
    readonly listVersion: number;
    readonly lastSeenAt?: Instant;
    readonly address?: string;
  } | null;
  readonly seen?: readonly (Omit<Observation, 'areas'> & { readonly areas: readonly string[] })[];
}

const ROWS = 2_000;
const FACTS = [
  ...([
    'hardware_serial',
    'hardware_manufacturer',
    'hardware_model',
    'os_id',
    'os_name',
    'os_version',
    'os_kernel',
  ] as const),
  ...(['hardware_memory', 'hardware_cores', 'pending_updates', 'firewall', 'disk_encrypted'] as const),
] as const;
const FACT_TYPES = Object.fromEntries(
  FACTS.map((name, index) => [name, index < FACTS.indexOf('hardware_memory') ? 'text' : 'bigint']),
) as Record<(typeof FACTS)[number], 'text' | 'bigint'>;
const COLUMNS = {
  devices: {
    id: 'text',
    generation: 'bigint',
    status: 'text',
    person_id: 'text',
    person_name: 'text',
    group_id: 'text',
    home: 'text',
    seat: 'text',
    enrolled_at: 'bigint',
    record_version: 'bigint',
    located: 'bigint',
  },
  device_presence: {
    device_id: 'text',
    generation: 'bigint',
    session_epoch: 'bigint',
    connected: 'bigint',
    changed_at: 'bigint',
    last_seen_at: 'bigint',
    address: 'text',
    list_version: 'bigint',
    stored_record_version: 'bigint',
    approver_set_version: 'bigint',
    last_report: 'bigint',
  },
  device_inventory: { device_id: 'text', at: 'bigint', hostname: 'text', platform: 'text', body: 'text' },
  device_facts: { device_id: 'text', hostname: 'text', ...FACT_TYPES },
  locations: { device_id: 'text', areas: 'text', unknown_at: 'bigint' },
  location_states: { device_id: 'text', state: 'text', previous_location: 'text' },
  device_nexus: { device_id: 'text', nexus: 'text', area: 'text' },
} as const;
const TABLES = [
  'devices',
  'device_presence',
  'device_inventory',
  'device_facts',
  'locations',
  'location_states',
  'device_nexus',
] as const;
/** The text is as long as a real inventory, so that a benchmark reads as many bytes. */
const INVENTORY = JSON.stringify({ disks: 'x'.repeat(900) });

/** Returns the device ids in the order of the given devices. */
export async function addLocatedFleet(
  database: Database,
  group: GroupId,
  now: Instant,
  fleet: Iterable<LocatedDevice>,
): Promise<DeviceId[]> {
  const ids: DeviceId[] = [];
  const rows: Record<(typeof TABLES)[number], Cell[][]> = {
    devices: [],
    device_presence: [],
    device_inventory: [],
    device_facts: [],
    locations: [],
    location_states: [],
    device_nexus: [],
  };
  const people = new Map<string, readonly [name: string, group: string]>();
  const flush = async () => {
    await database.transaction(async (tx) => {
      await addPeople(tx, [...people.values()]);
      people.clear();
      for (const table of TABLES) {
        if (rows[table].length > 0) await insertOf(table, COLUMNS[table], rows[table]).execute(tx);
      }
    });
    for (const table of TABLES) rows[table].length = 0;
  };
  for (const { id = newDeviceId(), home = null, seat = null, status = 'active', seen = [], ...device } of fleet) {
    const { user = 'Samantha', enrolledAt = now, hostname, facts = {}, presence = null } = device;
    ids.push(id);
    people.set(`${user} ${device.group ?? group}`, [user, device.group ?? group]);
    const belongs = [personCalled(user), user, device.group ?? group, home, seat];
    rows.devices.push([id, 1, status, ...belongs, enrolledAt, 0, seen.length > 0 ? 1 : 0]);
    if (presence) {
      const { lastSeenAt = now, listVersion, address = null } = presence;
      const connected = presence.connected ? 1 : 0;
      rows.device_presence.push([id, 1, 1, connected, lastSeenAt, lastSeenAt, address, listVersion, 1, 1, 0]);
    }
    if (hostname !== undefined) {
      rows.device_inventory.push([id, now, hostname, 'linux', INVENTORY]);
      rows.device_facts.push([id, hostname, ...FACTS.map((name) => facts[name] ?? null)]);
    }
    if (seen.length > 0) {
      const observations = seen.map((each): Observation => ({ ...each, areas: each.areas.map(parseEvidenceArea) }));
      const state = observeAll(emptyLocation(), observations);
      const { state: text, previous_location: before } = locationColumns(state);
      rows.locations.push([id, areasColumn(state), unknownFrom(state)]);
      rows.location_states.push([id, text, before]);
      for (const { nexus, area } of nexusOf(state)) rows.device_nexus.push([id, nexus, area]);
    }
    if (rows.devices.length >= ROWS) await flush();
  }
  await flush();
  return ids;
}

export interface ToldRow {
  readonly device: DeviceId;
  readonly generation?: number;
  readonly kind: Receipt['kind'];
  readonly order: string;
  readonly revision: number;
  readonly service: Receipt['service'];
  readonly at: Instant;
  /** Whether the server has verified the receipt. Default: true. */
  readonly verified?: boolean;
  /** Moments in the plan of notices. */
  readonly notice?: NoticeMoment;
}

const RECEIPTS = {
  device_id: 'text',
  generation: 'bigint',
  seq: 'bigint',
  kind: 'text',
  list_version: 'bigint',
  order_number: 'text',
  revision: 'bigint',
  service: 'text',
  gate: 'text',
  notice: 'text',
  at: 'bigint',
  stored_at: 'bigint',
  envelope: 'text',
  verified: 'bigint',
} as const;
/** The text is as long as a real receipt, so that a benchmark reads as many bytes. */
const ENVELOPE = JSON.stringify({ payload: 'x'.repeat(420), signatures: 'x'.repeat(200) });
let receipts = 0;

/** Adds receipts as the server stores them after verification. Their signatures are not valid. */
export async function addReceipts(database: Database, rows: readonly ToldRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS) {
    const cells = rows.slice(from, from + ROWS).map((row): Cell[] => {
      receipts += 1;
      const gate = row.service === null ? null : row.kind === 'enforced' ? 'closed' : 'open';
      const { device, generation = 1, kind, order, revision, service, at, verified = true } = row;
      const about = [kind, 1, order, revision, service, gate, row.notice ?? null, at, at];
      return [device, generation, receipts, ...about, ENVELOPE, verified ? 1 : 0];
    });
    await database.transaction(async (tx) => void (await insertOf('receipts', RECEIPTS, cells).execute(tx)));
  }
}

const WAITING = {
  mailboxes: {
    device_id: 'text',
    generation: 'bigint',
    last_seq: 'bigint',
    acknowledged: 'bigint',
    posts: 'bigint',
    entries: 'bigint',
    bytes: 'bigint',
    delivery_reports: 'bigint',
    gate: 'text',
  },
  commands: {
    id: 'text',
    device_id: 'text',
    generation: 'bigint',
    kind: 'text',
    body: 'text',
    state: 'text',
    created_by: 'text',
    created_at: 'bigint',
    expires_at: 'bigint',
  },
} as const;

/**
 * Adds this number of pending messages and commands for each device, without message contents. A command's id is its device and its number.
 */
export async function addWaiting(
  database: Database,
  rows: readonly (Waits & { readonly device: DeviceId })[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS) {
    const some = rows.slice(from, from + ROWS);
    const boxes = some.map(({ device, messages, bytes }): Cell[] => [
      device,
      1,
      messages,
      0,
      0,
      messages,
      bytes,
      0,
      'open',
    ]);
    const queued = some.flatMap(({ device, commands }) =>
      Array.from({ length: commands }, (_, index): Cell[] => [
        `${device} ${index}`,
        device,
        1,
        'lock',
        '{}',
        'queued',
        'acc_test',
        0,
        Number.MAX_SAFE_INTEGER,
      ]),
    );
    await database.transaction(async (tx) => {
      await insertOf('mailboxes', WAITING.mailboxes, boxes).execute(tx);
      if (queued.length > 0) await insertOf('commands', WAITING.commands, queued).execute(tx);
    });
  }
}
