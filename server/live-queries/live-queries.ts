/**
 * Live queries of admins to connected devices, and their answers. Both are only in the memory of this process, and for at most an hour,
 * because answers contain personal data, such as the programs that a person runs (ADR 66). Only the account that asked can read the
 * answers.
 */
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import {
  type Answer,
  type AnswerRow,
  answerRow,
  COLUMNS,
  LARGEST_ANSWER,
  type LiveQuery,
} from '../../shared/live-query/live-query.ts';
import { type DeviceId, newQueryId, type QueryId } from '../../shared/protocol/ids.ts';
import type { Bus } from '../bus/bus.ts';

/** Maximum number of devices that one live query may ask. */
export const MOST_ASKED = 1_000;
/** Milliseconds for which the server keeps a live query after its start. */
export const KEPT = 3_600_000;
/** Maximum number of live queries of one account whose deadline has not passed. */
const MOST_OPEN = 5;
const MOST_STORED = 64;
/** Maximum bytes of the answers to one live query, and of all answers together. */
const LARGEST_QUERY = 8 * 1024 * 1024;
const LARGEST_TOTAL = 32 * 1024 * 1024;

/**
 * State of a query on one device.
 * - waiting: the server waits for the answer.
 * - not-connected: the device was not connected.
 * - old-agent: the device's agent does not know live queries.
 * - no-answer: the device did not answer in time.
 * - dropped: the answers to this query had reached their maximum total size.
 * - all others: see `Answer`.
 */
export type DeviceState = 'waiting' | 'not-connected' | 'old-agent' | 'no-answer' | 'dropped' | Answer['outcome'];

export interface DeviceAnswer {
  readonly device: DeviceId;
  readonly state: DeviceState;
  readonly detail: string;
  readonly rows: readonly AnswerRow[];
  readonly truncated: boolean;
  readonly answeredAt: number | null;
}

export interface QueryRecord {
  readonly id: QueryId;
  readonly query: LiveQuery;
  readonly createdBy: string;
  readonly createdAt: number;
  /** Time until which devices may answer. */
  readonly deadline: number;
  /** Time at which the server deletes the query with its answers. */
  readonly deletedAt: number;
  readonly devices: number;
  /** Number of devices in each state. */
  readonly counts: Readonly<Partial<Record<DeviceState, number>>>;
}

/** Answer of a device. Its rows are stored as JSON text, which needs much less memory than objects. */
interface StoredAnswer extends Omit<DeviceAnswer, 'rows'> {
  readonly json: string;
}

interface Stored extends Omit<QueryRecord, 'counts' | 'devices'> {
  readonly seconds: number;
  /** Answers by device, in ascending order of the ids. */
  readonly answers: Map<DeviceId, StoredAnswer>;
  /** Enrollment number (`generation`) of each device that was asked and has not answered. */
  readonly asked: Map<DeviceId, number>;
  bytes: number;
}

export type LiveQueries = ReturnType<typeof createLiveQueries>;

export function createLiveQueries({
  bus,
  isOn,
  now = Date.now,
}: {
  readonly bus: Pick<Bus, 'publish'>;
  /** True unless the organization switched the section `queries` off. */
  readonly isOn: () => boolean;
  readonly now?: () => number;
}) {
  const stored = new Map<QueryId, Stored>();

  function removeOld(): void {
    for (const { id, deletedAt } of stored.values()) if (deletedAt <= now()) stored.delete(id);
  }

  /** Deletes the oldest queries until there is space for one more. */
  function makeRoom(): void {
    removeOld();
    const total = () => stored.values().reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { id } of stored.values()) {
      if (stored.size < MOST_STORED && total() + LARGEST_QUERY <= LARGEST_TOTAL) return;
      stored.delete(id);
    }
  }

  /** Asks the connected devices among `devices`. Throws `conflict` if the organization switched live queries off. */
  function ask(input: {
    readonly query: LiveQuery;
    readonly devices: readonly DeviceId[];
    readonly seconds: number;
    readonly by: string;
  }): QueryRecord {
    const devices = [...new Set(input.devices)].sort();
    requireAllowed(devices.length, input.by);
    makeRoom();
    const createdAt = now();
    const query: Stored = {
      id: newQueryId(),
      query: input.query,
      createdBy: input.by,
      createdAt,
      seconds: input.seconds,
      deadline: createdAt + input.seconds * 1000,
      deletedAt: createdAt + KEPT,
      answers: new Map(devices.map((device) => [device, noAnswer(device, 'waiting')])),
      asked: new Map(),
      bytes: 0,
    };
    stored.set(query.id, query);
    setTimeout(removeOld, KEPT + 1).unref();
    bus.publish({ kind: 'query', query: query.id });
    return recordOf(query, now());
  }

  function requireAllowed(devices: number, by: string): void {
    if (!isOn()) {
      const detail =
        'Your organization has switched live queries off. An owner can switch on the section “Live queries” on the page Software, tab Collection.';
      throw new CordonError('conflict', detail);
    }
    if (devices === 0) throw new CordonError('invalid_input', 'No active device is selected, so nothing was asked.');
    if (devices > MOST_ASKED) {
      const detail = `A live query can ask at most ${MOST_ASKED} devices, and ${devices} are selected. Narrow the selection.`;
      throw new CordonError('invalid_input', detail, { devices });
    }
    const open = stored.values().filter(({ createdBy, deadline }) => createdBy === by && deadline > now());
    if ([...open].length < MOST_OPEN) return;
    const detail = `${MOST_OPEN} of your live queries are still running. Wait until one of them has ended.`;
    throw new CordonError('rate_limited', detail);
  }

  function storedOf(id: QueryId, by: string): Stored {
    removeOld();
    const query = stored.get(id);
    if (query?.createdBy === by) return query;
    const detail =
      'There is no such live query, another account asked it, or the server has deleted its answers. Ask again.';
    throw new CordonError('not_found', detail, { id });
  }

  function settle(query: Stored, answer: StoredAnswer): void {
    query.asked.delete(answer.device);
    query.answers.set(answer.device, answer);
  }

  return {
    ask,
    get: (id: QueryId, by: string): QueryRecord => recordOf(storedOf(id, by), now()),
    /** Live queries of the account, newest first. */
    list(by: string): QueryRecord[] {
      removeOld();
      const own = [...stored.values()].filter(({ createdBy }) => createdBy === by);
      return own.reverse().map((query) => recordOf(query, now()));
    },
    /** Answers in ascending order of the device ids, from the first device after `after`. */
    answers(id: QueryId, by: string, after: DeviceId | null, limit: number): DeviceAnswer[] {
      const query = storedOf(id, by);
      const at = now();
      return [...query.answers.values()]
        .filter(({ device }) => after === null || device > after)
        .slice(0, limit)
        .map((answer) => viewOf(answer, query, at));
    },
    remove(id: QueryId, by: string): void {
      stored.delete(storedOf(id, by).id);
    },

    /** Query whose deadline has not passed, so that devices may still answer it; null otherwise. */
    open(id: QueryId): { query: LiveQuery; seconds: number; devices: DeviceId[] } | null {
      const query = stored.get(id);
      if (!query || query.deadline <= now()) return null;
      return { query: query.query, seconds: query.seconds, devices: [...query.answers.keys()] };
    },
    asked(id: QueryId, { device, generation }: { readonly device: DeviceId; readonly generation: number }): void {
      stored.get(id)?.asked.set(device, generation);
    },
    unreachable(id: QueryId, device: DeviceId, state: 'not-connected' | 'old-agent'): void {
      const query = stored.get(id);
      if (query?.answers.get(device)?.state === 'waiting') settle(query, noAnswer(device, state));
    },
    /** Stores the answer of a device. Ignores answers that no admin waits for: late, repeated, or of another enrollment. */
    async answer(
      id: QueryId,
      { device, generation }: { readonly device: DeviceId; readonly generation: number },
      answer: Answer,
    ): Promise<void> {
      const query = stored.get(id);
      const at = now();
      if (!query || query.deadline <= at || query.asked.get(device) !== generation) return;
      const { outcome, detail, rows, truncated } = answer;
      const json = rows.length === 0 ? NO_ROWS : JSON.stringify(rows);
      const refused = refusal(query, rows, Buffer.byteLength(json));
      if (refused) return settle(query, { ...noAnswer(device, refused.state), detail: refused.detail, answeredAt: at });
      query.bytes += Buffer.byteLength(json);
      settle(query, { device, state: outcome, detail, json, truncated, answeredAt: at });
    },
  };
}

function refusal(
  query: Stored,
  rows: readonly AnswerRow[],
  size: number,
): { readonly state: 'failed' | 'dropped'; readonly detail: string } | null {
  if (size > LARGEST_ANSWER || rows.some(({ length }) => length !== COLUMNS[query.query.kind].length)) {
    return { state: 'failed', detail: 'The device sent an answer that does not follow the protocol.' };
  }
  if (query.bytes + size <= LARGEST_QUERY) return null;
  return { state: 'dropped', detail: 'The answers of other devices have used the space for this query.' };
}

const NO_ROWS = '[]';

const noAnswer = (device: DeviceId, state: DeviceState): StoredAnswer => ({
  device,
  state,
  detail: '',
  json: NO_ROWS,
  truncated: false,
  answeredAt: null,
});

const viewOf = ({ json, ...answer }: StoredAnswer, query: Stored, now: number): DeviceAnswer => ({
  ...answer,
  state: stateAt(answer, query, now),
  rows: z.array(answerRow).parse(JSON.parse(json)),
});

const stateAt = ({ state }: Pick<DeviceAnswer, 'state'>, { deadline }: Stored, now: number): DeviceState =>
  state === 'waiting' && deadline <= now ? 'no-answer' : state;

function recordOf(stored: Stored, now: number): QueryRecord {
  const { id, query, createdBy, createdAt, deadline, deletedAt, answers } = stored;
  const counts: Partial<Record<DeviceState, number>> = {};
  for (const answer of answers.values()) {
    const state = stateAt(answer, stored, now);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return { id, query, createdBy, createdAt, deadline, deletedAt, devices: answers.size, counts };
}
