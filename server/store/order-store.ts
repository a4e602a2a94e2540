import { type RawBuilder, sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ExemptionRow, OrderRow, OrderStore as Port, RevisionRow } from '../orders/ports.ts';
import type { Database, Db } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
import { exemptionRow, orderRow, withApprovals } from './order-rows.ts';

export class OrderStore implements Port {
  readonly #database: Database;
  readonly #selectExemptions: ReturnType<typeof exemptionsIn>;

  constructor(database: Database) {
    this.#database = database;
    this.#selectExemptions = exemptionsIn(database.db);
  }

  async orders(): Promise<OrderRow[]> {
    const rows = await this.#database.db.selectFrom('orders').selectAll().orderBy('number').execute();
    return rows.map(orderRow);
  }

  async order(number: string): Promise<OrderRow | null> {
    const row = await this.#database.db
      .selectFrom('orders')
      .selectAll()
      .where('number', '=', number)
      .executeTakeFirst();
    return row ? orderRow(row) : null;
  }

  async revisions(number: string): Promise<RevisionRow[]> {
    const { db } = this.#database;
    const rows = await db.selectFrom('order_revisions').selectAll().where('order_number', '=', number).execute();
    const approvals = await db.selectFrom('order_approvals').selectAll().where('order_number', '=', number).execute();
    return withApprovals(rows, approvals);
  }

  adoptedRevisions(): Promise<RevisionRow[]> {
    return this.#revisionsWhere(sql<boolean>`revision.adopted_at is not null`);
  }

  waitingRevisions(): Promise<RevisionRow[]> {
    return this.#revisionsWhere(sql<boolean>`revision.state = 'waiting'`);
  }

  pendingRevisions(): Promise<RevisionRow[]> {
    return this.#revisionsWhere(sql<boolean>`revision.state in ('requested', 'waiting')`);
  }

  async #revisionsWhere(which: RawBuilder<boolean>): Promise<RevisionRow[]> {
    const { db } = this.#database;
    const rows = await db.selectFrom('order_revisions as revision').selectAll().where(which).execute();
    const approvals = await db
      .selectFrom('order_approvals as approval')
      .innerJoin('order_revisions as revision', (join) =>
        join
          .onRef('revision.order_number', '=', 'approval.order_number')
          .onRef('revision.revision', '=', 'approval.revision'),
      )
      .selectAll('approval')
      .where(which)
      .execute();
    return withApprovals(rows, approvals);
  }

  async exemptions(number: string, revision: number): Promise<ExemptionRow[]> {
    const rows = await this.#database.db
      .selectFrom('order_exemptions')
      .selectAll()
      .where('order_number', '=', number)
      .where('revision', '=', revision)
      .execute();
    return rows.map(exemptionRow);
  }

  async exemptionsOf(devices: readonly DeviceId[]): Promise<(ExemptionRow & { order: string; revision: number })[]> {
    const rows = await this.#selectExemptions(devices);
    return rows.map((row) => ({ ...exemptionRow(row), order: row.order_number, revision: row.revision }));
  }
}

const exemptionsIn = (db: Db) =>
  keyedQuery(db, (devices) => db.selectFrom('order_exemptions').selectAll().where('device_id', 'in', devices));
