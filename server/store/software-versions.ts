/** Ids of software titles and versions. Each title and version is stored once for the whole fleet. */
import { sql } from 'kysely';
import { entryKey, type SoftwareEntry } from '../../shared/inventory/software.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

interface Known {
  readonly source: string;
  readonly name: string;
  readonly title: number;
  readonly version: string | null;
  readonly origin: string | null;
  readonly id: number | null;
}

/** Ids of the entries' versions, by `entryKey`. Stores entries that no device has reported before. */
export async function versionIds(tx: Tx, entries: readonly SoftwareEntry[]): Promise<ReadonlyMap<string, number>> {
  const distinct = [...new Map(entries.map((entry) => [entryKey(entry), entry])).values()];
  if (distinct.length === 0) return new Map();
  const { titles, ids } = await known(tx, distinct);
  const lacking = distinct.filter((entry) => !ids.has(entryKey(entry)));
  if (lacking.length === 0) return ids;
  const newTitles = new Map(
    lacking.flatMap(([source, name]) =>
      titles.has(titleKey(source, name)) ? [] : [[titleKey(source, name), [source, name]]],
    ),
  );
  if (newTitles.size > 0) {
    const { rows } = await sql<{ id: number; source: string; name: string }>`
      ${insertOf('software_titles', { source: 'text', name: 'text' }, [...newTitles.values()])}
      returning id, source, name`.execute(tx);
    for (const { id, source, name } of rows) titles.set(titleKey(source, name), id);
  }
  const names = new Map([...titles].map(([key, id]) => [id, key]));
  const rows = lacking.map(([source, name, version, origin]) => [
    titles.get(titleKey(source, name)) ?? null,
    version,
    origin,
  ]);
  const { rows: added } = await sql<{ id: number; title_id: number; version: string; origin: string }>`
    ${insertOf('software_versions', { title_id: 'bigint', version: 'text', origin: 'text' }, rows)}
    returning id, title_id, version, origin`.execute(tx);
  const all = new Map(ids);
  for (const { id, title_id, version, origin } of added) all.set([names.get(title_id), version, origin].join('\0'), id);
  return all;
}

const titleKey = (source: string, name: string): string => [source, name].join('\0');

async function known(
  tx: Tx,
  entries: readonly SoftwareEntry[],
): Promise<{ readonly titles: Map<string, number>; readonly ids: ReadonlyMap<string, number> }> {
  const table = tableOf(['text', 'text', 'text', 'text'], entries);
  const { rows } = await sql<Known>`
    select t.source, t.name, t.id as title, v.version, v.origin, v.id from ${table} as e
      cross join software_titles t
      left join software_versions v on v.title_id = t.id and v.version = e.column3 and v.origin = e.column4
    where t.name = e.column2 and t.source = e.column1`.execute(tx);
  const ids = rows.flatMap(({ source, name, version, origin, id }): [string, number][] =>
    id === null ? [] : [[[source, name, version, origin].join('\0'), id]],
  );
  return { titles: new Map(rows.map(({ source, name, title }) => [titleKey(source, name), title])), ids: new Map(ids) };
}
