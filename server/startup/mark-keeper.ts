/**
 * Keeps the high-water mark at the height of the store while the server runs (ADR 84). The mark is written after the commit that it covers,
 * so a crash never leaves a mark ahead of the store. A document is published only after a mark covers it.
 */
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { type StoreHeights, writeMark } from './high-water-mark.ts';

/** Milliseconds between two checks whether the store has changed. */
const INTERVAL = 1_000;
/**
 * Number of marks after a write to the store. The first one may precede the commit of the transaction, so a second one follows.
 */
const MARKS_AFTER_WRITE = 2;

export interface HeightsStore {
  heights(): Promise<StoreHeights>;
  saveCounter(counter: number): Promise<void>;
}

export interface MarkKeeper {
  /** Resolves when a durable mark has at least this version. Throws `unavailable` if the mark cannot be written. */
  cover(kind: 'list' | 'crl' | 'ledger', version: number): Promise<void>;
  /** Notes a write to the store. A mark follows within seconds. */
  noteWrite(): void;
  /** Reason why the last mark could not be written; null if it was written. */
  failure(): string | null;
  /** Writes the last mark and ends the work. */
  stop(): Promise<void>;
}

/** Writes the first mark. Rejects if that fails, so that a server never starts without one. */
export async function startMarkKeeper({
  store,
  paths,
  installation,
  online,
  now,
  log,
}: {
  readonly store: HeightsStore;
  readonly paths: readonly string[];
  readonly installation: string;
  readonly online: Pick<Signer, 'keyid' | 'sign'>;
  /** Time of the machine's clock, in Unix milliseconds. */
  readonly now: () => number;
  readonly log: { error(facts: object, message: string): void };
}): Promise<MarkKeeper> {
  let written: StoreHeights | null = null;
  let failure: string | null = null;
  let marksDue = 0;
  /** Number of writes to the store, without those of the counter itself. */
  let writes = 0;
  let notedWrites = 0;
  let { counter } = await store.heights();

  async function write(): Promise<void> {
    try {
      await store.saveCounter(counter + 1);
    } finally {
      writes -= 1;
    }
    counter += 1;
    const heights = await store.heights();
    await writeMark(paths, { installation, at: now(), heights }, online);
    written = heights;
    failure = null;
  }

  const loop = new Loop({
    run: write,
    failed: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      if (failure === null) {
        log.error({ err: error }, 'the high-water mark cannot be written; the server publishes nothing new');
      }
      failure = why;
      marksDue = MARKS_AFTER_WRITE;
    },
  });
  await loop.runOrThrow();
  const timer = setInterval(() => {
    if (writes !== notedWrites) marksDue = MARKS_AFTER_WRITE;
    notedWrites = writes;
    if (marksDue === 0) return;
    marksDue -= 1;
    loop.request();
  }, INTERVAL);
  timer.unref();

  const heightOf = (heights: StoreHeights, kind: 'list' | 'crl' | 'ledger') =>
    kind === 'ledger' ? heights.ledger.size : heights[kind];

  return {
    async cover(kind, version) {
      if (written && heightOf(written, kind) >= version) return;
      try {
        await loop.runOrThrow();
      } catch (error) {
        throw new CordonError(
          'unavailable',
          `The server cannot write its high-water mark to ${paths.join(' or ')}, so it publishes nothing new. Free some space on this disk, or correct the rights of the folder.`,
          {},
          error,
        );
      }
    },
    noteWrite: () => {
      writes += 1;
    },
    failure: () => failure,
    async stop() {
      clearInterval(timer);
      await loop.run();
      await loop.stop();
    },
  };
}
