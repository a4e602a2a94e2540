/** Counts of the whole installation for the metrics, each in one pass over an index or a narrow table. They name nobody. */
import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface InstallationFigures {
  /** By state: `connected`, `offline`, `revoked`, `unenrolled`, … */
  readonly devices: Readonly<Record<string, number>>;
  /** By code. */
  readonly alarms: Readonly<Record<string, number>>;
  readonly queuedCommands: number;
  /** Ledger entries without an index. */
  readonly unsequenced: number;
  /** Unix milliseconds; null before the first list. */
  readonly crlExpiresAt: number | null;
}

export class MetricsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async figures(): Promise<InstallationFigures> {
    const { db } = this.#database;
    const [devices, alarms, commands, leaves, crl] = await Promise.all([
      sql<{ state: string; count: number }>`
        select case when devices.status <> 'active' then devices.status
            when device_presence.connected = 1 then 'connected' else 'offline' end as state, count(*) as count
        from devices left join device_presence on device_presence.device_id = devices.id
        group by 1`.execute(db),
      sql<{ code: string; count: number }>`select code, count(*) as count from alarms group by code`.execute(db),
      sql<{ count: number }>`select count(*) as count from commands where state in ('queued', 'stored')`.execute(db),
      sql<{ count: number }>`select count(*) as count from ledger_leaves where leaf_index is null`.execute(db),
      sql<{ end: number | null }>`select max(next_update) as "end" from crls`.execute(db),
    ]);
    return {
      devices: Object.fromEntries(devices.rows.map(({ state, count }) => [state, count])),
      alarms: Object.fromEntries(alarms.rows.map(({ code, count }) => [code, count])),
      queuedCommands: commands.rows[0]?.count ?? 0,
      unsequenced: leaves.rows[0]?.count ?? 0,
      crlExpiresAt: crl.rows[0]?.end ?? null,
    };
  }
}
