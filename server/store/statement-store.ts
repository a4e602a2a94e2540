import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { StatementStore as ExpiryPort } from '../devices/ports.ts';
import type {
  StatementStore as Port,
  StatedDevice,
  StoredLocationChange,
} from '../orders/impact/location-statements.ts';
import { areaOf } from './area-column.ts';
import { markFacts } from './changed-facts.ts';
import type { Database } from './database.ts';
import { statementColumns, statementSchema } from './device-store.ts';
import { locationChanges } from './location-records.ts';

export class StatementStore implements Port, ExpiryPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  locationChanges(order: string, limit: number): Promise<StoredLocationChange[]> {
    return locationChanges(this.#database, order, limit);
  }

  async stated(now: number, limit: number): Promise<StatedDevice[]> {
    const rows = await this.#database.db
      .selectFrom('devices')
      .innerJoin('groups', 'groups.id', 'devices.group_id')
      .select(['devices.id', 'devices.home', 'devices.statement', 'groups.home as group_home'])
      .where('devices.statement_until', '>', now)
      .where('devices.status', '=', 'active')
      .orderBy('devices.statement_until', 'desc')
      .orderBy('devices.id')
      .limit(limit)
      .execute();
    return rows.flatMap(({ id, home, statement, group_home }) => {
      if (statement === null) return [];
      const { by = null, confirmedBy = null, ...rest } = statementSchema.parse(JSON.parse(statement));
      const ownHome = areaOf(home) ?? areaOf(group_home);
      return [{ device: deviceIdSchema.parse(id), ownHome, statement: { ...rest, by, confirmedBy } }];
    });
  }

  async nextExpiry(): Promise<number | null> {
    const { at } = await this.#database.db
      .selectFrom('devices')
      .select(({ fn }) => fn.min('statement_until').as('at'))
      .executeTakeFirstOrThrow();
    return at === null ? null : Number(at);
  }

  async expireStatements(now: number): Promise<DeviceId[]> {
    const expired = await this.#database.transaction(async (tx) => {
      const rows = await tx
        .updateTable('devices')
        .set({ stated_home: null })
        .where('statement_until', '<=', now)
        .returning('id')
        .execute();
      await markFacts(
        tx,
        rows.map(({ id }) => id),
        'device',
      );
      return rows;
    });
    return expired.map(({ id }) => deviceIdSchema.parse(id));
  }

  async forgetStatements(now: number): Promise<void> {
    await this.#database.db
      .updateTable('devices')
      .set(statementColumns(null))
      .where('statement_until', '<=', now)
      .execute();
  }
}
