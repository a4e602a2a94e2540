/** Store of the ledger: entries that wait for an index, hashes of complete subtrees, and checkpoints. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { GrowingTree, type HashSource, type TreeNode } from '../../shared/ledger/merkle.ts';
import type { LedgerStore as Port, StoredCheckpoint } from '../ledger/ledger.ts';
import { insertOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';

export class LedgerStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  readonly hashes: HashSource = (nodes) => readHashes(this.#database.db, nodes);

  async waiting(): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('ledger_entries')
      .select('id')
      .where('entry_index', 'is', null)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async extend(limit: number, at: number, sign: (size: number, root: Buffer) => string): Promise<number> {
    return await this.#database.transaction(async (tx) => {
      const entries = await tx
        .selectFrom('ledger_entries')
        .select(['id', 'hash'])
        .where('entry_index', 'is', null)
        // A continuation starts the ledger under a new name, so its entry gets an index before all waiting entries.
        .orderBy(sql`case kind when 'ledger.continued' then 0 else 1 end`)
        .orderBy('id')
        .limit(limit)
        .execute();
      const size = await sizeOf(tx);
      if (entries.length === 0 && (await newestCheckpoint(tx))?.size === size) return 0;
      const tree = await GrowingTree.open(size, (nodes) => readHashes(tx, nodes));
      const hashes = entries.flatMap((entry) => tree.append(Buffer.from(entry.hash, 'hex')));
      if (entries.length > 0) {
        const indexes = sql.join(entries.map(({ id }, offset) => sql`(${sql.lit(id)}, ${sql.lit(size + offset)})`));
        // The name `column2` is what both SQLite and PostgreSQL give to a column of a VALUES list without an alias.
        await sql`update ledger_entries set entry_index = given.column2
                  from (values ${indexes}) as given where ledger_entries.id = given.column1`.execute(tx);
        await insertOf(
          'ledger_hashes',
          { level: 'bigint', position: 'bigint', hash: 'text' },
          hashes.map(({ node, hash }) => [node.level, node.position, hash.toString('hex')]),
        ).execute(tx);
      }
      await tx
        .insertInto('checkpoints')
        .values({ size: tree.size, note: sign(tree.size, tree.root()), at })
        .execute();
      return entries.length;
    });
  }

  async newest(): Promise<StoredCheckpoint | null> {
    return (await newestCheckpoint(this.#database.db)) ?? null;
  }

  /** Time of the newest checkpoint, in Unix milliseconds by the server's clock; 0 before the first checkpoint. */
  async newestAt(): Promise<number> {
    const row = await this.#database.db
      .selectFrom('checkpoints')
      .select('at')
      .orderBy('size', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.at ?? 0;
  }

  async entriesAt(indexes: readonly number[]): Promise<Map<number, Buffer>> {
    if (indexes.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('ledger_entries')
      .select(['entry_index', 'body'])
      .where('entry_index', 'in', [...indexes])
      .execute();
    return new Map(rows.map(({ entry_index, body }) => [Number(entry_index), Buffer.from(body, 'utf8')]));
  }

  async entries(from: number, to: number): Promise<Buffer[]> {
    const rows = await this.#database.db
      .selectFrom('ledger_entries')
      .select('body')
      .where('entry_index', '>=', from)
      .where('entry_index', '<', to)
      .orderBy('entry_index')
      .execute();
    return rows.map(({ body }) => Buffer.from(body, 'utf8'));
  }
}

async function sizeOf(db: Db | Tx): Promise<number> {
  const row = await db
    .selectFrom('ledger_entries')
    .select((of) => of.fn.max('entry_index').as('last'))
    .executeTakeFirst();
  return row?.last === null || row?.last === undefined ? 0 : Number(row.last) + 1;
}

async function newestCheckpoint(db: Db | Tx) {
  return await db
    .selectFrom('checkpoints')
    .select(['size', 'note'])
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
}

async function readHashes(db: Db | Tx, nodes: readonly TreeNode[]): Promise<Buffer[]> {
  const found = new Map<string, Buffer>();
  // Each tree level needs one query. A tile is one range of positions, and a proof needs one or two hashes per level.
  for (const [level, positions] of Map.groupBy(nodes, (node) => node.level)) {
    const rows = await db
      .selectFrom('ledger_hashes')
      .select(['position', 'hash'])
      .where('level', '=', level)
      .where(
        'position',
        'in',
        // Duplicates are removed, because proofs of several entries share hashes.
        [...new Set(positions.map((node) => node.position))],
      )
      .execute();
    for (const row of rows) found.set(`${level}/${row.position}`, Buffer.from(row.hash, 'hex'));
  }
  return nodes.map(({ level, position }) => {
    const hash = found.get(`${level}/${position}`);
    if (!hash) throw new CordonError('not_found', `the ledger has no hash at level ${level}, position ${position}`);
    return hash;
  });
}
