/** Store of past evidence, groups, areas and IP databases, for explanations of a device's past location. */
import { sql } from 'kysely';
import { type DeviceId, groupIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Evidence, PastAssignment, PastStore, StoredEvidence, UsedDatabase } from '../jurisdiction/ports.ts';
import { areaOf } from './area-column.ts';
import type { Database } from './database.ts';
import { evidenceOf } from './jurisdiction-store.ts';

export class PastLocationStore implements PastStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async recent(device: DeviceId, limit: number): Promise<Evidence[]> {
    const rows = await this.#database.db
      .selectFrom('evidence')
      .select('detail')
      .where('device_id', '=', device)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ detail }) => evidenceOf(detail));
  }

  async evidenceUntil(device: DeviceId, until: Instant, limit: number): Promise<StoredEvidence[]> {
    const rows = await this.#database.db
      .selectFrom('evidence')
      .select(['detail', 'received_at'])
      .where('device_id', '=', device)
      .where('at', '<=', until)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ detail, received_at }) => ({ ...evidenceOf(detail), receivedAt: received_at }));
  }

  async legalHoldSince(device: DeviceId): Promise<Instant | null> {
    const { rows } = await sql<{ since: number | null }>`
      select min(h.placed_at) as since from devices cross join legal_holds h
      where devices.id = ${device} and h.released_at is null
        and (h.device_id = devices.id or h.person_id = devices.person_id)`.execute(this.#database.db);
    const since = rows[0]?.since ?? null;
    return since === null ? null : Number(since);
  }

  async pastAssignment(device: DeviceId, at: Instant): Promise<PastAssignment | null> {
    const { db } = this.#database;
    const row = await db
      .selectFrom('device_history')
      .selectAll()
      .where('device_id', '=', device)
      .where('from_at', '<=', at)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return null;
    const group = await db
      .selectFrom('group_history')
      .selectAll()
      .where('group_id', '=', row.group_id)
      .where('from_at', '<=', at)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    const { known } = await db
      .selectFrom('device_history')
      .select(({ fn }) => fn.min('from_at').as('known'))
      .where('device_id', '=', device)
      .executeTakeFirstOrThrow();
    const stated = row.stated_until !== null && at < row.stated_until ? row.stated_home : null;
    const home = stated ?? row.home ?? group?.home ?? null;
    return {
      generation: row.generation,
      status: row.status,
      group: { id: groupIdSchema.parse(row.group_id), name: group?.name ?? '' },
      home: areaOf(home),
      homeBy: home === null ? null : stated !== null ? 'statement' : row.home !== null ? 'device' : 'group',
      seat: areaOf(row.seat ?? group?.seat ?? null),
      known: Number(known),
    };
  }

  async databasesOf(uses: readonly number[]): Promise<ReadonlyMap<number, UsedDatabase>> {
    if (uses.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('ip_database_activations as use')
      .innerJoin('ip_databases as database', 'database.hash', 'use.hash')
      .select(['use.id', 'database.hash', 'database.name', 'database.built_at'])
      .where('use.id', 'in', uses)
      .execute();
    return new Map(rows.map(({ id, hash, name, built_at }) => [id, { hash, name, builtAt: built_at }]));
  }
}
