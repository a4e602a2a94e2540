/**
 * Alarms, one row for each device and code a day: a repetition counts, and takes the detail of the newest. A row that is repeated gets a new id, so
 * that it is among the newest again. A grave alarm with another detail has a row of its own, because each may be about another forged document.
 * The number of rows that one device can make is bounded.
 */
import { sql } from 'kysely';
import { GRAVE_ALARMS } from '../../shared/api/alarm-severity.ts';
import type { NewAlarm } from '../devices/ports.ts';
import { tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

const DAY = 86_400_000;
/** Codes that one device may raise a day, beside the grave ones. A device invents codes as it likes. */
export const MOST_CODES = 40;
/** Counts the alarms beyond that. */
export const OTHER_ALARMS = 'other_alarms';
const LONGEST_DETAIL = 1_000;
/** Grave alarms with different details that one device may raise a day. Further ones count in one row for each code. */
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
  /** The row that this one replaces. */
  id: number | null;
}

export async function storeAlarms(tx: Tx, alarms: readonly NewAlarm[]): Promise<void> {
  const devices = new Set(alarms.map(({ device }) => device));
  const newest = alarms.reduce((latest, { at }) => Math.max(latest, at), 0);
  const byDevice = new Map<string | null, Map<string, Merged>>([...devices].map((device) => [device, new Map()]));
  for (const { id, at, first_at, count, device_id, code, detail } of await recent(tx, devices, newest)) {
    byDevice
      .get(device_id)
      ?.set(keyOf(code, detail), { id, device: device_id, code, firstAt: first_at, at, count, detail });
  }
  const changed = new Set<Merged>();
  for (const { at, device, code, detail } of alarms) {
    const known = byDevice.get(device);
    if (!known) continue;
    const { as, words } = entryFor({ known, device, code, detail });
    const key = keyOf(as, words);
    const before = known.get(key);
    const merged = before ?? { device, code: as, firstAt: at, at, count: 0, detail: words, id: null };
    merged.count += 1;
    merged.detail = at >= merged.at ? words : merged.detail;
    merged.at = Math.max(merged.at, at);
    known.set(key, merged);
    changed.add(merged);
  }
  const replaced = [...changed].flatMap(({ id }) => id ?? []);
  if (replaced.length > 0) await tx.deleteFrom('alarms').where('id', 'in', replaced).execute();
  await tx
    .insertInto('alarms')
    .values(
      [...changed].map(({ device, code, detail, at, firstAt, count }) => ({
        ...{ at, device_id: device, code, detail },
        ...{ first_at: firstAt, count },
      })),
    )
    .execute();
}

/** The entries of one device, by `keyOf`. */
type Known = ReadonlyMap<string, Pick<Merged, 'code'>>;

/** Alarms with the same key are one entry. */
function keyOf(code: string, detail: string): string {
  if (!GRAVE_ALARMS.has(code)) return code;
  return `${code} ${detail.startsWith(NEWEST_OF_SEVERAL) ? NEWEST_OF_SEVERAL : detail}`;
}

/** The code and the words under which an alarm counts, so that no device makes more entries than the limits allow. */
function entryFor(alarm: { readonly known: Known; readonly device: string | null; code: string; detail: string }) {
  const { known, device, code, detail } = alarm;
  if (known.has(keyOf(code, detail))) return { as: code, words: detail };
  if (GRAVE_ALARMS.has(code)) {
    const isFull = entriesIn(known, true) >= MOST_GRAVE;
    return { as: code, words: isFull ? `${NEWEST_OF_SEVERAL}${detail}`.slice(0, LONGEST_DETAIL) : detail };
  }
  if (device === null || entriesIn(known, false) < MOST_CODES) return { as: code, words: detail };
  return { as: OTHER_ALARMS, words: `${code}: ${detail}`.slice(0, LONGEST_DETAIL) };
}

const entriesIn = (known: Known, grave: boolean): number =>
  [...known.values()].filter(({ code }) => GRAVE_ALARMS.has(code) === grave).length;

/** Those that a repetition now would count in. */
async function recent(tx: Tx, devices: ReadonlySet<string | null>, now: number): Promise<readonly Row[]> {
  const asked = tableOf(
    ['text'],
    [...devices].map((device) => [device]),
  );
  const { rows } = await sql<Row>`
    select a.id, a.at, a.first_at, a.count, a.device_id, a.code, a.detail from ${asked} as v cross join alarms a
    where a.device_id = v.column1 and a.first_at > ${now - DAY}`.execute(tx);
  if (!devices.has(null)) return rows;
  const { rows: own } = await sql<Row>`
    select id, at, first_at, count, device_id, code, detail from alarms
    where device_id is null and first_at > ${now - DAY}`.execute(tx);
  return [...rows, ...own];
}
