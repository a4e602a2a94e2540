/**
 * Conditions on installed software in a filter of the device list. Sets of device numbers answer them, so the caller compares the number of
 * each device instead of a column.
 */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { Condition } from '../../shared/inventory/list-fields.ts';
import { softwareSourceSchema } from '../../shared/inventory/software.ts';
import { DeviceSet } from '../inventory/device-set.ts';
import { matchesVersion, type VersionFilter } from '../inventory/version-filter.ts';
import { lowered, positionIn } from './column-text.ts';
import type { Database } from './database.ts';
import { SoftwareStore } from './software-store.ts';

/** Maximum number of versions of the titles that a condition names. More versions would take too long to count. */
const MOST_VERSIONS = 5_000;

/** Test of a device by its number in the software inventory; null if the device has not reported its software. */
export type SoftwareTest = (number: number | null) => boolean;

/** Number of a device in the software inventory, for a query that reads `devices`. */
export const SOFTWARE_NUMBER = sql<
  number | null
>`(select s.number from device_software s where s.device_id = devices.id)`;

/** Test that a device meets all conditions on software; null if there is no such condition. */
export async function softwareTest(
  database: Database,
  conditions: readonly Condition[] = [],
): Promise<SoftwareTest | null> {
  const tests: SoftwareTest[] = [];
  for (const condition of conditions) {
    if (condition.field === 'software') tests.push(await testOf(database, condition));
  }
  return tests.length === 0 ? null : (number) => tests.every((test) => test(number));
}

async function testOf(database: Database, { op, value }: Condition): Promise<SoftwareTest> {
  if (op === 'known' || op === 'unknown') return (number) => (number !== null) === (op === 'known');
  const devices = await devicesWith(database, String(value), op === 'contains');
  const wanted = op !== 'excludes';
  return (number) => number !== null && devices.has(number) === wanted;
}

async function devicesWith(database: Database, text: string, part: boolean): Promise<DeviceSet> {
  const { name, filter } = parseSoftware(text);
  const lower = lowered(name);
  const named = part
    ? sql`${positionIn(database.dialect, 'name', lower)} > 0`
    : sql`(name = ${name} or lower(name) = ${lower})`;
  const { rows } = await sql<{ id: number; source: string; version: string }>`
    select v.id, t.source, v.version from software_titles t inner join software_versions v on v.title_id = t.id
    where ${named} limit ${MOST_VERSIONS + 1}`.execute(database.db);
  if (rows.length > MOST_VERSIONS) {
    const detail = `The fleet has more than ${MOST_VERSIONS} versions of software whose name contains "${name}". Write more of the name.`;
    throw new CordonError('invalid_input', detail, { field: 'where', limit: MOST_VERSIONS });
  }
  const matching = rows.filter(({ source, version }) =>
    matchesVersion(softwareSourceSchema.parse(source), version, filter),
  );
  const sets = await new SoftwareStore(database).devicesWith(matching.map(({ id }) => id));
  const all = new DeviceSet();
  for (const set of sets.values()) all.addAll(set);
  return all;
}

const COMPARISONS = { '<': 'below', '>=': 'atLeast', '>': 'above', '=': 'version' } as const;

/** Splits a text such as `openssl < 3.0.15`. A name may contain these signs, so a comparison has spaces around it. */
export function parseSoftware(text: string): { readonly name: string; readonly filter: VersionFilter } {
  const [, name, sign, version] = /^\s*(\S.*?)\s+(<|>=|>|=)\s+(\S+)\s*$/s.exec(text) ?? [];
  if (name === undefined || version === undefined) return { name: text.trim(), filter: {} };
  return { name, filter: { [COMPARISONS[sign as keyof typeof COMPARISONS]]: version } };
}
