/** Index of the software: the set of devices that have each version. */
import { sql } from 'kysely';
import type { SoftwareChange } from '../inventory/apply-report.ts';
import { chunkOf, decodePositions, encodePositions, positionOf } from '../inventory/device-chunk.ts';
import { decodeIds } from '../inventory/version-ids.ts';
import { tableOf } from './bulk.ts';
import type { Tx } from './database.ts';
import type { DialectName } from './dialect.ts';
import { bytesOf } from './hex-bytes.ts';

export type DeviceVersions = SoftwareChange;

interface Chunk {
  readonly version: number;
  readonly chunk: number;
  readonly added: number[];
  readonly removed: number[];
}

/** Removes the software list of a device whose data the server deletes. */
export async function removeSoftware(tx: Tx, dialect: DialectName, device: string): Promise<void> {
  const removed = await tx
    .deleteFrom('device_software')
    .where('device_id', '=', device)
    .returning(['number', 'versions'])
    .execute();
  await storeDevicesOfVersions(
    tx,
    dialect,
    removed.map(({ number, versions }) => ({
      number,
      versions: { added: [], removed: decodeIds(versions), after: [] },
    })),
  );
}

export async function storeDevicesOfVersions(
  tx: Tx,
  dialect: DialectName,
  changes: readonly { readonly number: number; readonly versions: DeviceVersions }[],
): Promise<void> {
  const chunks = new Map<string, Chunk>();
  const at = (version: number, number: number): Chunk => {
    const chunk = chunkOf(number);
    const key = `${version} ${chunk}`;
    const found = chunks.get(key) ?? { version, chunk, added: [], removed: [] };
    chunks.set(key, found);
    return found;
  };
  for (const { number, versions } of changes) {
    for (const version of versions.added) at(version, number).added.push(positionOf(number));
    for (const version of versions.removed) at(version, number).removed.push(positionOf(number));
  }
  if (chunks.size === 0) return;
  const keys = [...chunks.values()].map(({ version, chunk }) => [version, chunk]);
  const { rows } = await sql<{ version_id: number; chunk: number; devices: Buffer }>`
    select d.version_id, d.chunk, d.devices from ${tableOf(['bigint', 'bigint'], keys)} as k
      cross join software_devices d where d.version_id = k.column1 and d.chunk = k.column2`.execute(tx);
  const stored = new Map(rows.map(({ version_id, chunk, devices }) => [`${version_id} ${chunk}`, devices]));
  const full: (number | string)[][] = [];
  const empty: number[][] = [];
  for (const [key, { version, chunk, added, removed }] of chunks) {
    const bytes = stored.get(key);
    const positions = bytes ? decodePositions(bytes) : new Set<number>();
    for (const position of removed) positions.delete(position);
    for (const position of added) positions.add(position);
    if (positions.size > 0) full.push([version, chunk, encodePositions(positions).toString('hex')]);
    else empty.push([version, chunk]);
  }
  if (full.length > 0) {
    await sql`insert into software_devices (version_id, chunk, devices)
      select column1, column2, ${bytesOf(dialect, sql`column3`)} from ${tableOf(['bigint', 'bigint', 'text'], full)} as v where true
      on conflict (version_id, chunk) do update set devices = excluded.devices`.execute(tx);
  }
  if (empty.length > 0) {
    await sql`delete from software_devices where (version_id, chunk) in
      (select column1, column2 from ${tableOf(['bigint', 'bigint'], empty)} as v)`.execute(tx);
  }
}
