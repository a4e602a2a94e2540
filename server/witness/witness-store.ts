/**
 * Store of a witness: the newest cosigned tree of each log, and checkpoints that the witness refused although the log had signed them. The
 * file belongs to one key. A witness that lost its store must not cosign with the same key again, because it could cosign a fork.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { CordonError } from '../../shared/errors.ts';
import { type CosignedTree, NOTHING_COSIGNED } from './judge-submission.ts';

/** Maximum number of refused checkpoints that the store keeps for each log. The oldest are evidence of the first fork, so they remain. */
const MOST_REFUSED = 100;

export interface CosignedNote {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Text of the checkpoint, with the signature of the log and the cosignature of the witness. */
  readonly note: string;
  readonly at: number;
}

export interface RefusedNote {
  readonly origin: string;
  readonly oldSize: number;
  readonly note: string;
  readonly detail: string;
  readonly at: number;
}

export class WitnessStore {
  readonly #db: DatabaseSync;

  private constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: 5000 });
    // Setting FULL of SQLite: a commit returns only when its bytes are on the disk. The cosignature leaves the process only after that.
    this.#db.exec('pragma journal_mode = wal; pragma synchronous = full;');
  }

  /** Creates the store for a new key. Throws `conflict` if the file exists. */
  static create(file: string, key: string): WitnessStore {
    if (existsSync(file)) throw new CordonError('conflict', `${file} exists already. Nothing was changed.`);
    const store = new WitnessStore(file);
    store.#db.exec(`
      create table witness (key text not null) strict;
      create table logs (origin text primary key, size integer not null, root blob not null, note text not null,
        at integer not null) strict;
      create table refused (id integer primary key, origin text not null, old_size integer not null, note text not null,
        detail text not null, at integer not null) strict;`);
    store.#db.prepare('insert into witness (key) values (?)').run(key);
    return store;
  }

  /** Opens the store of this key. Throws `installation_mismatch` for a missing store, or the store of another key. */
  static open(file: string, key: string): WitnessStore {
    const remedy =
      'Put the newest store back. Without it, create a witness with a new key in another folder, and send the new verifier key to the logs.';
    if (!existsSync(file)) {
      throw new CordonError(
        'installation_mismatch',
        `The key has no store: ${file} is missing. A witness without its store could cosign a fork. ${remedy}`,
      );
    }
    const store = new WitnessStore(file);
    const row = store.#db.prepare('select key from witness').get();
    if (row?.['key'] === key) return store;
    store.close();
    throw new CordonError('installation_mismatch', `${file} belongs to another witness key. ${remedy}`);
  }

  tree(origin: string): CosignedTree {
    const row = this.#db.prepare('select size, root from logs where origin = ?').get(origin);
    return row ? { size: Number(row['size']), root: Buffer.from(row['root'] as Uint8Array) } : NOTHING_COSIGNED;
  }

  /**
   * Replaces the newest tree of a log, if it is still `before`. Returns false and changes nothing if another request has replaced it. When
   * the function returns true, the tree is durable.
   */
  replace(before: CosignedTree, { origin, size, root, note, at }: CosignedNote): boolean {
    const { changes } =
      before.size === 0
        ? this.#db
            .prepare(
              `insert into logs (origin, size, root, note, at) values (?, ?, ?, ?, ?)
               on conflict (origin) do update set size = excluded.size, root = excluded.root, note = excluded.note,
               at = excluded.at where logs.size = 0`,
            )
            .run(origin, size, root, note, at)
        : this.#db
            .prepare('update logs set size = ?, root = ?, note = ?, at = ? where origin = ? and size = ? and root = ?')
            .run(size, root, note, at, origin, before.size, before.root);
    return Number(changes) === 1;
  }

  cosigned(): CosignedNote[] {
    return this.#db
      .prepare('select origin, size, root, note, at from logs order by origin')
      .all()
      .map((row) => ({
        origin: String(row['origin']),
        size: Number(row['size']),
        root: Buffer.from(row['root'] as Uint8Array),
        note: String(row['note']),
        at: Number(row['at']),
      }));
  }

  /** Stores a refused checkpoint as evidence, up to the maximum number for each log. */
  addRefused({ origin, oldSize, note, detail, at }: RefusedNote): void {
    this.#db
      .prepare(
        `insert into refused (origin, old_size, note, detail, at) select ?, ?, ?, ?, ?
         where (select count(*) from refused where origin = ?) < ?
         and not exists (select 1 from refused where origin = ? and note = ?)`,
      )
      .run(origin, oldSize, note, detail, at, origin, MOST_REFUSED, origin, note);
  }

  refused(): RefusedNote[] {
    return this.#db
      .prepare('select origin, old_size, note, detail, at from refused order by id')
      .all()
      .map((row) => ({
        origin: String(row['origin']),
        oldSize: Number(row['old_size']),
        note: String(row['note']),
        detail: String(row['detail']),
        at: Number(row['at']),
      }));
  }

  close(): void {
    this.#db.close();
  }
}
