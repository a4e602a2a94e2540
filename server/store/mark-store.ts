/**
 * Heights of the store: numbers that only increase while the server works. The high-water mark outside of the database has the same
 * numbers, so that the server notices a database that was set back to an older state.
 */
import { readCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { rootOf } from '../../shared/ledger/merkle.ts';
import type { StoreHeights } from '../startup/high-water-mark.ts';
import type { Database, Tx } from './database.ts';
import { LedgerStore } from './ledger-store.ts';
import { getMeta, MARK_KEY, setMeta } from './meta-store.ts';

export class MarkStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async heights(): Promise<StoreHeights> {
    const { db } = this.#database;
    const [counter, checkpoint, list, crl, approvers] = [
      Number((await getMeta(db, MARK_KEY)) ?? 0),
      await db.selectFrom('checkpoints').select('note').orderBy('size', 'desc').limit(1).executeTakeFirst(),
      await db.selectFrom('order_lists').select('version').orderBy('version', 'desc').limit(1).executeTakeFirst(),
      await db.selectFrom('crls').select('number').orderBy('number', 'desc').limit(1).executeTakeFirst(),
      await db
        .selectFrom('approver_sets')
        .select('version')
        .where('state', '=', 'adopted')
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst(),
    ];
    const tree = checkpoint ? readCheckpoint(textOf(checkpoint.note)) : null;
    return {
      counter,
      ledger: { size: tree?.size ?? 0, root: tree ? Buffer.from(tree.root).toString('hex') : '' },
      list: Number(list?.version ?? 0),
      crl: Number(crl?.number ?? 0),
      approvers: Number(approvers?.version ?? 0),
    };
  }

  /** Root hash (hex) of the ledger's first `size` entries. The ledger must have at least as many entries. */
  async rootAt(size: number): Promise<string> {
    return (await rootOf(size, new LedgerStore(this.#database).hashes)).toString('hex');
  }

  async saveCounter(counter: number): Promise<void> {
    await this.#database.db
      .insertInto('meta')
      .values({ key: MARK_KEY, value: String(counter) })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: String(counter) }))
      .execute();
  }
}

/** Text of a signed note, without its signatures. */
const textOf = (note: string): string => note.slice(0, note.indexOf('\n\n') + 1);

/** Sets the counter in the transaction of a restore. */
export const setMarkCounter = (tx: Tx, counter: number): Promise<void> => setMeta(tx, MARK_KEY, String(counter));
