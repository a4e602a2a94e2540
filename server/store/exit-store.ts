/** Store of exits, the phase in which an order wipes work data. One transaction per device ends its enrollment and deletes its data. */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { RECEIPT_KINDS } from '../../shared/order/documents.ts';
import type { Destroyed } from '../../shared/pack/destruction.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { ExitRow, NewExit, ExitStore as Port } from '../orders/exit/exit-ports.ts';
import { appendEntry } from './append-entries.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { endDevice } from './device-store.ts';
import { OPEN } from './job-members.ts';
import { removeSoftware } from './software-devices.ts';
import { isUnderLegalHold } from './under-legal-hold.ts';

/** Number of receipts that the store reads in one turn of the event loop. Such a turn takes some milliseconds. */
const PAGE = 5_000;
/** Tables with data that devices send for their admins. */
const COPIES = ['device_logs', 'fetched_files', 'script_outputs'] as const;

export class ExitStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async wiped(
    order: string,
    revisions: readonly number[],
    after: DeviceId | null,
    limit: number,
  ): ReturnType<Port['wiped']> {
    const { rows } = await sql<{ device_id: string; generation: number; revision: number }>`
      select r.device_id, r.generation, max(r.revision) as revision from receipts r
      where r.order_number = ${order} and r.kind = 'wiped' and r.verified = 1 and r.device_id > ${after ?? ''}
        and r.revision in (${sql.join(revisions)})
        and not exists (
          select 1 from device_exits e where e.device_id = r.device_id and e.generation = r.generation
        )
      group by r.device_id, r.generation order by r.device_id, r.generation limit ${limit}`.execute(this.#database.db);
    return rows.map(({ device_id, generation, revision }) => ({
      order,
      revision: Number(revision),
      generation: Number(generation),
      device: deviceIdSchema.parse(device_id),
    }));
  }

  async reportingDevices(order: string, revision: number): Promise<Set<DeviceId>> {
    const found = new Set<DeviceId>();
    for (const kind of RECEIPT_KINDS) {
      for (let after: string | null = ''; after !== null; ) {
        const until: string | null = await this.#endOfPage(order, kind, after);
        const last = until === null ? sql`1 = 1` : sql`r.device_id <= ${until}`;
        const { rows } = await sql<{ id: string }>`
          select distinct r.device_id as id from receipts r cross join devices d
          where r.order_number = ${order} and r.kind = ${kind} and r.verified = 1 and r.device_id > ${after} and ${last}
            and r.revision >= ${revision} and d.id = r.device_id and d.generation = r.generation`.execute(
          this.#database.db,
        );
        for (const { id } of rows) found.add(deviceIdSchema.parse(id));
        after = until;
        await turn();
      }
    }
    return found;
  }

  /** Returns the last device of the page that begins after the device `after`. Null if this page is not full, so it is the last one. */
  async #endOfPage(order: string, kind: string, after: string): Promise<string | null> {
    const { rows } = await sql<{ id: string }>`
      select device_id as id from receipts
      where order_number = ${order} and kind = ${kind} and verified = 1 and device_id > ${after}
      order by device_id limit 1 offset ${PAGE - 1}`.execute(this.#database.db);
    return rows[0]?.id ?? null;
  }

  async awaited(
    order: string,
    revision: number,
    devices: readonly DeviceId[],
    at: Instant,
  ): ReturnType<Port['awaited']> {
    const unanswered = await this.#unanswered(order, revision, devices);
    if (unanswered.length === 0) return [];
    const columns = { order_number: 'text', revision: 'bigint', device_id: 'text', generation: 'bigint' } as const;
    const inserted = insertOf(
      'pending_exits',
      { ...columns, since: 'bigint', checked_at: 'bigint' },
      unanswered.map(({ device, generation }) => [order, revision, device, generation, at, at]),
    );
    return this.#database.transaction(async (tx) => {
      const { rows } = await sql<{ device_id: string; generation: number; since: number }>`${inserted}
        on conflict (order_number, revision, device_id, generation) do update set checked_at = excluded.checked_at
        returning device_id, generation, since`.execute(tx);
      return rows.map(({ device_id, generation, since }) => ({
        device: deviceIdSchema.parse(device_id),
        generation: Number(generation),
        since: Number(since),
      }));
    });
  }

  /** Selects the given devices that are active and have no receipt about the given revision or a later one. */
  async #unanswered(order: string, revision: number, devices: readonly DeviceId[]) {
    const requested = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const kinds = sql.join(RECEIPT_KINDS);
    const { rows } = await sql<{ id: string; generation: number }>`
      select d.id, d.generation from ${requested} as v cross join devices d
      where d.id = v.column1 and d.status = 'active' and not exists (
        select 1 from receipts r where r.order_number = ${order} and r.kind in (${kinds}) and r.device_id = d.id
          and r.generation = d.generation and r.revision >= ${revision} and r.verified = 1
      )`.execute(this.#database.db);
    return rows.map(({ id, generation }) => ({ device: deviceIdSchema.parse(id), generation: Number(generation) }));
  }

  async forgetAwaited(order: string, revision: number, at: Instant): Promise<void> {
    await this.#database.db
      .deleteFrom('pending_exits')
      .where('order_number', '=', order)
      .where('revision', '=', revision)
      .where('checked_at', '<', at)
      .execute();
  }

  finish(
    exit: NewExit & { readonly realAt: number; readonly reason: number },
    entries: Parameters<Port['finish']>[1],
  ): Promise<Destroyed | null> {
    const { order, revision, device, generation, outcome, at, realAt, reason, salt } = exit;
    return this.#database.transaction(async (tx) => {
      const known = await tx
        .selectFrom('devices')
        .select('generation')
        .where('id', '=', device)
        .where('generation', '=', generation)
        .executeTakeFirst();
      const done = await tx
        .selectFrom('device_exits')
        .select('device_id')
        .where('device_id', '=', device)
        .where('generation', '=', generation)
        .executeTakeFirst();
      if (!known || done || (await isUnderLegalHold(tx, device))) return null;
      const destroyed = await dataOf(tx, device);
      await endDevice(tx, device, { status: 'revoked', at, realAt, reason }, entries.revoked);
      await tx.deleteFrom('attachments').where('device_id', '=', device).execute();
      await tx.deleteFrom('mail_pieces').where('device_id', '=', device).where('mail', 'is', null).execute();
      for (const table of COPIES) await tx.deleteFrom(table).where('device_id', '=', device).execute();
      await tx.deleteFrom('device_fact_lists').where('device_id', '=', device).execute();
      await tx.deleteFrom('device_inventory').where('device_id', '=', device).execute();
      await tx.deleteFrom('device_facts').where('device_id', '=', device).execute();
      await removeSoftware(tx, this.#database.dialect, device);
      await tx
        .insertInto('device_exits')
        .values({
          order_number: order,
          revision,
          device_id: device,
          generation,
          outcome,
          at,
          destroyed: JSON.stringify(destroyed),
          salt,
        })
        .execute();
      await appendEntry(tx, entries.exited(destroyed));
      return destroyed;
    });
  }

  async exits(order: string): Promise<ExitRow[]> {
    const rows = await this.#database.db
      .selectFrom('device_exits')
      .selectAll()
      .where('order_number', '=', order)
      .orderBy('device_id')
      .orderBy('generation')
      .execute();
    return rows.map(({ order_number, revision, device_id, generation, outcome, at, destroyed, salt }) => ({
      order: order_number,
      revision,
      generation,
      outcome,
      at,
      destroyed: JSON.parse(destroyed),
      salt,
      device: deviceIdSchema.parse(device_id),
    }));
  }
}

async function dataOf(tx: Tx, device: DeviceId): Promise<Destroyed> {
  const { rows } = await sql<{ [K in keyof Destroyed]: number | string }>`select
    (select count(*) from certificates where device_id = ${device} and revoked_at is null) as certificates,
    (select count(*) from mailbox_entries where device_id = ${device} and post is not null) as messages,
    (select coalesce(sum(bytes), 0) from mailbox_entries where device_id = ${device} and post is not null) as "messageBytes",
    (select count(*) from key_packages where device_id = ${device}) as "keyPackages",
    (select count(*) from attachments where device_id = ${device}) as attachments,
    (select coalesce(sum(size), 0) from attachments where device_id = ${device}) as "attachmentBytes",
    (select count(*) from mail_entries where device_id = ${device} and mail is not null) as mails,
    (select coalesce(sum(bytes), 0) from mail_entries where device_id = ${device} and mail is not null) as "mailBytes",
    (select count(*) from mail_entries where device_id = ${device} and event is not null) as "mailEvents",
    (select count(*) from mail_pieces where device_id = ${device} and mail is null) as "mailPieces",
    (select coalesce(sum(size), 0) from mail_pieces where device_id = ${device} and mail is null) as "mailPieceBytes",
    (select count(*) from mail_keys where device_id = ${device}) as "mailKeys",
    (select count(*) from device_inventory where device_id = ${device}) as inventories,
    (select count(*) from device_logs where device_id = ${device})
      + (select count(*) from fetched_files where device_id = ${device})
      + (select count(distinct command_id) from script_outputs where device_id = ${device}) as copies,
    (select coalesce(sum(size), 0) from device_logs where device_id = ${device})
      + (select coalesce(sum(size), 0) from fetched_files where device_id = ${device})
      + (select coalesce(sum(bytes), 0) from script_outputs where device_id = ${device}) as "copyBytes",
    (select count(*) from commands where device_id = ${device} and state in ('queued', 'stored'))
      + (select count(*) from jobs j cross join job_members m
        where ${OPEN} and m.job = j.id and m.device_id = ${device} and m.waiting = 1) as commands`.execute(tx);
  const [counted] = rows;
  if (!counted) throw new Error('a count has no result');
  return {
    certificates: Number(counted.certificates),
    messages: Number(counted.messages),
    messageBytes: Number(counted.messageBytes),
    keyPackages: Number(counted.keyPackages),
    attachments: Number(counted.attachments),
    attachmentBytes: Number(counted.attachmentBytes),
    mails: Number(counted.mails),
    mailBytes: Number(counted.mailBytes),
    mailEvents: Number(counted.mailEvents),
    mailPieces: Number(counted.mailPieces),
    mailPieceBytes: Number(counted.mailPieceBytes),
    mailKeys: Number(counted.mailKeys),
    inventories: Number(counted.inventories),
    copies: Number(counted.copies),
    copyBytes: Number(counted.copyBytes),
    commands: Number(counted.commands),
  };
}
