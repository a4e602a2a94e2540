/** Store of single values about the installation, each under a key. */
import { randomBase32 } from '../../shared/protocol/ids.ts';
import type { Database, Db, Tx } from './database.ts';

export const RECOVERY_KEY = 'recovery';
export const MARK_KEY = 'high-water-mark';
export const ORDER_FLOOR_KEY = 'orders.number-floor';

export async function getMeta(db: Db | Tx, key: string): Promise<string | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value ?? null;
}

export async function setMeta(db: Db | Tx, key: string, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}

/** Id of the installation in signed documents. The first call creates the id. */
export async function installationId(database: Database): Promise<string> {
  await database.db
    .insertInto('meta')
    .values({ key: 'installation', value: `ins_${randomBase32(10)}` })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const id = await getMeta(database.db, 'installation');
  if (id === null) throw new Error('the store has no installation id after its creation');
  return id;
}
