/**
 * Totals for the metrics endpoint, such as the number of connected devices. They identify no device or person. Each total needs only one
 * pass over an index or a narrow table, so that frequent requests cost little.
 */
import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface InstallationFigures {
  /** Numbers of devices by state: `connected`, `offline`, `revoked`, `unenrolled`, … */
  readonly devices: Readonly<Record<string, number>>;
  readonly alerts: Readonly<Record<string, number>>;
  readonly queuedCommands: number;
  readonly unsequenced: number;
  /** Expiry of the newest revocation list in Unix milliseconds; null before the first list. */
  readonly crlExpiresAt: number | null;
}

export class MetricsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async figures(): Promise<InstallationFigures> {
    const { db } = this.#database;
    const [devices, alerts, commands, entries, crl] = await Promise.all([
      sql<{ state: string; count: number }>`
        select case when devices.status <> 'active' then devices.status
            when device_presence.connected = 1 then 'connected' else 'offline' end as state, count(*) as count
        from devices left join device_presence on device_presence.device_id = devices.id
        group by 1`.execute(db),
      sql<{ code: string; count: number }>`select code, count(*) as count from alerts group by code`.execute(db),
      sql<{ count: number }>`
        select count(*) + (select coalesce(sum(waiting), 0) from jobs where ended_at is null) as count
        from commands where state in ('queued', 'stored')`.execute(db),
      sql<{ count: number }>`select count(*) as count from ledger_entries where entry_index is null`.execute(db),
      sql<{ end: number | null }>`select max(next_update) as "end" from crls`.execute(db),
    ]);
    return {
      devices: Object.fromEntries(devices.rows.map(({ state, count }) => [state, count])),
      alerts: Object.fromEntries(alerts.rows.map(({ code, count }) => [code, count])),
      queuedCommands: Number(commands.rows[0]?.count ?? 0),
      unsequenced: entries.rows[0]?.count ?? 0,
      crlExpiresAt: crl.rows[0]?.end ?? null,
    };
  }
}
