/**
 * A fleet put straight into a store, each device where a test or a benchmark says, with the location that its evidence folds to and the ties by
 * which the index finds it: what the jurisdiction module would have written.
 */
import { tiesOf } from '../../server/jurisdiction/ties.ts';
import type { Waits } from '../../server/orders/rehearsal.ts';
import { type Cell, insertOf } from '../../server/store/bulk.ts';
import type { Database } from '../../server/store/database.ts';
import { locationColumns } from '../../server/store/jurisdiction-store.ts';
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import type { NoticeMoment, Receipt } from '../../shared/order/documents.ts';
import { type DeviceId, type GroupId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, observeAll, unknownFrom } from '../../shared/verdict/locate.ts';
import type { Observation } from '../../shared/verdict/terms.ts';
import { addPeople, personCalled } from './persons.ts';

export interface PlacedDevice {
  /** Absent: one of now, beside the others of the fleet. */
  readonly id?: DeviceId;
  readonly user?: string;
  /** Absent: the fleet's. */
  readonly group?: GroupId;
  /** Absent: now. */
  readonly enrolledAt?: Instant;
  /** Absent: it has told of no inventory. */
  readonly hostname?: string;
  readonly home?: string | null;
  readonly seat?: string | null;
  readonly status?: 'active' | 'revoked';
  /** Null: it has never connected. `lastSeenAt` absent: now. */
  readonly presence?: {
    readonly connected: boolean;
    readonly listVersion: number;
    readonly lastSeenAt?: Instant;
    readonly address?: string;
  } | null;
  readonly seen?: readonly (Omit<Observation, 'areas'> & { readonly areas: readonly string[] })[];
}

const ROWS = 2_000;
const COLUMNS = {
  devices: {
    id: 'text',
    generation: 'bigint',
    status: 'text',
    person_id: 'text',
    user_name: 'text',
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
    record_stored: 'bigint',
    root_version: 'bigint',
    reports_through: 'bigint',
  },
  device_inventory: { device_id: 'text', at: 'bigint', hostname: 'text', platform: 'text', body: 'text' },
  locations: { device_id: 'text', state: 'text', changed_at: 'bigint', unknown_at: 'bigint', folded_before: 'text' },
  device_ties: { device_id: 'text', tie: 'text', area: 'text' },
} as const;
const TABLES = ['devices', 'device_presence', 'device_inventory', 'locations', 'device_ties'] as const;
/** About as long as a real one, so that a benchmark passes over as much. */
const INVENTORY = JSON.stringify({ disks: 'x'.repeat(900) });

/** In the order in which they were given. */
export async function addPlacedFleet(
  database: Database,
  group: GroupId,
  now: Instant,
  fleet: Iterable<PlacedDevice>,
): Promise<DeviceId[]> {
  const ids: DeviceId[] = [];
  const rows: Record<(typeof TABLES)[number], Cell[][]> = {
    devices: [],
    device_presence: [],
    device_inventory: [],
    locations: [],
    device_ties: [],
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
    const { user = 'Somebody', enrolledAt = now, hostname, presence = null } = device;
    ids.push(id);
    people.set(`${user} ${device.group ?? group}`, [user, device.group ?? group]);
    const belongs = [personCalled(user), user, device.group ?? group, home, seat];
    rows.devices.push([id, 1, status, ...belongs, enrolledAt, 0, seen.length > 0 ? 1 : 0]);
    if (presence) {
      const { lastSeenAt = now, listVersion, address = null } = presence;
      const connected = presence.connected ? 1 : 0;
      rows.device_presence.push([id, 1, 1, connected, lastSeenAt, lastSeenAt, address, listVersion, 1, 1, 0]);
    }
    if (hostname !== undefined) rows.device_inventory.push([id, now, hostname, 'linux', INVENTORY]);
    if (seen.length > 0) {
      const observations = seen.map((each): Observation => ({ ...each, areas: each.areas.map(parseEvidenceArea) }));
      const state = observeAll(emptyLocation(), observations);
      const { state: text, folded_before: before } = locationColumns(state);
      rows.locations.push([id, text, now, unknownFrom(state), before]);
      for (const { tie, area } of tiesOf(state)) rows.device_ties.push([id, tie, area]);
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
  /** Absent: yes. */
  readonly verified?: boolean;
  /** Of the plan of notices. */
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
/** About as long as a real one, so that a benchmark reads as much. */
const ENVELOPE = JSON.stringify({ payload: 'x'.repeat(420), signatures: 'x'.repeat(200) });
let receipts = 0;

/** Devices' receipts as they stand once they have been verified; their signatures are not what these tests are about. */
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
    taken: 'bigint',
    posts: 'bigint',
    entries: 'bigint',
    bytes: 'bigint',
    fates: 'bigint',
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

/** What waits for them, by count: the messages themselves are not what these tests are about. A command's id is its device and its number. */
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
        ...[`${device} ${index}`, device, 1, 'lock', '{}', 'queued', 'acc_test', 0, Number.MAX_SAFE_INTEGER],
      ]),
    );
    await database.transaction(async (tx) => {
      await insertOf('mailboxes', WAITING.mailboxes, boxes).execute(tx);
      if (queued.length > 0) await insertOf('commands', WAITING.commands, queued).execute(tx);
    });
  }
}
