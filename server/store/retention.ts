import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../../shared/time/clock.ts';
import type { Database } from './database.ts';
import { deleteRetired } from './deleted-devices.ts';
import { ACTIVITY_DAYS, type RetentionPeriod, retentionPeriods } from './retention-periods.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Maximum number of rows that one statement deletes. Other writes run between two statements. */
const SLICE = 500;

export async function removeExpired(
  database: Database,
  now: { readonly domain: number; readonly real: number },
  evidenceDays: number,
  activityDays = ACTIVITY_DAYS,
): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  for (const period of retentionPeriods(evidenceDays, activityDays)) {
    const expired = isExpired(period, now);
    const [table, key] = [sql.table(period.table), sql.raw(period.key)];
    let count = 0;
    for (let deleted = SLICE; deleted === SLICE; ) {
      const slice = sql`delete from ${table} where (${key}) in (select ${key} from ${table} where ${expired} limit ${SLICE})`;
      deleted = await database.transaction(async (tx) => Number((await slice.execute(tx)).numAffectedRows ?? 0));
      count += deleted;
    }
    removed[period.table] = count;
  }
  return removed;
}

function isExpired(
  {
    table,
    key,
    days = 0,
    newest,
    since = '',
    parent,
    time = 'real',
    underLegalHold = sql<boolean>`false`,
  }: RetentionPeriod,
  now: { readonly domain: number; readonly real: number },
): RawBuilder<unknown> {
  if (parent) {
    // The few expired parent rows are found by an index, so that the statement need not read all rows.
    const expired = sql`select ${sql.ref(parent.key)} from ${sql.table(parent.table)} where ${sql.ref(since)} < ${now[time] - days * DAY}`;
    return sql`${sql.ref(parent.column)} in (${expired}) and not ${underLegalHold}`;
  }
  if (newest === undefined) return sql`${sql.raw(since)} < ${now[time] - days * DAY} and not ${underLegalHold}`;
  return sql`${sql.ref(key)} <= (select max(${sql.ref(key)}) from ${sql.table(table)}) - ${newest}`;
}

/**
 * Removes expired records and retired devices every hour, and then calls `afterward`, which removes data that only these records needed. Returns a function
 * that stops the schedule and resolves after the run in progress.
 */
export function startRetention(
  database: Database,
  clock: Clock,
  { evidenceDays, activityDays }: { readonly evidenceDays: number; readonly activityDays: number },
  afterward: (now: number) => Promise<unknown>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const run = () => {
    const now = { domain: clock.now(), real: Date.now() };
    running = removeExpired(database, now, evidenceDays, activityDays)
      .then(() => deleteRetired(database, now))
      .then(() => afterward(now.domain))
      .catch(failed);
  };
  const timer = setInterval(run, HOUR).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
