/** Records of admins' location changes that change the verdict of an order, each with its ledger entry. */
import { canonicalText, parseDocument } from '../../shared/order/canonical.ts';
import { locationRecordSchema } from '../../shared/pack/location-records.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { LocationEntry } from '../devices/ports.ts';
import type { StoredLocationChange } from '../orders/impact/location-statements.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Tx } from './database.ts';

export async function appendLocationEntry(tx: Tx, device: DeviceId, change: LocationEntry): Promise<void> {
  const { entry, orders, record, reason } = change;
  const entry_id = await appendEntry(tx, entry);
  const row = { entry_id, device_id: device, body: canonicalText(record) };
  const reasonColumns = { reason: reason?.text ?? null, reason_salt: reason?.salt ?? null };
  const rows = orders.map((order_number) => ({ order_number, ...row, ...reasonColumns }));
  await tx.insertInto('location_records').values(rows).execute();
}

/**
 * Location changes that concern one order, newest first. `index`: index of the ledger entry; null until the ledger has sequenced the entry.
 */
export async function locationChanges(
  database: Database,
  order: string,
  limit: number,
): Promise<StoredLocationChange[]> {
  const rows = await database.db
    .selectFrom('location_records')
    .innerJoin('ledger_entries', 'ledger_entries.id', 'location_records.entry_id')
    .select([
      'location_records.device_id',
      'location_records.body',
      'ledger_entries.entry_index',
      'ledger_entries.body as entry',
    ])
    .where('order_number', '=', order)
    .orderBy('entry_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ device_id, body, entry_index, entry }) => ({
    device: deviceIdSchema.parse(device_id),
    record: parseDocument(locationRecordSchema, Buffer.from(body)),
    index: entry_index === null ? null : Number(entry_index),
    entry,
  }));
}
