/**
 * The ledger: what an outsider may hold the operator to. Leaves are committed by the stores with the changes that they are about; the
 * sequencer here gives them gapless indexes in the order of their ids and signs a checkpoint over each tree so made, in one
 * transaction. It can neither add a leaf nor leave one out.
 */
import { CordonError } from '../../shared/errors.ts';
import { originOf } from '../../shared/ledger/checkpoint.ts';
import { consistencyProof, type HashSource, inclusionProof, inclusionProofs } from '../../shared/ledger/merkle.ts';
import { ed25519FromSpki, type NoteSigner, signCheckpoint, verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { encodeBundle, leavesOfBundle, nodesOfTile, TILE_WIDTH, type TileId } from '../../shared/ledger/tiles.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';

export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
}

export interface LedgerStore {
  /** Complete subtrees below the newest checkpoint; rejects `not_found` for others. */
  readonly hashes: HashSource;
  /** Whether a committed leaf has no index yet. */
  waiting(): Promise<boolean>;
  /**
   * In one transaction: gives indexes to at most `limit` waiting leaves, keeps the hashes they complete, stores the checkpoint that
   * `sign` makes. Also signs when there is no checkpoint of the present size. Returns how many leaves it took.
   */
  extend(limit: number, at: number, sign: (size: number, root: Buffer) => string): Promise<number>;
  newest(): Promise<StoredCheckpoint | null>;
  /** The bodies of leaves `from` to `to`, `to` excluded. */
  entries(from: number, to: number): Promise<Buffer[]>;
  /** The bodies of these leaves, by index; those that are not there are missing. */
  entriesAt(indexes: readonly number[]): Promise<ReadonlyMap<number, Buffer>>;
}

/** A leaf's exact bytes, and what leads from them to the root. */
export interface ProvedLeaf {
  readonly index: number;
  readonly body: Buffer;
  readonly proof: readonly Buffer[];
}

/** The ledger's own Ed25519 key, as the authority keeps it. */
export interface LedgerKey {
  /** SPKI DER, base64. */
  readonly publicKey: string;
  sign(message: Buffer): Buffer;
}

export interface LedgerLog {
  error(fields: Record<string, unknown>, message: string): void;
}

export interface Ledger {
  /** Sequences all that waits and returns when it is durable. Calls that overlap share one run. */
  sequence(): Promise<void>;
  /** Sequences once, then looks for new leaves at an interval. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The newest checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** The key that verifies checkpoints, as `name+id+base64`. */
  readonly verifierKey: string;
  /** Null when the tree does not reach so far. */
  tile(tile: TileId): Promise<Buffer | null>;
  inclusion(index: number, size: number): Promise<Buffer[]>;
  consistency(older: number, size: number): Promise<Buffer[]>;
  /** A leaf, and the proof that the newest checkpoint has it: of one and the same tree. Throws `proof_invalid` beyond its end. */
  proveLeaf(index: number): Promise<{ body: Buffer; proof: Buffer[]; checkpoint: string }>;
  /**
   * Many leaves, in the order asked, and proofs that the tree of `size` leaves, or else that of the newest checkpoint, has each. Throws `proof_invalid`
   * beyond its end.
   */
  proveLeaves(
    indexes: readonly number[],
    size?: number,
  ): Promise<{ leaves: readonly ProvedLeaf[]; checkpoint: string }>;
  /**
   * The proof that the tree of `size` leaves, or else that of the newest checkpoint, begins with the one of `older` leaves; of none, there is nothing
   * to prove. Throws `proof_invalid` beyond its end.
   */
  proveGrowth(older: number, size?: number): Promise<{ proof: Buffer[]; checkpoint: string }>;
  /** Why sequencing fails at present; null while it works. */
  failure(): string | null;
}

/** Other writers wait while leaves are sequenced (SQLite), so a backlog is taken in pieces. */
const LEAVES_AT_ONCE = 1000;
/** Real time: how long a committed leaf waits for its checkpoint at most. */
const DEFAULT_INTERVAL = 500;

export function createLedger(ports: {
  readonly store: LedgerStore;
  readonly key: LedgerKey;
  readonly installation: string;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: LedgerLog;
  readonly interval?: number;
  /** After a restore: why no tree may be signed; null: nothing speaks against it. Entries wait meanwhile, and are not lost. */
  readonly suspended?: () => string | null;
}): Ledger {
  const { store, clock, log, bus } = ports;
  const signer: NoteSigner = {
    name: originOf(ports.installation),
    publicKey: ed25519FromSpki(Buffer.from(ports.key.publicKey, 'base64')),
    sign: (message) => ports.key.sign(Buffer.from(message)),
  };
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let failure: string | null = null;

  async function takeAll(): Promise<void> {
    let taken: number;
    do {
      taken = await store.extend(LEAVES_AT_ONCE, clock.now(), (size, root) => signCheckpoint({ size, root }, signer));
      if (taken > 0) bus.publish({ kind: 'ledger' });
    } while (taken === LEAVES_AT_ONCE);
  }

  async function sequence(): Promise<void> {
    if (ports.suspended?.()) return;
    // A leaf that commits after a run has begun may be missed by it, so whoever waits on a run under way begins another.
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
      // The leaves stay committed and keep their order; they get their place once the store takes writes again.
      const why = error instanceof Error ? error.message : String(error);
      if (failure === null) log.error({ err: error }, 'the ledger cannot sequence; it will try again');
      failure = why;
    }
  }

  async function newest(): Promise<StoredCheckpoint> {
    const stored = await store.newest();
    if (!stored)
      throw new CordonError('ledger_unavailable', 'the ledger has signed no checkpoint yet: try again shortly');
    return stored;
  }

  async function within(size: number): Promise<void> {
    const { size: reached } = await newest();
    if (size > reached) {
      throw new CordonError(
        'proof_invalid',
        `the ledger has ${reached} leaves, not ${size}: ask for a tree it has reached`,
      );
    }
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
    verifierKey: verifierKey(signer),
    async tile(tile) {
      const { size } = await newest();
      const { level } = tile;
      const hashes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level));
      if (tile.number * TILE_WIDTH + tile.width > hashes) return null;
      if (level === 'entries') {
        const { from, to } = leavesOfBundle(tile);
        return encodeBundle(await store.entries(from, to));
      }
      return Buffer.concat([...(await store.hashes(nodesOfTile({ ...tile, level })))]);
    },
    async inclusion(index, size) {
      await within(size);
      return await inclusionProof(index, size, store.hashes);
    },
    async consistency(older, size) {
      await within(size);
      return await consistencyProof(older, size, store.hashes);
    },
    async proveLeaf(index) {
      const { size, note } = await newest();
      const proof = await inclusionProof(index, size, store.hashes);
      const [body] = await store.entries(index, index + 1);
      if (!body) throw new CordonError('internal', `the ledger has no entry ${index} in a tree of ${size} leaves`);
      return { body, proof, checkpoint: note };
    },
    async proveLeaves(indexes, of) {
      const { size: reached, note } = await newest();
      if (of !== undefined) await within(of);
      const size = of ?? reached;
      const [proofs, bodies] = await Promise.all([
        inclusionProofs(indexes, size, store.hashes),
        store.entriesAt(indexes),
      ]);
      const leaves = indexes.map((index, at) => {
        const body = bodies.get(index);
        if (!body) throw new CordonError('internal', `the ledger has no entry ${index} in a tree of ${size} leaves`);
        return { index, body, proof: proofs[at] ?? [] };
      });
      return { leaves, checkpoint: note };
    },
    async proveGrowth(older, size) {
      const { size: reached, note } = await newest();
      if (size !== undefined) await within(size);
      const proof = older === 0 ? [] : await consistencyProof(older, size ?? reached, store.hashes);
      return { proof, checkpoint: note };
    },
    failure: () => failure,
  };
}
