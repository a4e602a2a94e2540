/**
 * More fields of the inventory for the filter of the device list, with the values of the stored inventories. `schema/device-list.ts` says
 * what the columns mean.
 */
import { type Kysely, type Migration, sql } from 'kysely';
import { type Cell, tableOf } from '../bulk.ts';
import { createTables } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

/** Number of inventories in one statement. */
const TOGETHER = 500;

const TEXTS = ['os_release', 'hardware_uuid', 'hardware_processor'];
const NUMBERS = [
  'os_updates_checked_at',
  'disk_count',
  'disk_size',
  'battery_percent',
  'battery_cycles',
  'certificates_count',
  'certificates_expire_at',
];

type Entry = Readonly<Record<string, string | number | boolean | null>>;

/** Parts of a stored inventory that this migration reads. */
interface Stored {
  readonly system: {
    readonly os: { readonly release: string | null };
    readonly hardware: { readonly uuid: string | null; readonly cpu: string | null };
  };
  readonly updates?: { readonly checkedAt: number | null; readonly packages: readonly Entry[] };
  readonly disks?: readonly Entry[];
  readonly battery?: readonly Entry[];
  readonly users?: readonly Entry[];
  readonly network?: readonly (Omit<Entry, 'addresses'> & { readonly addresses: readonly string[] })[];
  readonly certificates?: readonly Entry[];
}

export const listFields = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    await createTables(db, dialect, {
      device_fact_lists: {
        columns: 'device_id text, field text, entries text',
        key: 'device_id, field',
        references: { device_id: 'devices(id)' },
      },
    });
    const text = sql.raw(dialect === 'postgres' ? 'text collate "C"' : 'text');
    const number = sql.raw(dialect === 'postgres' ? 'bigint' : 'integer');
    for (const name of TEXTS) await sql`alter table device_facts add column ${sql.ref(name)} ${text}`.execute(db);
    for (const name of NUMBERS) await sql`alter table device_facts add column ${sql.ref(name)} ${number}`.execute(db);
    for (let after = ''; ; ) {
      const { rows } = await sql<{ device_id: string; body: string }>`
        select device_id, body from device_inventory where device_id > ${after}
        order by device_id limit ${TOGETHER}`.execute(db);
      await fill(
        db,
        rows.map(({ device_id, body }) => ({ device: device_id, inventory: JSON.parse(body) as Stored })),
      );
      const last = rows.at(-1);
      if (rows.length < TOGETHER || !last) return;
      after = last.device_id;
    }
  },
});

async function fill(
  db: Kysely<unknown>,
  devices: readonly { readonly device: string; readonly inventory: Stored }[],
): Promise<void> {
  const columns = [...TEXTS, ...NUMBERS];
  const values = tableOf(
    ['text', ...TEXTS.map(() => 'text' as const), ...NUMBERS.map(() => 'bigint' as const)],
    devices.map(({ device, inventory }) => [device, ...cellsOf(inventory)]),
  );
  const changes = sql.join(columns.map((name, index) => sql`${sql.ref(name)} = ${sql.ref(`v.column${index + 2}`)}`));
  await sql`update device_facts set ${changes} from ${values} as v where device_facts.device_id = v.column1`.execute(
    db,
  );
  const lists = devices.flatMap(({ device, inventory }) =>
    listsOf(inventory).flatMap(([field, texts]) => (texts === undefined ? [] : [[device, field, entries(texts)]])),
  );
  await sql`insert into device_fact_lists (device_id, field, entries)
    select column1, column2, column3 from ${tableOf(['text', 'text', 'text'], lists)} as v where true`.execute(db);
}

function cellsOf({ system, updates, disks, battery = [], certificates }: Stored): Cell[] {
  const numbers = (all: readonly Entry[], name: string) =>
    all.flatMap((entry) => (typeof entry[name] === 'number' ? [entry[name]] : []));
  const lowest = (all: readonly number[]) => (all.length === 0 ? null : Math.min(...all));
  const cycles = numbers(battery, 'cycles');
  const sizes = numbers(disks ?? [], 'size');
  return [
    system.os.release,
    system.hardware.uuid,
    system.hardware.cpu,
    updates?.checkedAt ?? null,
    disks?.length ?? null,
    disks === undefined || sizes.length < disks.length ? null : sizes.reduce((sum, size) => sum + size, 0),
    lowest(numbers(battery, 'percent')),
    cycles.length === 0 ? null : Math.max(...cycles),
    certificates?.length ?? null,
    lowest(numbers(certificates ?? [], 'notAfter')),
  ];
}

type Texts = readonly (string | null)[] | undefined;

function listsOf({ disks, battery, updates, users, network, certificates }: Stored): readonly [string, Texts][] {
  const texts = (all: readonly Entry[] | undefined, name: string): Texts =>
    all?.map((entry) => (typeof entry[name] === 'string' ? entry[name] : null));
  return [
    ['disk.names', texts(disks, 'name')],
    [
      'disk.unencrypted',
      texts(
        disks?.filter(({ encrypted }) => encrypted === false),
        'name',
      ),
    ],
    ['battery.names', texts(battery, 'name')],
    ['battery.states', texts(battery, 'state')],
    ['updates.packages', texts(updates?.packages, 'name')],
    ['users.names', texts(users, 'name')],
    [
      'users.adminNames',
      texts(
        users?.filter(({ admin }) => admin === true),
        'name',
      ),
    ],
    ['network.adapters', network?.map(({ name }) => String(name))],
    ['network.macs', network?.map(({ mac }) => (typeof mac === 'string' ? mac : null))],
    ['network.addresses', network?.flatMap(({ addresses }) => addresses)],
    ['certificates.subjects', texts(certificates, 'subject')],
    ['certificates.issuers', texts(certificates, 'issuer')],
    ['certificates.fingerprints', texts(certificates, 'sha256')],
  ];
}

/** Entries between line feeds, as `fact-lists.ts` stores them. */
function entries(texts: readonly (string | null)[]): string {
  const known = [...new Set(texts.filter((text) => text !== null))].map((text) => text.replaceAll('\n', ' '));
  return ['', ...known, ''].join('\n');
}
