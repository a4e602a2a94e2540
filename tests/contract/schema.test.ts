/** A database whose tables are not what its migrations make is refused. Both dialects must read to the same words. */
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { migrations, readMigrationState } from '../../server/store/migrate.ts';
import { compareShapes, expectedShape, readShape } from '../../server/store/schema-shape.ts';
import { describeOnEveryStore } from './every-store.ts';

const names = Object.keys(migrations('sqlite'));
const last = names.at(-1) ?? '';

describeOnEveryStore('the tables of a store', (open) => {
  const state = ({ db, dialect }: Database) => readMigrationState(db, dialect);

  it('are what the migrations make in a database in memory', async () => {
    const { db, dialect } = await open();
    const expected = await expectedShape(last, migrations('sqlite'));
    expect(expected.size).toBeGreaterThan(40);
    expect(await readShape(db, dialect)).toEqual(expected);
  });

  // Each change is one that an edit of a committed migration has made, or an admin with a SQL prompt.
  it.each<[string, string[], string[], RegExp]>([
    [
      'a column is missing',
      ['alter table alarms drop column detail'],
      ["alter table alarms add column detail text not null default ''"],
      /the table alarms lacks the column detail/,
    ],
    [
      'a column is new',
      ['alter table alarms add column extra text'],
      ['alter table alarms drop column extra'],
      /the table alarms has an unknown column extra/,
    ],
    [
      'an index is missing',
      ['drop index alarms_by_at'],
      ['create index alarms_by_at on alarms (at)'],
      /the index alarms_by_at is missing/,
    ],
    [
      'an index has other columns',
      ['drop index alarms_by_at', 'create index alarms_by_at on alarms (at, code)'],
      ['drop index alarms_by_at', 'create index alarms_by_at on alarms (at)'],
      /the index alarms_by_at is on \(at, code\) instead of \(at\)/,
    ],
    [
      'a table is missing',
      ['alter table crls rename to crls_old'],
      ['alter table crls_old rename to crls'],
      /the table crls is missing/,
    ],
    [
      'a unique index would refuse our rows',
      ['create unique index alarms_once on alarms (code)'],
      ['drop index alarms_once'],
      /alarms has an unknown alarms_once/,
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

  it('may have an index and a table of the admin’s own', async () => {
    const database = await open();
    await sql`create index own_report on alarms (code)`.execute(database.db);
    await sql`create table own_notes (text text)`.execute(database.db);
    expect((await state(database)).applied).toEqual(names);
    await sql`drop index own_report`.execute(database.db);
    await sql`drop table own_notes`.execute(database.db);
  });

  it('are refused when a migration is unknown, or one in the middle was never applied', async () => {
    const database = await open();
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2030')`.execute(database.db);
    await expect(state(database)).rejects.toThrow(
      /A newer version of Cordon made this database \(migrations 9999-later\)/,
    );
    await sql`delete from kysely_migration where name = '9999-later'`.execute(database.db);
    const [first = ''] = names;
    await sql`delete from kysely_migration where name = ${first}`.execute(database.db);
    await expect(state(database)).rejects.toThrow(/lacks the migrations 0001-spine, but has later ones/);
    await sql`insert into kysely_migration (name, timestamp) values (${first}, '2026')`.execute(database.db);
  });
});

it('two shapes are compared in words', async () => {
  const older = await expectedShape(names[0] ?? '', migrations('sqlite'));
  const newer = await expectedShape(last, migrations('sqlite'));
  expect(compareShapes(newer, newer)).toEqual([]);
  expect(compareShapes(newer, older)).toContain('the table legal_holds is missing');
});
