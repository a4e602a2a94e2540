/** The ledger's tables: leaves that wait for an index, the hashes of complete subtrees, and checkpoints. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { GrowingTree, type HashSource, type TreeNode } from '../../shared/ledger/merkle.ts';
import type { LedgerStore as Port, StoredCheckpoint } from '../ledger/ledger.ts';
import type { Database, Db, Tx } from './database.ts';

/** Keeps a statement's parameters below what SQLite takes. */
const ROWS_AT_ONCE = 4000;

export class LedgerStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  readonly hashes: HashSource = (nodes) => readHashes(this.#database.db, nodes);

  async waiting(): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('ledger_leaves')
      .select('id')
      .where('leaf_index', 'is', null)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async extend(limit: number, at: number, sign: (size: number, root: Buffer) => string): Promise<number> {
    return await this.#database.transaction(async (tx) => {
      const leaves = await tx
        .selectFrom('ledger_leaves')
        .select(['id', 'hash'])
        .where('leaf_index', 'is', null)
        .orderBy('id')
        .limit(limit)
        .execute();
      const size = await sizeOf(tx);
      if (leaves.length === 0 && (await newestCheckpoint(tx))?.size === size) return 0;
      const tree = await GrowingTree.open(size, (nodes) => readHashes(tx, nodes));
      const made = leaves.flatMap((leaf) => tree.append(Buffer.from(leaf.hash, 'hex')));
      if (leaves.length > 0) {
        const indexes = sql.join(leaves.map(({ id }, offset) => sql`(${sql.lit(id)}, ${sql.lit(size + offset)})`));
        // Both dialects name the columns of a bare VALUES so.
        await sql`update ledger_leaves set leaf_index = given.column2
                  from (values ${indexes}) as given where ledger_leaves.id = given.column1`.execute(tx);
      }
      for (let from = 0; from < made.length; from += ROWS_AT_ONCE) {
        const rows = made.slice(from, from + ROWS_AT_ONCE);
        await tx
          .insertInto('ledger_hashes')
          .values(rows.map(({ node, hash }) => ({ ...node, hash: hash.toString('hex') })))
          .execute();
      }
      await tx
        .insertInto('checkpoints')
        .values({ size: tree.size, note: sign(tree.size, tree.root()), at })
        .execute();
      return leaves.length;
    });
  }

  async newest(): Promise<StoredCheckpoint | null> {
    return (await newestCheckpoint(this.#database.db)) ?? null;
  }

  async entriesAt(indexes: readonly number[]): Promise<Map<number, Buffer>> {
    if (indexes.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('ledger_leaves')
      .select(['leaf_index', 'body'])
      .where('leaf_index', 'in', [...indexes])
      .execute();
    return new Map(rows.map(({ leaf_index, body }) => [Number(leaf_index), Buffer.from(body, 'utf8')]));
  }

  async entries(from: number, to: number): Promise<Buffer[]> {
    const rows = await this.#database.db
      .selectFrom('ledger_leaves')
      .select('body')
      .where('leaf_index', '>=', from)
      .where('leaf_index', '<', to)
      .orderBy('leaf_index')
      .execute();
    return rows.map(({ body }) => Buffer.from(body, 'utf8'));
  }
}

async function sizeOf(db: Db | Tx): Promise<number> {
  const row = await db
    .selectFrom('ledger_leaves')
    .select((of) => of.fn.max('leaf_index').as('last'))
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
  // One range a level: a tile is one run of positions, a proof one hash or two on each level.
  for (const [level, positions] of Map.groupBy(nodes, (node) => node.level)) {
    const rows = await db
      .selectFrom('ledger_hashes')
      .select(['position', 'hash'])
      .where('level', '=', level)
      .where(
        'position',
        'in',
        // Proofs of many leaves ask for the same ones.
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
