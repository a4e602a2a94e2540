/** Facts in the store about the keys of people: which key file belongs to the store, and which people still have records of a period. */
import { sql } from 'kysely';
import { type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import type { KeyName, KeyUse, PersonKeyFile, RemainingRecords } from '../person-keys/person-keys.ts';
import { KEY_PERIOD } from '../person-keys/person-keys.ts';
import { tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const KEY = 'person-keys';
/** Number of newest records whose keys must exist. */
const NEWEST = 200;

const RECORDS = {
  connections: { table: 'connection_log', time: 'day_end' },
  enrollments: { table: 'enrollment_records', time: 'enrolled_at' },
} as const satisfies Record<KeyUse, { readonly table: string; readonly time: string }>;

/** Id of the key file that belongs to the store; null if the store has none yet. */
export const recordedKeyFile = (db: Db | Tx): Promise<string | null> => getMeta(db, KEY);

export const recordKeyFile = (db: Db | Tx, id: string): Promise<void> => setMeta(db, KEY, id);

export async function forgetKeyFile(db: Db | Tx): Promise<void> {
  await db.deleteFrom('meta').where('key', '=', KEY).execute();
}

/** Names of the keys of the newest records. A key file that lacks one of them is older than the store. */
export async function newestKeyNames(db: Db | Tx): Promise<KeyName[]> {
  const names: KeyName[] = [];
  for (const use of Object.keys(RECORDS) as KeyUse[]) {
    const { table, time } = RECORDS[use];
    const { rows } = await sql<{ person_id: string; at: number }>`
      select person_id, ${sql.ref(time)} as at from ${sql.table(table)} order by ${sql.ref(time)} desc limit ${NEWEST}`.execute(
      db,
    );
    for (const { person_id, at } of rows) {
      names.push({ person: personIdSchema.parse(person_id), use, period: Math.floor(Number(at) / KEY_PERIOD) });
    }
  }
  return names;
}

/** Number of keys that one step of `removeUnreadable` looks up. */
const SLICE = 5_000;

/** Deletes the records whose keys are missing in the file, because nothing can decrypt them. */
export async function removeUnreadable(db: Db, file: Pick<PersonKeyFile, 'read'>): Promise<void> {
  for (const use of Object.keys(RECORDS) as KeyUse[]) {
    const { table, time } = RECORDS[use];
    const { rows } = await sql<{ person_id: string; period: number }>`
      select distinct person_id, ${sql.ref(time)} / cast(${KEY_PERIOD} as bigint) as period from ${sql.table(table)}`.execute(
      db,
    );
    for (let from = 0; from < rows.length; from += SLICE) {
      const names = rows
        .slice(from, from + SLICE)
        .map(({ person_id, period }) => ({ person: personIdSchema.parse(person_id), use, period: Number(period) }));
      const wrapped = file.read(names);
      for (const [index, { person, period }] of names.entries()) {
        if (wrapped[index] !== null) continue;
        const [begin, end] = [period * KEY_PERIOD, (period + 1) * KEY_PERIOD];
        await sql`delete from ${sql.table(table)}
          where person_id = ${person} and ${sql.ref(time)} >= ${begin} and ${sql.ref(time)} < ${end}`.execute(db);
      }
    }
  }
}

export class PersonKeyRecords implements RemainingRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async peopleWithRecords(
    use: KeyUse,
    people: readonly PersonId[],
    from: number,
    until: number,
  ): Promise<ReadonlySet<PersonId>> {
    const { table, time } = RECORDS[use];
    const asked = tableOf(
      ['text'],
      people.map((person) => [person]),
    );
    const { rows } = await sql<{ person: string }>`
      select v.column1 as person from ${asked} as v where exists (
        select 1 from ${sql.table(table)} r
        where r.person_id = v.column1 and r.${sql.ref(time)} >= ${from} and r.${sql.ref(time)} < ${until})`.execute(
      this.#database.db,
    );
    return new Set(rows.map(({ person }) => personIdSchema.parse(person)));
  }
}
