/** Single facts about the installation. */
import { randomBase32 } from '../../shared/protocol/ids.ts';
import type { Database, Db, Tx } from './database.ts';

/** The state of a restore, and the numbers that orders have had before it. */
export const RESTORATION_KEY = 'restoration';
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

/** The name by which signed documents say which installation they belong to; made once, whoever asks first. */
export async function installationId(database: Database): Promise<string> {
  await database.db
    .insertInto('meta')
    .values({ key: 'installation', value: `ins_${randomBase32(10)}` })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const id = await getMeta(database.db, 'installation');
  if (id === null) throw new Error('the installation has no id although one was just stored');
  return id;
}
