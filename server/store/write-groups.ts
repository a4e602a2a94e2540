/**
 * Grouped writes. Each commit costs a disk sync regardless of its size, so all rows that arrive during one commit share the next. A row's
 * promise resolves only after its commit.
 */
import type { Transaction } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { Schema } from './schema.ts';

type Tx = Transaction<Schema>;

/** Number of waiting rows that starts a commit at once. Also the maximum rows in one call of `write`. */
const FULL = 512;

interface Waiting<Row> {
  readonly row: Row;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Rows that one writer adds to a transaction shared by several writers. The methods of `Batch` hide the type of the rows, so that one list
 * can contain the batches of all writers.
 */
interface Batch {
  readonly size: number;
  readonly relaxed: boolean;
  write(tx: Tx): Promise<void>;
  singly(): Batch[];
  resolve(): void;
  reject(error: unknown): void;
}

interface Writer<Row> extends Required<Pick<GroupOptions, 'relaxed'>> {
  write(tx: Tx, rows: readonly Row[]): Promise<void>;
}

function batchOf<Row>(writer: Writer<Row>, waiting: readonly Waiting<Row>[]): Batch {
  const rows = waiting.map(({ row }) => row);
  return {
    size: rows.length,
    relaxed: writer.relaxed,
    write: (tx) => writer.write(tx, rows),
    singly: () => waiting.map((one) => batchOf(writer, [one])),
    resolve: () => waiting.forEach((one) => void one.resolve()),
    reject: (error) => waiting.forEach((one) => void one.reject(error)),
  };
}

export interface GroupOptions {
  /** Maximum milliseconds for which a row waits for further rows. */
  readonly patience?: number;
  /**
   * True for rows that describe only connections (ADR 48). A commit that has no other rows need not be synced to disk: the end of this process
   * cannot undo it, and a power failure ends all connections anyway. A later synced commit also syncs the earlier ones.
   */
  readonly relaxed?: boolean;
  /**
   * True for rows that precede all other rows of a commit. Reports of a session need this: the start of the device's next session makes
   * later writes of the session invalid.
   */
  readonly first?: boolean;
}

export interface WriteGroups {
  /**
   * Creates a writer whose rows share a transaction with the rows of all other grouped writers.
   * - The promise resolves after the commit. The commit is on disk, unless all its rows are `relaxed`.
   * - A failed transaction is repeated row by row, so that only the invalid row fails. `write` may therefore run more than once for the
   *   same rows.
   */
  grouped<Row>(
    write: (tx: Tx, rows: readonly Row[]) => Promise<void>,
    options?: GroupOptions,
  ): (row: Row) => Promise<void>;
  drain(): Promise<void>;
}

export function createWriteGroups(
  transaction: (fn: (tx: Tx) => Promise<void>, options: { readonly sync: boolean }) => Promise<void>,
  insideTransaction: () => boolean,
): WriteGroups {
  /** Functions that take the waiting rows of each writer, in the order of a commit. */
  const takers: (() => Batch[])[] = [];
  let firstTakers = 0;
  let waiting = 0;
  let next: { readonly at: number; readonly cancel: () => void } | null = null;
  let flushing: Promise<void> | null = null;
  let closed = false;

  async function commit(batches: readonly Batch[]): Promise<void> {
    try {
      const sync = batches.some(({ relaxed }) => !relaxed);
      await transaction(
        async (tx) => {
          for (const batch of batches) await batch.write(tx);
        },
        { sync },
      );
    } catch (error) {
      const rows = batches.flatMap((batch) => batch.singly());
      const unavailable = error instanceof CordonError && error.code === 'store_unavailable';
      if (unavailable || rows.length === 1) {
        for (const batch of batches) batch.reject(error);
        return;
      }
      for (const row of rows) await commit([row]);
      return;
    }
    for (const batch of batches) batch.resolve();
  }

  async function flush(): Promise<void> {
    while (waiting > 0) {
      waiting = 0;
      await commit(takers.flatMap((take) => take()));
    }
  }

  function start(): void {
    next?.cancel();
    next = null;
    flushing ??= flush().finally(() => {
      flushing = null;
      if (waiting > 0) start();
    });
  }

  function startWithin(patience: number): void {
    const at = patience === 0 ? 0 : performance.now() + patience;
    if (next && next.at <= at) return;
    next?.cancel();
    if (patience === 0) {
      const turn = setImmediate(start);
      next = { at, cancel: () => clearImmediate(turn) };
    } else {
      const timer = setTimeout(start, patience);
      next = { at, cancel: () => clearTimeout(timer) };
    }
  }

  function grouped<Row>(
    write: (tx: Tx, rows: readonly Row[]) => Promise<void>,
    { patience = 0, relaxed = false, first = false }: GroupOptions = {},
  ): (row: Row) => Promise<void> {
    let rows: Waiting<Row>[] = [];
    const writer = { write, relaxed };
    const take = () => {
      const batches: Batch[] = [];
      for (let from = 0; from < rows.length; from += FULL) batches.push(batchOf(writer, rows.slice(from, from + FULL)));
      rows = [];
      return batches;
    };
    takers.splice(first ? firstTakers : takers.length, 0, take);
    if (first) firstTakers += 1;
    return (row) =>
      new Promise<void>((resolve, reject) => {
        if (insideTransaction()) {
          reject(new Error('a grouped write inside a transaction would wait for itself: use its tx'));
          return;
        }
        if (closed) {
          reject(new CordonError('store_unavailable', 'The server is shutting down. Try again when it is available.'));
          return;
        }
        rows.push({ row, resolve, reject });
        waiting += 1;
        if (flushing) return;
        if (waiting >= FULL) start();
        else startWithin(patience);
      });
  }

  return {
    grouped,
    drain: async () => {
      closed = true;
      start();
      await flushing;
    },
  };
}
