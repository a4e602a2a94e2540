/** Store of legal holds. A legal hold is never deleted: its release is recorded in the same row. */
import { type RawBuilder, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import {
  type DeviceId,
  deviceIdSchema,
  type LegalHoldId,
  legalHoldIdSchema,
  type PersonId,
  personIdSchema,
} from '../../shared/protocol/ids.ts';
import type { HoldQuery, LegalHold, NewHold, HoldStore as Port, Release } from '../holds/ports.ts';
import { appendEntries, appendEntry } from './append-entries.ts';
import { tableOf } from './bulk.ts';
import { cancelDestruction } from './command-rows.ts';
import type { Database, Db, Tx } from './database.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

export class HoldStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  place(hold: NewHold, entry: EntryDraft<'legal-hold.placed'>): Promise<void> {
    const { id, on, reason, reference, placedAt: placed_at, placedBy: placed_by, realAt } = hold;
    return this.#database.transaction(async (tx) => {
      if (on.kind === 'device') await mustExist(tx, on.device);
      else await requirePerson(tx, on.person);
      const subject =
        on.kind === 'device' ? { device_id: on.device, person_id: null } : { device_id: null, person_id: on.person };
      await tx
        .insertInto('legal_holds')
        .values({ id, ...subject, reason, reference, placed_at, placed_by, records_updated: 0 })
        .execute();
      const ofHold = on.kind === 'device' ? sql`id = ${on.device}` : sql`person_id = ${on.person}`;
      await cancelDestruction(tx, ofHold, realAt);
      await appendEntry(tx, entry);
    });
  }

  placeAll(...[holds, entry]: Parameters<Port['placeAll']>): Promise<number> {
    const [first] = holds;
    if (!first) return Promise.resolve(0);
    const { reason, reference, placedAt, placedBy, realAt } = first;
    const named = tableOf(
      ['text', 'text'],
      holds.map(({ id, on }) => [id, on.device]),
    );
    return this.#database.transaction(async (tx) => {
      const equal = sql`select 1 from legal_holds h where h.device_id = devices.id and h.released_at is null
        and h.reason = ${reason} and coalesce(h.reference, '') = ${reference ?? ''}`;
      const { rows } = await sql<{ id: string; device_id: string }>`
        insert into legal_holds (id, device_id, reason, reference, placed_at, placed_by, records_updated)
        select v.column1, devices.id, cast(${reason} as text), cast(${reference} as text), cast(${placedAt} as bigint),
          cast(${placedBy} as text), 0 from ${named} as v cross join devices
        where devices.id = v.column2 and not exists (${equal}) returning id, device_id`.execute(tx);
      if (rows.length === 0) return 0;
      const placed = new Set(rows.map(({ id }) => id));
      const devices = tableOf(
        ['text'],
        rows.map(({ device_id }) => [device_id]),
      );
      await cancelDestruction(tx, sql`id in (select column1 from ${devices} as v)`, realAt);
      await appendEntries(tx, holds.filter(({ id }) => placed.has(id)).map(entry));
      return rows.length;
    });
  }

  release(id: LegalHoldId, { at, by, reason }: Release, entry: EntryDraft<'legal-hold.released'>): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('legal_holds')
        .set({ released_at: at, released_by: by, release_reason: reason, records_updated: 0 })
        .where('id', '=', id)
        .where('released_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await appendEntry(tx, entry);
      return true;
    });
  }

  async hold(id: LegalHoldId): Promise<LegalHold | null> {
    const row = await selectHolds(this.#database.db).where('legal_holds.id', '=', id).executeTakeFirst();
    return row ? holdOf(row) : null;
  }

  async holds({ released, device, after, limit }: HoldQuery): Promise<LegalHold[]> {
    const rows = await selectHolds(this.#database.db)
      .$if(released !== null, (all) => all.where('legal_holds.released_at', released ? 'is not' : 'is', null))
      .$if(device !== null, (all) => all.where(onDevice(device ?? '')))
      .$if(after !== null, (all) =>
        all.where(
          sql<boolean>`(legal_holds.placed_at, legal_holds.id) < (${after?.placedAt ?? 0}, ${after?.id ?? ''})`,
        ),
      )
      .orderBy('legal_holds.placed_at', 'desc')
      .orderBy('legal_holds.id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(holdOf);
  }

  async underLegalHold(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>> {
    if (devices.length === 0) return new Set();
    const { rows } = await sql<{ id: string }>`
      select devices.id from ${tableOf(
        ['text'],
        devices.map((device) => [device]),
      )} as v
      cross join devices
      where exists (select 1 from legal_holds where released_at is null)
        and devices.id = v.column1 and ${UNDER_LEGAL_HOLD}`.execute(this.#database.db);
    return new Set(rows.map(({ id }) => deviceIdSchema.parse(id)));
  }

  async devicesOf(id: LegalHoldId, after: DeviceId | null, limit: number): Promise<DeviceId[]> {
    const hold = await this.#database.db
      .selectFrom('legal_holds')
      .select(['device_id', 'person_id'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!hold) return [];
    const rows = await this.#database.db
      .selectFrom('devices')
      .select('id')
      .where(hold.device_id === null ? 'person_id' : 'id', '=', hold.device_id ?? hold.person_id)
      .where('id', '>', after ?? '')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map((row) => deviceIdSchema.parse(row.id));
  }

  async undelivered(): Promise<{ id: LegalHoldId; released: boolean }[]> {
    const rows = await this.#database.db
      .selectFrom('legal_holds')
      .select(['id', 'released_at'])
      .where('records_updated', '=', 0)
      .orderBy('placed_at')
      .execute();
    return rows.map(({ id, released_at }) => ({ id: legalHoldIdSchema.parse(id), released: released_at !== null }));
  }

  async markDelivered(holds: Parameters<Port['markDelivered']>[0]): Promise<void> {
    const delivered = tableOf(
      ['text', 'bigint'],
      holds.map(({ id, released }) => [id, released ? 1 : 0]),
    );
    await sql`update legal_holds set records_updated = 1 from ${delivered} as v
      where legal_holds.id = v.column1 and (released_at is not null) = (v.column2 = 1)`.execute(this.#database.db);
  }
}

async function mustExist(tx: Tx, device: DeviceId): Promise<void> {
  if (await tx.selectFrom('devices').select('id').where('id', '=', device).executeTakeFirst()) return;
  throw new CordonError('not_found', 'There is no such device.', { device });
}

async function requirePerson(tx: Tx, person: PersonId): Promise<void> {
  if (await tx.selectFrom('persons').select('id').where('id', '=', person).executeTakeFirst()) return;
  throw new CordonError('not_found', 'There is no such person.', { person });
}

const onDevice = (device: string): RawBuilder<boolean> => sql<boolean>`(
  legal_holds.device_id = ${device}
  or legal_holds.person_id = (select person_id from devices where devices.id = ${device}))`;

function selectHolds(db: Db) {
  return db
    .selectFrom('legal_holds')
    .leftJoin('devices', 'devices.id', 'legal_holds.device_id')
    .selectAll('legal_holds')
    .leftJoin('persons', 'persons.id', 'legal_holds.person_id')
    .select(['devices.person_name as device_user', 'persons.name as person_name'])
    .select(
      sql<number>`(select count(*) from devices as of_person where of_person.person_id = legal_holds.person_id)`.as(
        'devices_of_person',
      ),
    );
}

type Row = Awaited<ReturnType<ReturnType<typeof selectHolds>['executeTakeFirstOrThrow']>>;

function holdOf(row: Row): LegalHold {
  return {
    id: legalHoldIdSchema.parse(row.id),
    on:
      row.device_id === null
        ? {
            kind: 'person',
            person: personIdSchema.parse(row.person_id),
            user: row.person_name ?? '',
            devices: Number(row.devices_of_person),
          }
        : { kind: 'device', device: deviceIdSchema.parse(row.device_id), user: row.device_user ?? '' },
    reason: row.reason,
    reference: row.reference,
    placedAt: row.placed_at,
    placedBy: row.placed_by,
    released:
      row.released_at === null
        ? null
        : { at: row.released_at, by: row.released_by ?? '', reason: row.release_reason ?? '' },
  };
}
