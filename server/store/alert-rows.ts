/**
 * Rows of alerts, one per device, code and day. A repeated alert increases the row's count, replaces its detail and gives it a new id, so
 * that lists show it first. A grave alert (one that may mean an attack) with a different detail gets its own row, because it may report a
 * different attack.
 */
import { sql } from 'kysely';
import { GRAVE_ALERTS } from '../../shared/api/alert-severity.ts';
import type { NewAlert } from '../devices/ports.ts';
import { insertEvents } from './activity-rows.ts';
import { tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

const DAY = 86_400_000;
/** Maximum number of different codes of ordinary alerts for one device in one day. The limit exists because a device can invent codes. */
export const MOST_CODES = 40;
/** Code under which further alerts of a device are stored, once it has alerts with `MOST_CODES` different codes on that day. */
export const OTHER_ALERTS = 'other_alerts';
const LONGEST_DETAIL = 1_000;
/** Maximum number of rows with grave alerts for one device in one day. */
const MOST_GRAVE = 30;
const NEWEST_OF_SEVERAL = 'Newest of several: ';

interface Row {
  readonly id: number;
  readonly at: number;
  readonly first_at: number;
  readonly count: number;
  readonly device_id: string | null;
  readonly code: string;
  readonly detail: string;
}

interface Merged {
  readonly device: string | null;
  readonly code: string;
  firstAt: number;
  at: number;
  count: number;
  detail: string;
  /** Id of the stored row to replace; null for a new row. */
  id: number | null;
}

export async function storeAlerts(tx: Tx, alerts: readonly NewAlert[]): Promise<void> {
  const devices = new Set(alerts.map(({ device }) => device));
  const newest = alerts.reduce((latest, { at }) => Math.max(latest, at), 0);
  const byDevice = new Map<string | null, Map<string, Merged>>([...devices].map((device) => [device, new Map()]));
  for (const { id, at, first_at, count, device_id, code, detail } of await recent(tx, devices, newest)) {
    byDevice
      .get(device_id)
      ?.set(keyOf(code, detail), { id, device: device_id, code, firstAt: first_at, at, count, detail });
  }
  const changed = new Set<Merged>();
  for (const { at, device, code, detail } of alerts) {
    const known = byDevice.get(device);
    if (!known) continue;
    const { as, words: storedDetail } = entryFor({ known, device, code, detail });
    const key = keyOf(as, storedDetail);
    const before = known.get(key);
    const merged = before ?? { device, code: as, firstAt: at, at, count: 0, detail: storedDetail, id: null };
    merged.count += 1;
    merged.detail = at >= merged.at ? storedDetail : merged.detail;
    merged.at = Math.max(merged.at, at);
    known.set(key, merged);
    changed.add(merged);
  }
  const replaced = [...changed].flatMap(({ id }) => id ?? []);
  if (replaced.length > 0) await tx.deleteFrom('alerts').where('id', 'in', replaced).execute();
  await tx
    .insertInto('alerts')
    .values(
      [...changed].map(({ device, code, detail, at, firstAt, count }) => ({
        at,
        device_id: device,
        code,
        detail,
        first_at: firstAt,
        count,
      })),
    )
    .execute();
  // A repeated alert is no new event in the activity log. The list of alerts has its count and newest time.
  const raised = [...changed].filter(({ id }) => id === null);
  await insertEvents(
    tx,
    raised.map(({ device, code, at }) => ({ device, at, action: `alert.${code}` })),
  );
}

type Known = ReadonlyMap<string, Pick<Merged, 'code'>>;

/**
 * Returns the key of an alert: its code, or the code and detail of a grave alert (one that may mean an attack). Alerts of one device with
 * the same key share one row.
 */
function keyOf(code: string, detail: string): string {
  if (!GRAVE_ALERTS.has(code)) return code;
  return `${code} ${detail.startsWith(NEWEST_OF_SEVERAL) ? NEWEST_OF_SEVERAL : detail}`;
}

/**
 * Returns the code and detail with which an alert is stored. The number of alert rows for one device in one day is limited. Beyond
 * `MOST_CODES` rows, ordinary alerts share one row with the code `other_alerts`. Beyond `MOST_GRAVE` rows, grave alerts (alerts that may
 * mean an attack) with the same code share one row. The detail of this row starts with `Newest of several`.
 */
function entryFor(alert: { readonly known: Known; readonly device: string | null; code: string; detail: string }) {
  const { known, device, code, detail } = alert;
  if (known.has(keyOf(code, detail))) return { as: code, words: detail };
  if (GRAVE_ALERTS.has(code)) {
    const isFull = entriesIn(known, true) >= MOST_GRAVE;
    return { as: code, words: isFull ? `${NEWEST_OF_SEVERAL}${detail}`.slice(0, LONGEST_DETAIL) : detail };
  }
  if (device === null || entriesIn(known, false) < MOST_CODES) return { as: code, words: detail };
  return { as: OTHER_ALERTS, words: `${code}: ${detail}`.slice(0, LONGEST_DETAIL) };
}

const entriesIn = (known: Known, grave: boolean): number =>
  [...known.values()].filter(({ code }) => GRAVE_ALERTS.has(code) === grave).length;

async function recent(tx: Tx, devices: ReadonlySet<string | null>, now: number): Promise<readonly Row[]> {
  const requested = tableOf(
    ['text'],
    [...devices].map((device) => [device]),
  );
  const { rows } = await sql<Row>`
    select a.id, a.at, a.first_at, a.count, a.device_id, a.code, a.detail from ${requested} as v cross join alerts a
    where a.device_id = v.column1 and a.first_at > ${now - DAY}`.execute(tx);
  if (!devices.has(null)) return rows;
  const { rows: own } = await sql<Row>`
    select id, at, first_at, count, device_id, code, detail from alerts
    where device_id is null and first_at > ${now - DAY}`.execute(tx);
  return [...rows, ...own];
}
