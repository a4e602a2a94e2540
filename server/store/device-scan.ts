/**
 * Lists of devices that no index supports: searches, conditions on facts, and lists sorted by a fact. The scan reads a few thousand devices
 * per step and yields between steps, so that other requests wait only milliseconds. The result is a sorted list of ids, which serves
 * the other pages of the same list for some seconds (ADR 73).
 */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceExport, DeviceQuery } from '../devices/ports.ts';
import type { Database } from './database.ts';
import { type PageOfIds, selected, sortOf } from './device-list.ts';
import { deviceRanges, inRange } from './device-range.ts';
import { SOFTWARE_NUMBER, softwareTest } from './software-condition.ts';

/** Number of devices in one step, which takes SQLite about 10 ms. */
const STEP = 2_000;
/** Milliseconds for which the server reuses a finished list for its other pages. */
const KEPT_FOR = 3_000;
const MOST_LISTS = 8;
/** Maximum number of scans that wait for their turn. One scan runs at a time. */
const MOST_WAITING = 32;

interface Place {
  readonly id: string;
  readonly value: string | number | null;
}

interface Scanned {
  readonly places: readonly Place[];
  readonly steps: number;
}

interface StoredList {
  readonly scanned: Promise<Scanned>;
  /** Time of the end of the scan; null while it runs. */
  doneAt: number | null;
}

export class DeviceScans {
  readonly #database: Database;
  readonly #lists = new Map<string, StoredList>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async page(query: DeviceQuery): Promise<PageOfIds> {
    const places = await this.#places(query);
    const { after, offset, limit } = query;
    const first = after === null ? offset : firstBeyond(places, after, query.descending) + offset;
    return { ids: places.slice(first, first + limit).map(({ id }) => id), total: places.length };
  }

  async ids(query: DeviceExport): Promise<readonly string[]> {
    return (await this.#places(query)).map(({ id }) => id);
  }

  /** Ids in their present state, for an action. An earlier result is not reused. */
  async presentIds(query: DeviceExport): Promise<readonly string[]> {
    const { places } = await this.#inTurn(() => scan(this.#database, query));
    return places.map(({ id }) => id);
  }

  async #places(query: DeviceExport): Promise<readonly Place[]> {
    return (await this.#scanned(query)).places;
  }

  #scanned(query: DeviceExport): Promise<Scanned> {
    const { filter, scope, sort, descending, addresses = 'none' } = query;
    const key = JSON.stringify([filter, scope, sort, descending, addresses]);
    const known = this.#lists.get(key);
    if (known && (known.doneAt === null || performance.now() - known.doneAt < KEPT_FOR)) return known.scanned;
    const list: StoredList = { scanned: this.#inTurn(() => scan(this.#database, query)), doneAt: null };
    this.#lists.delete(key);
    this.#lists.set(key, list);
    for (const oldest of this.#lists.keys()) if (this.#lists.size > MOST_LISTS) this.#lists.delete(oldest);
    list.scanned.then(
      ({ steps }) => {
        list.doneAt = performance.now();
        // The list of a small fleet is never reused, because a new scan is fast and shows the present state.
        if (steps === 1 && this.#lists.get(key) === list) this.#lists.delete(key);
      },
      () => this.#lists.get(key) === list && this.#lists.delete(key),
    );
    return list.scanned;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MOST_WAITING) {
      throw new CordonError('unavailable', 'The server evaluates too many lists of devices. Try again in a moment.', {
        retryAfter: 2,
      });
    }
    this.#waiting += 1;
    const before = this.#last;
    const result = before.then(work, work);
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
    }
  }
}

async function scan(database: Database, query: DeviceExport): Promise<Scanned> {
  const { db, dialect } = database;
  const test = await softwareTest(database, query.filter.where);
  const number = test === null ? sql`null` : SOFTWARE_NUMBER;
  const compare = comparison(query.descending);
  const runs: Place[][] = [];
  let steps = 0;
  for await (const range of deviceRanges(database, STEP)) {
    steps += 1;
    const { from, by } = sortOf(query.sort, range);
    const { rows: found } = await sql<Place & { number: number | null }>`
      select devices.id, ${by} as value, ${number} as number from ${from}
      where ${inRange(range, sql`devices.id`)} and ${selected(dialect, query, range)}`.execute(db);
    const rows = test === null ? found : found.filter((row) => test(row.number));
    if (rows.length > 0) runs.push(rows.sort(compare));
  }
  return { places: await merged(runs, compare), steps };
}

type Compare = (a: Place, b: Place) => number;

/** In ascending order, unknown values come first. */
function comparison(descending: boolean): Compare {
  const sign = descending ? -1 : 1;
  return (a, b) => sign * (compareValues(a.value, b.value) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function compareValues(a: Place['value'], b: Place['value']): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** Merges sorted lists, and pauses after each merge. Sorting 100,000 entries at once would delay other requests for too long. */
async function merged(runs: Place[][], compare: Compare): Promise<readonly Place[]> {
  let rest = runs;
  while (rest.length > 1) {
    const next: Place[][] = [];
    for (let index = 0; index < rest.length; index += 2) {
      const [first = [], second = []] = rest.slice(index, index + 2);
      next.push(second.length === 0 ? first : mergeTwo(first, second, compare));
      if (first.length > STEP) await turn();
    }
    rest = next;
  }
  return rest[0] ?? [];
}

function mergeTwo(first: readonly Place[], second: readonly Place[], compare: Compare): Place[] {
  const all: Place[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [first[i], second[j]];
    if (!a || !b) return all.concat(a ? first.slice(i) : second.slice(j));
    if (compare(a, b) <= 0) {
      all.push(a);
      i += 1;
    } else {
      all.push(b);
      j += 1;
    }
  }
}

/** Index of the first place after the given one in the order of the list. */
function firstBeyond(places: readonly Place[], after: Place, descending: boolean): number {
  const compare = comparison(descending);
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const place = places[middle];
    if (place && compare(place, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
