import { GRAVE_ALERTS } from '../../shared/api/alert-severity.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Alert, AlertQuery, NewAlert, AlertStore as Port } from '../devices/ports.ts';
import type { Scope } from '../devices/scope.ts';
import { storeAlerts } from './alert-rows.ts';
import type { Database } from './database.ts';
import { withinScope } from './device-scope.ts';

export class AlertStore implements Port {
  readonly #database: Database;
  readonly #raise: (row: NewAlert) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#raise = database.grouped(storeAlerts);
  }

  raise(alert: NewAlert): Promise<void> {
    return this.#raise(alert);
  }

  async alerts(query: AlertQuery): Promise<Alert[]> {
    const { scope, device, about, acknowledged, since, before, grave, limit } = query;
    const rows = await this.#database.db
      .selectFrom('alerts')
      .leftJoin('accounts', 'accounts.id', 'alerts.acknowledged_by')
      .selectAll('alerts')
      .select('accounts.name as by')
      .$if(device !== null, (all) => all.where('device_id', '=', device))
      .$if(about !== null, (all) => all.where('device_id', about === 'installation' ? 'is' : 'is not', null))
      .$if(acknowledged !== null, (all) => all.where('acknowledged_at', acknowledged ? 'is not' : 'is', null))
      .$if(grave, (all) => all.where('code', 'in', [...GRAVE_ALERTS]))
      .$if(since !== null, (all) => all.where('alerts.at', '>=', since ?? 0))
      .$if(before !== null, (all) => all.where('alerts.id', '<', before ?? 0))
      .$if(scope !== null, (all) =>
        all.where('device_id', 'in', (eb) => eb.selectFrom('devices').select('devices.id').where(withinScope(scope))),
      )
      .orderBy('alerts.id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ id, at, first_at, count, device_id, code, detail, acknowledged_at, by }) => ({
      id,
      at,
      firstAt: first_at,
      count: Number(count),
      isGrave: GRAVE_ALERTS.has(code),
      device: device_id === null ? null : deviceIdSchema.parse(device_id),
      code,
      detail,
      acknowledged: acknowledged_at === null ? null : { at: acknowledged_at, by: by ?? '' },
    }));
  }

  async acknowledge(id: number, scope: Scope, by: string, at: number): Promise<boolean> {
    return await this.#database.transaction(async (tx) => {
      const found = await tx
        .selectFrom('alerts')
        .select('acknowledged_at')
        .where('id', '=', id)
        .$if(scope !== null, (all) =>
          all.where('device_id', 'in', (eb) => eb.selectFrom('devices').select('devices.id').where(withinScope(scope))),
        )
        .executeTakeFirst();
      if (!found) return false;
      await tx
        .updateTable('alerts')
        .set({ acknowledged_at: at, acknowledged_by: by })
        .where('id', '=', id)
        .where('acknowledged_at', 'is', null)
        .execute();
      return true;
    });
  }
}
