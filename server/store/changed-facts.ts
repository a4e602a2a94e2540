/**
 * Marks devices whose facts changed, in the transaction that changes them. The server then evaluates the dynamic groups for these devices.
 * A crash loses no mark, and a device has at most one.
 */
import { type RawBuilder, sql } from 'kysely';
import { FACT_SOURCES, type FactSource } from '../groups/facts.ts';
import { tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

export async function markFacts(tx: Tx, devices: readonly string[], source: FactSource): Promise<void> {
  if (devices.length === 0) return;
  const rows = [...new Set(devices)].map((device) => [device]);
  await markFactsOf(tx, sql`select column1 from ${tableOf(['text'], rows)} as v`, source);
}

/** Marks devices as changed. `devices`: query for their ids, without duplicates. */
export async function markFactsOf(tx: Tx, devices: RawBuilder<unknown>, source: FactSource): Promise<void> {
  // Without `where true`, SQLite would parse `on conflict` as the condition of a join.
  await sql`insert into changed_facts as c (device_id, sources, version)
    select *, cast(${FACT_SOURCES[source]} as bigint), 1 from (${devices}) as marked where true
    on conflict (device_id) do update set sources = c.sources | excluded.sources, version = c.version + 1`.execute(tx);
}

/**
 * Starts a new evaluation of all dynamic groups for all devices. Use it after a change of many devices, for which separate marks would take
 * too long.
 */
export async function rebuildDynamicGroups(tx: Tx): Promise<void> {
  await tx.updateTable('groups').set({ built_after: '' }).where('expression', 'is not', null).execute();
}
