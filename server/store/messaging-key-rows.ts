import { sql } from 'kysely';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { KeyRow, KeySignature, MemberScope, NewSignature, SignedKey } from '../membership/ports.ts';
import { appendEntries } from './append-entries.ts';
import { insertOf } from './bulk.ts';
import type { Db, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';
import type { Schema } from './schema.ts';

type Row = Schema['messaging_keys'];

/**
 * Conditions for active devices (`ACTIVE`) and for devices in an admin's scope (`within`). `is true` prevents SQLite from using an index
 * for the condition. With an index, SQLite would read the whole fleet first instead of the few messaging keys, because SQLite has no table
 * statistics here.
 */
export const ACTIVE = sql<boolean>`(devices.status = 'active') is true`;
export const within = (scope: MemberScope) => sql<boolean>`(${withinScope(scope)}) is true`;
/** Literal condition of the partial index on keys that wait for a countersignature. Use it unchanged, or the database ignores the index. */
export const WAITING = sql<boolean>`messaging_keys.unverified = 1`;

/** Messaging keys of active devices in their current enrollments. */
export function presentKeys(db: Db) {
  return db
    .selectFrom('messaging_keys')
    .innerJoin('devices', (join) =>
      join
        .onRef('devices.id', '=', 'messaging_keys.device_id')
        .onRef('devices.generation', '=', 'messaging_keys.generation'),
    )
    .selectAll('messaging_keys')
    .where(ACTIVE);
}

export async function withSignatures(db: Db, rows: readonly Row[]): Promise<SignedKey[]> {
  if (rows.length === 0) return [];
  const signatures = await db
    .selectFrom('messaging_signatures as s')
    .innerJoin('ledger_entries as entry', 'entry.id', 's.entry_id')
    .select(['s.device_id', 's.generation', 's.keyid', 's.role', 's.signature', 'entry.entry_index'])
    .where(
      's.device_id',
      'in',
      rows.map((row) => row.device_id),
    )
    .orderBy('s.entry_id')
    .execute();
  const byKey = Map.groupBy(signatures, (each) => `${each.device_id} ${each.generation}`);
  return rows.map((row) => ({
    ...keyRow(row),
    signatures: (byKey.get(`${row.device_id} ${row.generation}`) ?? []).map(
      ({ keyid, role, signature, entry_index }): KeySignature => ({
        keyid,
        role,
        signature,
        entryIndex: entry_index === null ? null : Number(entry_index),
      }),
    ),
  }));
}

export async function insertSignatures(tx: Tx, signatures: readonly NewSignature[]): Promise<void> {
  if (signatures.length === 0) return;
  const entries = await appendEntries(
    tx,
    signatures.map(({ entry }) => entry),
  );
  await insertOf(
    'messaging_signatures',
    {
      device_id: 'text',
      generation: 'bigint',
      keyid: 'text',
      role: 'text',
      signature: 'text',
      entry_id: 'bigint',
    },
    signatures.map(({ key, keyid, role, signature }, index) => [
      key.device,
      key.generation,
      keyid,
      role,
      signature,
      entries[index] ?? null,
    ]),
  ).execute(tx);
  const countersigned = signatures.filter(({ role }) => role === 'organization').map(({ key }) => key.device);
  if (countersigned.length === 0) return;
  await sql`update messaging_keys set unverified = 0 where unverified = 1 and exists (
    select 1 from messaging_signatures as s where s.device_id = messaging_keys.device_id
      and s.generation = messaging_keys.generation and s.role = 'organization')
    and device_id in (${sql.join(countersigned)})`.execute(tx);
}

export function keyRow(row: Row): KeyRow {
  return {
    device: deviceIdSchema.parse(row.device_id),
    generation: row.generation,
    person: row.person_id,
    name: row.name,
    signatureKey: row.signature_key,
    payload: row.payload,
    digest: row.digest,
    certifiedAt: row.certified_at,
  };
}
