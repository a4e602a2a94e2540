/**
 * Ledger: an append-only log with which auditors can verify the operator's actions. Each store commits a ledger entry in the same
 * transaction as the change that the entry describes. Later, the sequencer numbers the entries in the order of their ids, and signs a
 * checkpoint over the new tree, in one transaction. The sequencer can neither add nor omit an entry.
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
  /** True if the store has a committed ledger entry without an index. */
  waiting(): Promise<boolean>;
  /**
   * Numbers at most `limit` waiting ledger entries. In the same transaction, stores the hashes of the new subtrees and the checkpoint that
   * `sign` returns. If the ledger has no checkpoint for its present size, signs one. Returns the number of newly numbered entries.
   */
  extend(limit: number, at: number, sign: (size: number, root: Buffer) => string): Promise<number>;
  newest(): Promise<StoredCheckpoint | null>;
}

/** The ledger's own Ed25519 key. */
export interface LedgerKey {
  /** Public key in base64 (DER encoding of SubjectPublicKeyInfo). */
  readonly publicKey: string;
  sign(message: Buffer): Buffer;
}

/** Continuations of the ledger: decisions, signed by approvers, by which a ledger that lost entries goes on under a new name (ADR 39). */
export interface LedgerHistory {
  /** Current name of the ledger. */
  origin(): string;
  /** Adopted continuations, oldest first. */
  adopted(): readonly Envelope[];
}

export interface LedgerLog {
  error(fields: Record<string, unknown>, message: string): void;
}

export interface Ledger extends LedgerProofs {
  /**
   * Numbers all waiting ledger entries and signs a checkpoint. Resolves when the checkpoint is durable. Overlapping calls share one run.
   */
  sequence(): Promise<void>;
  /** Runs `sequence` immediately, and then at regular intervals. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Newest checkpoint, as a signed note (C2SP signed-note). */
  checkpoint(): Promise<string>;
  /**
   * Verifier key for the newest checkpoints, in the form `name+id+base64`. A continuation of the ledger changes the name in it, but not the
   * key.
   */
  readonly verifierKey: string;
  /**
   * Verifier key under the ledger's first name. Auditors store it together with the public keys that they need to verify evidence packs.
   */
  readonly firstVerifierKey: string;
  /** Reason why the ledger signs no checkpoints after a restore; null if it works normally. */
  resting(): string | null;
  /** Adopted continuations, oldest first. */
  continuations(): readonly Envelope[];
  /** Reason why the last attempt to number entries failed; null if it succeeded. */
  failure(): string | null;
}

/** Maximum number of entries that are numbered in one transaction. SQLite blocks other writers during the transaction. */
const ENTRIES_AT_ONCE = 1000;
/** Maximum time in milliseconds (real time) between the commit of a ledger entry and its checkpoint. */
const DEFAULT_INTERVAL = 500;

export function createLedger(ports: {
  readonly store: LedgerStore;
  readonly key: LedgerKey;
  readonly installation: string;
  /** Continuations of the ledger after a loss of entries. If undefined, there are none. */
  readonly history?: LedgerHistory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: LedgerLog;
  readonly interval?: number;
  /** Reason why no checkpoint may be signed after a restore; null if there is none. Meanwhile, new entries wait and are not lost. */
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
    // A run may miss an entry that was committed after the run began. A call during a run therefore waits for it and starts another run.
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
      // No entry is lost: entries remain committed and keep their order. They are numbered when the store accepts writes again.
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
