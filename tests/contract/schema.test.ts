/** A database is refused if its tables differ from those of its migrations. SQLite and PostgreSQL must have the same descriptions. */
import { type Kysely, sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { type Migrations, migrate, migrations, readMigrationState } from '../../server/store/migrate.ts';
import { compareShapes, expectedShape, readShape } from '../../server/store/schema-shape.ts';
import { describeOnEveryStore } from './every-store.ts';

const names = Object.keys(migrations('sqlite'));
const last = names.at(-1) ?? '';

/** Adds a migration, as a later version does. */
const later: Migrations = (dialect) => ({
  ...migrations(dialect),
  '9998-ranks': {
    up: async (db: Kysely<unknown>) => {
      await sql`create table ranks (device_id text not null)`.execute(db);
    },
  },
});

/** Adds two migrations, of which the second fails after its first statement. */
const failing: Migrations = (dialect) => ({
  ...later(dialect),
  '9999-ribbons': {
    up: async (db: Kysely<unknown>) => {
      await sql`create table ribbons (device_id text not null)`.execute(db);
      await sql`insert into ribbons (no_such_column) values (1)`.execute(db);
    },
  },
});

describeOnEveryStore('the tables of a store', (open) => {
  const state = ({ db, dialect }: Database) => readMigrationState(db, dialect);

  it('stay those of the earlier version if an upgrade fails in the middle', async () => {
    const { db, dialect } = await open();
    const before = await readShape(db, dialect);
    await expect(migrate(db, dialect, failing)).rejects.toThrow('no_such_column');
    expect(await readShape(db, dialect)).toEqual(before);
    expect(await readMigrationState(db, dialect)).toMatchObject({ pending: [] });
  });

  it('equal the tables that the migrations create in memory', async () => {
    const { db, dialect } = await open();
    const expected = await expectedShape(last, migrations('sqlite'));
    expect(expected.size).toBeGreaterThan(40);
    expect(await readShape(db, dialect)).toEqual(expected);
  });

  // The changes are those of an edited migration, or of an admin with a SQL prompt.
  it.each<[string, string[], string[], RegExp]>([
    [
      'a column is missing',
      ['alter table alerts drop column detail'],
      ["alter table alerts add column detail text not null default ''"],
      /the table alerts lacks the column detail/,
    ],
    [
      'a column is new',
      ['alter table alerts add column extra text'],
      ['alter table alerts drop column extra'],
      /the table alerts has an unknown column extra/,
    ],
    [
      'an index is missing',
      ['drop index alerts_by_at'],
      ['create index alerts_by_at on alerts (at)'],
      /the index alerts_by_at is missing/,
    ],
    [
      'an index has other columns',
      ['drop index alerts_by_at', 'create index alerts_by_at on alerts (at, code)'],
      ['drop index alerts_by_at', 'create index alerts_by_at on alerts (at)'],
      /the index alerts_by_at is on \(at, code\) instead of \(at\)/,
    ],
    [
      'a table is missing',
      ['alter table crls rename to crls_old'],
      ['alter table crls_old rename to crls'],
      /the table crls is missing/,
    ],
    [
      'a unique index would refuse our rows',
      ['create unique index alerts_once on alerts (code)'],
      ['drop index alerts_once'],
      /alerts has an unknown alerts_once/,
    ],
  ])('are refused when %s', async (_case, change, undo, words) => {
    const database = await open();
    for (const statement of change) await sql.raw(statement).execute(database.db);
    await expect(state(database)).rejects.toMatchObject({
      code: 'store_incompatible',
      message: expect.stringMatching(words),
    });
    await expect(state(database)).rejects.toThrow(/Nothing was changed\. Start the version that made it/);
    // The suite uses this database again.
    for (const statement of undo) await sql.raw(statement).execute(database.db);
    expect((await state(database)).pending).toEqual([]);
  });

  it('may include an additional index and table of the admin', async () => {
    const database = await open();
    await sql`create index own_report on alerts (code)`.execute(database.db);
    await sql`create table own_notes (text text)`.execute(database.db);
    expect((await state(database)).applied).toEqual(names);
    await sql`drop index own_report`.execute(database.db);
    await sql`drop table own_notes`.execute(database.db);
  });

  it('are refused when a migration is unknown, or when a migration was skipped', async () => {
    const database = await open();
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2030')`.execute(database.db);
    await expect(state(database)).rejects.toThrow(
      /A newer version of Cordon made this database \(migrations 9999-later\)/,
    );
    await sql`delete from kysely_migration where name = '9999-later'`.execute(database.db);
    await sql`update kysely_migration set name = '9998-ranks' where name = ${last}`.execute(database.db);
    await expect(readMigrationState(database.db, database.dialect, later)).rejects.toThrow(
      `The database lacks the migrations ${last}, but has later ones`,
    );
    await sql`update kysely_migration set name = ${last} where name = '9998-ranks'`.execute(database.db);
  });

  it('are refused when version 0.1.0 created them', async () => {
    const database = await open();
    await sql`update kysely_migration set name = '0001-spine' where name = ${last}`.execute(database.db);
    await expect(state(database)).rejects.toMatchObject({
      code: 'store_incompatible',
      message: expect.stringMatching(
        /^Version 0\.1\.0 of Cordon made this database\. .*Nothing was changed\. .*start version 0\.1\.0/,
      ),
    });
    await sql`update kysely_migration set name = ${last} where name = '0001-spine'`.execute(database.db);
  });

  it('are upgraded by the migrations of a later version, and keep their rows', async () => {
    const database = await open();
    const { db, dialect } = database;
    await sql`insert into meta (key, value) values ('kept', 'row')`.execute(db);
    const of = () => readMigrationState(db, dialect, later);
    expect(await of()).toEqual({ applied: names, pending: ['9998-ranks'] });
    await migrate(db, dialect, later);
    expect(await of()).toEqual({ applied: [...names, '9998-ranks'], pending: [] });
    expect((await sql`select value from meta where key = 'kept'`.execute(db)).rows).toEqual([{ value: 'row' }]);
    await expect(state(database)).rejects.toThrow(/A newer version of Cordon made this database/);
    await sql`drop table ranks`.execute(db);
    await sql`delete from kysely_migration where name = '9998-ranks'`.execute(db);
    await sql`delete from meta where key = 'kept'`.execute(db);
  });
});

it('describes the differences of two shapes in words', async () => {
  const older = await expectedShape(last, later('sqlite'));
  const newer = await expectedShape('9998-ranks', later('sqlite'));
  expect(compareShapes(newer, newer)).toEqual([]);
  expect(compareShapes(newer, older)).toEqual(['the table ranks is missing']);
});
