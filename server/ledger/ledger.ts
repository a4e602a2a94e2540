/**
 * Ledger: an append-only log with which auditors can verify the operator's actions. The store commits a ledger entry in the same
 * transaction as the change that the entry describes. Later, the sequencer numbers the entries in the sequence of their ids and signs a
 * checkpoint over the new tree. The sequencer can neither add nor omit an entry.
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
  waiting(): Promise<boolean>;
  /**
   * Assigns index numbers to at most `limit` waiting ledger entries. In the same transaction, stores the new subtree hashes and the
   * checkpoint from `sign`. Signs a checkpoint also without waiting entries if the current ledger size has none. Returns the number of
   * entries that got an index number.
   */
  extend(limit: number, at: number, sign: (size: number, root: Buffer) => string): Promise<number>;
  newest(): Promise<StoredCheckpoint | null>;
}

export interface LedgerKey {
  /** Public key in base64 (DER encoding of SubjectPublicKeyInfo). */
  readonly publicKey: string;
  sign(message: Buffer): Buffer;
}

/** Continuations of the ledger: decisions, signed by approvers, that give a ledger a new name after a loss of entries (ADR 39). */
export interface LedgerHistory {
  origin(): string;
  adopted(): readonly Envelope[];
}

export interface LedgerLog {
  error(fields: Record<string, unknown>, message: string): void;
}

export interface PublishedLedger extends LedgerProofs {
  checkpoint(): Promise<string>;
  size(): Promise<number>;
  readonly verifierKey: string;
  continuations(): readonly Envelope[];
}

/** Cosignatures of witnesses on checkpoints. */
export interface Publication {
  withCosignatures(checkpoint: StoredCheckpoint): Promise<StoredCheckpoint>;
  published(newest: StoredCheckpoint): Promise<StoredCheckpoint>;
}

export interface Ledger extends LedgerProofs {
  /**
   * Numbers all waiting ledger entries and signs a checkpoint. Resolves when the checkpoint is durable. Overlapping calls share one run.
   */
  sequence(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Newest checkpoint, as a signed note (C2SP signed-note). */
  checkpoint(): Promise<string>;
  /**
   * Verifier key for the newest checkpoints, in the form `name+id+base64`. A continuation of the ledger changes the name in the verifier
   * key, but not the key itself.
   */
  readonly verifierKey: string;
  /**
   * Verifier key with the ledger's first name. After a loss of entries, the ledger gets a new name, but this key remains the same. Auditors
   * store this key together with the public keys that they need to verify evidence packs.
   */
  readonly firstVerifierKey: string;
  /** Ledger as outsiders see it: up to the published checkpoint, which may be older than the newest one (`published-checkpoint.ts`). */
  readonly published: PublishedLedger;
  resting(): string | null;
  continuations(): readonly Envelope[];
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
  readonly history?: LedgerHistory;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: LedgerLog;
  readonly interval?: number;
  /**
   * Reason why the server may not sign a checkpoint after a restore from a backup; null if it may. Meanwhile, new ledger entries wait and
   * are not lost.
   */
  readonly suspended?: () => string | null;
  /** Witnesses. Without this port, checkpoints have no cosignatures, and outsiders get the newest checkpoint. */
  readonly publication?: Publication;
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

  async function sequenceAll(): Promise<void> {
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
    running ??= sequenceAll().finally(() => {
      running = null;
    });
    await running;
  }

  async function tick(): Promise<void> {
    try {
      if (await store.waiting()) await sequence();
      failure = null;
    } catch (error) {
      // No entry is lost: waiting entries are numbered when the store accepts writes again.
      const why = error instanceof Error ? error.message : String(error);
      if (failure === null) log.error({ err: error }, 'the ledger cannot sequence entries; the next run tries again');
      failure = why;
    }
  }

  async function newestStored(): Promise<StoredCheckpoint> {
    const stored = await store.newest();
    if (!stored)
      throw new CordonError('ledger_unavailable', 'The ledger has signed no checkpoint yet. Try again shortly.');
    return stored;
  }
  const { publication } = ports;
  const newest = async () => {
    const stored = await newestStored();
    return publication ? await publication.withCosignatures(stored) : stored;
  };
  const published = async () => {
    const stored = await newestStored();
    return publication ? await publication.published(stored) : stored;
  };
  const continuations = () => ports.history?.adopted() ?? [];

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
    ...createLedgerProofs(store, newest, continuations),
    published: {
      checkpoint: async () => (await published()).note,
      size: async () => ((await store.newest()) ? (await published()).size : 0),
      get verifierKey() {
        return verifierKey(signer());
      },
      continuations,
      ...createLedgerProofs(store, published, continuations),
    },
    resting: () => ports.suspended?.() ?? null,
    continuations,
    failure: () => failure,
  };
}
