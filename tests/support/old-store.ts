/** Data folder of a released version, from `tests/fixtures`, on SQLite or copied into PostgreSQL. */
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import BetterSqlite3 from 'better-sqlite3';
import { Kysely, Migrator, PostgresDialect } from 'kysely';
import pg from 'pg';
import { z } from 'zod';
import { migrations } from '../../server/store/migrate.ts';

const expectedSchema = z.object({
  passphrase: z.string(),
  installation: z.string(),
  owner: z.object({ email: z.string(), password: z.string(), totpSecret: z.string() }),
  devices: z.array(z.object({ id: z.string(), user: z.string(), status: z.string(), home: z.string() })),
  orders: z.object({ active: z.string(), announced: z.string(), pending: z.string() }),
  ledger: z.object({ entries: z.int(), last: z.string(), checkpoint: z.string() }),
  receipts: z.int(),
  commands: z.int(),
  certificates: z.int(),
  accounts: z.int(),
});

export interface OldStore {
  /** Folder of the copy. */
  readonly home: string;
  readonly file: string;
  readonly expected: z.output<typeof expectedSchema>;
  remove(): void;
}

export function openOldStore(name: string): OldStore {
  const fixture = join(import.meta.dirname, '../fixtures', name);
  const home = mkdtempSync(join(tmpdir(), 'cordon-old-'));
  for (const keys of ['keys', 'person-keys']) {
    const folder = join(home, keys);
    cpSync(join(fixture, keys), folder, { recursive: true });
    // File modes that git does not store.
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600);
    chmodSync(folder, 0o700);
  }
  const file = join(home, 'cordon.db');
  writeFileSync(file, gunzipSync(readFileSync(join(fixture, 'cordon.db.gz'))), { mode: 0o600 });
  const expected = expectedSchema.parse(JSON.parse(readFileSync(join(fixture, 'expected.json'), 'utf8')));
  return { home, file, expected, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Creates the tables of that version by its migrations, copies every row, and removes the SQLite file. */
export async function moveToPostgres({ file }: OldStore, url: string): Promise<void> {
  const source = new BetterSqlite3(file, { readonly: true });
  const pool = new pg.Pool({ connectionString: url });
  const target = new Kysely<Record<string, Record<string, unknown>>>({ dialect: new PostgresDialect({ pool }) });
  try {
    const last = z
      .object({ name: z.string() })
      .parse(source.prepare('select name from kysely_migration order by name desc limit 1').get());
    const migrator = new Migrator({ db: target, provider: { getMigrations: async () => migrations('postgres') } });
    const { error } = await migrator.migrateTo(last.name);
    if (error) throw error;
    const tables = source
      .prepare<[], { name: string }>(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'kysely_%' order by rowid",
      )
      .all();
    for (const { name } of tables) {
      for (const row of source.prepare<[], Record<string, unknown>>(`select * from "${name}"`).all()) {
        await target.insertInto(name).values(row).execute();
      }
      const { rows } = await pool.query(`select column_default as d from information_schema.columns
        where table_name = '${name}' and column_name = 'id' and column_default like 'nextval%'`);
      if (rows.length > 0) {
        await pool.query(
          `select setval(pg_get_serial_sequence('${name}', 'id'), coalesce((select max(id) from ${name}), 0) + 1, false)`,
        );
      }
    }
  } finally {
    source.close();
    await target.destroy();
  }
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
}
