/**
 * Ledger: an append-only log with which auditors can verify the operator's actions. Stores commit each entry together with the change that
 * it describes. The sequencer gives entries consecutive indexes in the order of their ids, and signs a checkpoint over each new tree, in
 * one transaction. The sequencer can neither add nor omit an entry.
 */
import { CordonError } from '../../shared/errors.ts';
import { originOf } from '../../shared/ledger/checkpoint.ts';
import { ed25519FromSpki, type NoteSigner, signCheckpoint, verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createLedgerProofs, type EntryStore, type LedgerProofs, type StoredCheckpoint } from './ledger-proofs.ts';

export type { ProvedContinuation, StoredCheckpoint } from './ledger-proofs.ts';

export interface LedgerStore extends EntryStore {
  /** True if a committed ledger entry has no index yet. */
  waiting(): Promise<boolean>;
  /**
   * Gives indexes to at most `limit` waiting entries. Stores the hashes of the new subtrees and the checkpoint from `sign` in the same
   * transaction. Also signs a checkpoint if the present size has none. Returns the number of new entries.
   */
  extend(limit: number, at: number, sign: (size: number, root: Buffer) => string): Promise<number>;
  newest(): Promise<StoredCheckpoint | null>;
}

/** The ledger's own Ed25519 key. */
export interface LedgerKey {
  /** Public key: SPKI DER, base64. */
  readonly publicKey: string;
  sign(message: Buffer): Buffer;
}

/** Continuations of the ledger that approvers signed (ADR 39). */
export interface LedgerHistory {
  /** The present name of the log. */
  origin(): string;
  /** Adopted continuations, oldest first. */
  adopted(): readonly Envelope[];
}

export interface LedgerLog {
  error(fields: Record<string, unknown>, message: string): void;
}

export interface Ledger extends LedgerProofs {
  /** Sequences all waiting ledger entries. Resolves when the result is durable. Overlapping calls share one run. */
  sequence(): Promise<void>;
  /** Sequences ledger entries now, and then at an interval. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Newest checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** Verifier key of the newest checkpoints, as `name+id+base64`. A continuation of the ledger changes the name and keeps the key. */
  readonly verifierKey: string;
  /** Verifier key under the name of the first log. Auditors store it together with the public root. */
  readonly firstVerifierKey: string;
  /** Reason why no tree is signed after a restore; null while the ledger works normally. */
  resting(): string | null;
  /** Adopted continuations, oldest first. */
  continuations(): readonly Envelope[];
  /** Reason why sequencing currently fails; null if it works. */
  failure(): string | null;
}

/** SQLite blocks other writers while entries are sequenced, so many waiting entries are sequenced in parts. */
const ENTRIES_AT_ONCE = 1000;
/** Longest real time in milliseconds until a committed ledger entry gets a checkpoint. */
const DEFAULT_INTERVAL = 500;

export function createLedger(ports: {
  readonly store: LedgerStore;
  readonly key: LedgerKey;
  readonly installation: string;
  /** Continuations after a loss of ledger entries. Default: none. */
  readonly history?: LedgerHistory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: LedgerLog;
  readonly interval?: number;
  /** Reason why no tree may be signed after a restore; null if there is none. Entries wait meanwhile and are not lost. */
  readonly suspended?: () => string | null;
}): Ledger {
  const { store, clock, log, bus } = ports;
  const first: NoteSigner = {
    name: originOf(ports.installation),
    publicKey: ed25519FromSpki(Buffer.from(ports.key.publicKey, 'base64')),
    sign: (message) => ports.key.sign(Buffer.from(message)),
  };
  const signer = (): NoteSigner => (ports.history ? { ...first, name: ports.history.origin() } : first);
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let failure: string | null = null;

  async function takeAll(): Promise<void> {
    let count: number;
    do {
      count = await store.extend(ENTRIES_AT_ONCE, clock.now(), (size, root) =>
        signCheckpoint({ size, root }, signer()),
      );
      if (count > 0) bus.publish({ kind: 'ledger' });
    } while (count === ENTRIES_AT_ONCE);
  }

  async function sequence(): Promise<void> {
    if (ports.suspended?.()) return;
    // A run may miss an entry that is committed after the run began. A caller during a run therefore starts another run.
    if (running) await running.catch(() => undefined);
    running ??= takeAll().finally(() => {
      running = null;
    });
    await running;
  }

  async function tick(): Promise<void> {
    try {
      if (await store.waiting()) await sequence();
      failure = null;
    } catch (error) {
      // Ledger entries remain committed and keep their order. They get their index when the store accepts writes again.
      const why = error instanceof Error ? error.message : String(error);
      if (failure === null) log.error({ err: error }, 'the ledger cannot sequence entries; the next run tries again');
      failure = why;
    }
  }

  async function newest(): Promise<StoredCheckpoint> {
    const stored = await store.newest();
    if (!stored)
      throw new CordonError('ledger_unavailable', 'The ledger has signed no checkpoint yet. Try again shortly.');
    return stored;
  }

  return {
    sequence,
    async start() {
      await sequence();
      const next = () => {
        timer = setTimeout(async () => {
          await tick();
          if (timer) next();
        }, ports.interval ?? DEFAULT_INTERVAL);
        timer.unref();
      };
      next();
    },
    async stop() {
      if (timer) clearTimeout(timer);
      timer = null;
      await running?.catch(() => undefined);
    },
    checkpoint: async () => (await newest()).note,
    get verifierKey() {
      return verifierKey(signer());
    },
    firstVerifierKey: verifierKey(first),
    ...createLedgerProofs(store, newest, () => ports.history?.adopted() ?? []),
    resting: () => ports.suspended?.() ?? null,
    continuations: () => ports.history?.adopted() ?? [],
    failure: () => failure,
  };
}
