/**
 * Answers live queries of admins. The agent answers only if the user has been told that it does (section `queries` of the inventory). It
 * stores each query before it reads anything, so that the user can see it with `cordon-agent privacy`.
 */

import { cleanText } from '../../../shared/inventory/software.ts';
import {
  type Answer,
  type AnswerRow,
  type Cell,
  describeQuery,
  LARGEST_ANSWER,
  type LiveQuery,
  LONGEST_CELL,
  MOST_ROWS,
} from '../../../shared/live-query/live-query.ts';
import type { DeviceFrame, ServerFrame } from '../../../shared/protocol/frames.ts';
import { type CollectionSettings, reportedSections } from '../../inventory/collection-settings.ts';

export interface Found {
  readonly rows: readonly AnswerRow[];
  /** True if the reader stopped before it had read everything. */
  readonly truncated?: boolean;
  /** Note for the admin about data that the agent could not read. */
  readonly note?: string;
}

/** Reads the answer from the machine. Null: the agent cannot read it on this system. Stops soon after `signal` is aborted. */
export type ReadLiveQuery = (query: LiveQuery, signal: AbortSignal) => Promise<Found | null>;

/** Live query that the device has received. */
export interface ReceivedQuery {
  /** Time at which the device received the query, by the machine's clock. */
  readonly at: number;
  /** Sentence of `describeQuery`. */
  readonly asked: string;
  readonly answered: boolean;
}

export interface QueryStore {
  collectionSettings(): CollectionSettings | null;
  /** Newest first. */
  receivedQueries(): readonly ReceivedQuery[];
  addReceivedQuery(query: ReceivedQuery): void;
}

export interface QueryWorkPorts {
  readonly store: QueryStore;
  readonly read: ReadLiveQuery | undefined;
  readonly send: (frame: DeviceFrame) => unknown;
  readonly onFailure: (error: unknown) => void;
}

export interface QueryWork {
  receive(frame: Extract<ServerFrame, { kind: 'query' }>): void;
}

/** Maximum number of queries that the device answers at the same time. */
const MOST_AT_ONCE = 4;
/** Milliseconds before the deadline at which the device stops reading, so that its answer arrives in time. */
const RESERVE = 1_500;

const without = (outcome: Answer['outcome'], detail = ''): Answer => ({ outcome, detail, rows: [], truncated: false });

export function createQueryWork({ store, read, send, onFailure }: QueryWorkPorts): QueryWork {
  let running = 0;

  async function answer(query: LiveQuery, seconds: number): Promise<Answer> {
    const settings = store.collectionSettings();
    const answers = settings !== null && reportedSections(settings).has('queries');
    store.addReceivedQuery({ at: Date.now(), asked: describeQuery(query), answered: answers });
    if (!answers) return without(settings?.off.includes('queries') ? 'off' : 'not-displayed');
    if (!read) return without('unsupported');
    const found = await read(query, AbortSignal.timeout(seconds * 1000 - RESERVE));
    return found ? boundedAnswer(found) : without('unsupported');
  }

  async function respond({ id, query, seconds }: Extract<ServerFrame, { kind: 'query' }>): Promise<void> {
    if (running >= MOST_AT_ONCE) return void send({ kind: 'answer', id, answer: without('busy') });
    running += 1;
    try {
      const given = await answer(query, seconds).catch((error: unknown) => {
        onFailure(error);
        return without('failed', cleanText(error instanceof Error ? error.message : String(error), 500));
      });
      send({ kind: 'answer', id, answer: given });
    } finally {
      running -= 1;
    }
  }

  return { receive: (frame) => void respond(frame).catch(onFailure) };
}

/** Shortens an answer to the limits of the protocol. The first rows are kept. */
export function boundedAnswer({ rows, truncated = false, note = '' }: Found): Answer {
  const kept: AnswerRow[] = [];
  let size = 2;
  for (const row of rows) {
    const clean = row.map(cleanCell);
    size += Buffer.byteLength(JSON.stringify(clean)) + 1;
    if (size > LARGEST_ANSWER || kept.length >= MOST_ROWS) break;
    kept.push(clean);
  }
  return { outcome: 'answered', detail: note, rows: kept, truncated: truncated || kept.length < rows.length };
}

function cleanCell(cell: Cell): Cell {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null;
  return cell === null ? null : cleanText(cell, LONGEST_CELL);
}
