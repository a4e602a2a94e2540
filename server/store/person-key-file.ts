/**
 * SQLite file with the wrapped keys of people, apart from the store. Also with a store on PostgreSQL, the keys are in this file, so that no
 * backup of the database contains them (ADR 55).
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import { KEY_USES, type KeyName, type PersonKeyFile as Port } from '../person-keys/person-keys.ts';

/** Identity of a key file: the installation, and a random id that the store also records. */
export interface PersonKeyIdentity {
  readonly installation: string;
  readonly id: string;
}

const identitySchema = z.strictObject({ installation: z.string(), id: z.string() });
const keyRowSchema = z.strictObject({
  person: personIdSchema,
  use: z.enum(Object.keys(KEY_USES) as [keyof typeof KEY_USES]),
  period: z.int(),
});
const wrappedRowSchema = z.object({ wrapped: z.string() });

export interface PersonKeyRow extends KeyName {
  readonly wrapped: string;
}

export class PersonKeyFile implements Port {
  readonly #connection: BetterSqlite3.Database;

  /** Opens the file at `path`. Tests use `:memory:`. */
  constructor(path: string) {
    this.#connection = connect(path);
  }

  identity(): PersonKeyIdentity | null {
    const row = this.#connection.prepare(`select value from meta where key = 'identity'`).pluck().get();
    return typeof row === 'string' ? identitySchema.parse(JSON.parse(row)) : null;
  }

  /** Records to which installation the file belongs. The random id distinguishes it from another key file of the same installation. */
  bind(installation: string, id: string = randomUUID()): PersonKeyIdentity {
    const identity = { installation, id };
    this.#connection
      .prepare(
        `insert into meta (key, value) values ('identity', ?) on conflict (key) do update set value = excluded.value`,
      )
      .run(JSON.stringify(identity));
    return identity;
  }

  read(names: readonly KeyName[]): readonly (string | null)[] {
    const select = this.#connection.prepare(
      'select wrapped from person_keys where use = ? and period = ? and person = ?',
    );
    return names.map(({ use, period, person }) => {
      const row = select.get(use, period, person);
      return row === undefined ? null : wrappedRowSchema.parse(row).wrapped;
    });
  }

  add(keys: readonly PersonKeyRow[]): void {
    const insert = this.#connection.prepare(
      'insert into person_keys (use, period, person, wrapped) values (?, ?, ?, ?) on conflict do nothing',
    );
    this.#connection.transaction(() => {
      for (const { use, period, person, wrapped } of keys) insert.run(use, period, person, wrapped);
    })();
  }

  before(use: KeyName['use'], period: number, after: KeyName | null, limit: number): readonly KeyName[] {
    return this.#connection
      .prepare(
        `select person, use, period from person_keys
          where use = ? and period < ? and (period, person) > (?, ?) order by period, person limit ?`,
      )
      .all(use, period, after?.period ?? -1, after?.person ?? '', limit)
      .map((row) => keyRowSchema.parse(row));
  }

  destroy(names: readonly KeyName[]): void {
    const remove = this.#connection.prepare('delete from person_keys where use = ? and period = ? and person = ?');
    this.#connection.transaction(() => {
      for (const { use, period, person } of names) remove.run(use, period, person);
    })();
    // The write-ahead log still contains the deleted keys, so it is emptied by a checkpoint.
    this.#connection.pragma('wal_checkpoint(TRUNCATE)');
  }

  /** Returns all keys, in slices, for a backup. */
  *all(slice = 5_000): Generator<readonly PersonKeyRow[]> {
    const select = this.#connection.prepare(
      `select person, use, period, wrapped from person_keys
        where (use, period, person) > (?, ?, ?) order by use, period, person limit ?`,
    );
    let last: KeyName | null = null;
    for (;;) {
      const rows: readonly PersonKeyRow[] = select
        .all(last?.use ?? '', last?.period ?? -1, last?.person ?? '', slice)
        .map((row) => keyRowSchema.extend({ wrapped: z.string() }).parse(row));
      last = rows.at(-1) ?? null;
      if (last === null) return;
      yield rows;
    }
  }

  close(): void {
    this.#connection.close();
  }
}

function connect(path: string): BetterSqlite3.Database {
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, 'a', 0o600));
      chmodSync(path, 0o600);
    }
    const connection = new BetterSqlite3(path);
    connection.pragma('journal_mode = WAL');
    // A key must be on the disk before the store commits a record that the key encrypts.
    connection.pragma('synchronous = FULL');
    connection.pragma('secure_delete = ON');
    connection.exec(`create table if not exists meta (key text primary key, value text not null) without rowid;
      create table if not exists person_keys (use text not null, period integer not null, person text not null,
        wrapped text not null, primary key (use, period, person)) without rowid`);
    return connection;
  } catch (error) {
    throw new CordonError('store_unavailable', `The server cannot open the key file ${path}.`, { path }, error);
  }
}
