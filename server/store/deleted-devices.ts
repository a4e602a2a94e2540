/** Deletion of retired devices after their retention period, with all records that the server keeps only for them. */
import { sql } from 'kysely';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import { RETIRED_DAYS } from '../devices/life-cycle.ts';
import { insertEvents } from './activity-rows.ts';
import type { Database, Tx } from './database.ts';
import { purgeMailQueue } from './mail-rows.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import type { Schema } from './schema.ts';
import { removeSoftware } from './software-devices.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

const DAY = 86_400_000;
/** Number of devices in one transaction. Other writes run between two transactions. */
const SLICE = 20;

/** Tables whose rows belong to one device and end with its record. Rows that refer to other rows of this list come first. */
export const OF_DEVICE = [
  'group_members',
  'changed_facts',
  'device_labels',
  'display_names',
  'lost_modes',
  'device_compliance',
  'compliance_events',
  'device_presence',
  'device_workspaces',
  'device_passcodes',
  'device_inventory',
  'device_facts',
  'device_fact_lists',
  'device_logs',
  'fetched_files',
  'script_outputs',
  'device_history',
  'device_records',
  'commands',
  'unlock_shares',
  'passcode_shares',
  'alerts',
  'evidence',
  'locations',
  'location_states',
  'device_nexus',
  'key_packages',
  'messaging_signatures',
  'messaging_keys',
  'conversation_members',
  'mailbox_entries',
  'mailboxes',
  'mail_keys',
  'mail_pieces',
  'mail_results',
  'mail_entries',
  'mail_queues',
  'attachments',
  'recovery_responses',
] as const satisfies readonly (keyof Schema)[];

/**
 * Tables with rows about a device that stay when its record is deleted. They are evidence of the operator (certificates, orders, receipts,
 * legal holds), or have a retention period of their own (jobs, messages to others, encrypted records of people).
 */
export const KEPT = [
  'certificates',
  'lost_certificates',
  'legal_holds',
  'receipts',
  'order_exemptions',
  'order_affected_devices',
  'pack_devices',
  'location_records',
  'device_exits',
  'pending_exits',
  'job_members',
  'solo_actions',
  'enrollment_records',
  'conversation_epochs',
  'posts',
  'post_results',
  'mails',
] as const satisfies readonly (keyof Schema)[];

/**
 * Deletes the devices that an admin retired more than `RETIRED_DAYS` days ago. A legal hold keeps a device. So does an open activation code, with
 * which the device may enroll again. `now`: server clock and system clock. Returns the number of deleted devices.
 */
export async function deleteRetired(
  database: Database,
  now: { readonly domain: number; readonly real: number },
): Promise<number> {
  let count = 0;
  for (let deleted = SLICE; deleted === SLICE; count += deleted) {
    deleted = await database.transaction(async (tx) => {
      const { rows } = await sql<{ id: string }>`select id from devices
        where retired_at < ${now.domain - RETIRED_DAYS * DAY} and not ${UNDER_LEGAL_HOLD}
          and not exists (select 1 from activation_codes c where c.id = devices.id and c.used_at is null
            and c.canceled_at is null and c.expires_at > ${now.real})
        order by id limit ${SLICE}`.execute(tx);
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) await deleteDevices(tx, database, ids, now.domain);
      return ids.length;
    });
  }
  return count;
}

async function deleteDevices(
  tx: Tx,
  { dialect }: Pick<Database, 'dialect'>,
  ids: readonly string[],
  at: number,
): Promise<void> {
  // The events are recorded before the deletion, because an event also names the device's person, who is read from the device.
  await insertEvents(
    tx,
    ids.map((device) => ({ device, at, action: 'device.deleted' })),
  );
  for (const id of ids) {
    await removeSoftware(tx, dialect, id);
    // Messages are deleted too, because a legal hold may have kept them after the end of the enrollment.
    const device = deviceIdSchema.parse(id);
    await purgeMailbox(tx, device, at);
    await purgeMailQueue(tx, device, at);
  }
  const list = sql.join(ids);
  for (const table of OF_DEVICE) await sql`delete from ${sql.table(table)} where device_id in (${list})`.execute(tx);
  await sql`delete from activation_codes where id in (${list})`.execute(tx);
  await sql`delete from devices where id in (${list})`.execute(tx);
}
