/** Rows of the table `device_fact_lists`: one for each list of an inventory by which the device list filters. */
import { type RawBuilder, sql } from 'kysely';
import type { Inventory } from '../../shared/inventory/inventory.ts';
import { INVENTORY_LIST_NAMES, INVENTORY_LISTS, type InventoryList } from '../../shared/inventory/inventory-lists.ts';
import { insertOf, tableOf } from './bulk.ts';
import { lowered, positionIn } from './column-text.ts';
import type { Tx } from './database.ts';
import type { DialectName } from './dialect.ts';

/** Each entry has a line feed before and after it, so that a search for a whole entry is a search for a text. */
const encoded = (texts: readonly string[]): string =>
  ['', ...texts.map((text) => text.replaceAll('\n', ' ')), ''].join('\n');

export const entriesOf = (entries: string): readonly string[] => entries.split('\n').slice(1, -1);

/** Stores the lists of devices' inventories. A section without data has no row. */
export async function storeFactLists(
  tx: Tx,
  devices: readonly { readonly device: string; readonly inventory: Inventory }[],
): Promise<void> {
  const rows: string[][] = [];
  const absent: string[][] = [];
  for (const { device, inventory } of devices) {
    for (const field of INVENTORY_LIST_NAMES) {
      const texts = INVENTORY_LISTS[field].of(inventory);
      if (texts === null) absent.push([device, field]);
      else rows.push([device, field, encoded(texts)]);
    }
  }
  await sql`${insertOf('device_fact_lists', { device_id: 'text', field: 'text', entries: 'text' }, rows)}
    on conflict (device_id, field) do update set entries = excluded.entries
    where device_fact_lists.entries <> excluded.entries`.execute(tx);
  if (absent.length === 0) return;
  await sql`delete from device_fact_lists where (device_id, field) in
    (select column1, column2 from ${tableOf(['text', 'text'], absent)} as v)`.execute(tx);
}

/** Condition for a row of the table: its list is `field`, and one entry equals the value, or contains it. */
export function inList(
  dialect: DialectName,
  field: InventoryList,
  op: 'includes' | 'excludes' | 'contains' | 'known',
  value: string,
): RawBuilder<unknown> {
  const ofField = sql`field = ${field}`;
  if (op === 'known') return ofField;
  const text = lowered(value.replaceAll('\n', ' '));
  const found = positionIn(dialect, 'entries', op === 'contains' ? text : `\n${text}\n`);
  return sql`${ofField} and ${found} ${op === 'excludes' ? sql`= 0` : sql`> 0`}`;
}
