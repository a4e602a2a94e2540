/**
 * The newest tree of the ledger that this device has verified. Every tree that it is shown must begin with it, or be its beginning: a server that
 * shows one ledger to some and another one to others cannot keep that up towards anybody who has seen both. The ledger's key is pinned with the
 * first tree, which came over the pinned TLS.
 */
import { z } from 'zod';
import { consistencyView } from '../../shared/api/ledger.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { checkBeginning } from '../../shared/ledger/check-answer.ts';
import { type Checkpoint, openCheckpoint, originOf } from '../../shared/ledger/checkpoint.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { readBase64 } from '../../shared/strict-base64.ts';

export interface HeldLedger {
  /** The verifier key that was pinned. */
  readonly key: string;
  /** The signed note of the newest checkpoint. */
  readonly note: string;
}

export interface LedgerStore {
  ledger(): HeldLedger | null;
  /** Durable when it returns. */
  saveLedger(held: HeldLedger): void;
}

/** A tree of the ledger, as devices tell each other of it. */
export interface LedgerTree {
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

type Tree = Pick<Checkpoint, 'size' | 'root'>;

export interface LedgerWatch {
  /**
   * Takes a checkpoint that the server has shown when asked, and keeps it if it is the newest. `known`: how many leaves were held when it was
   * asked. Throws `ledger_forked` or `ledger_older`, and then nothing that came with it is to be believed.
   */
  accept(shown: HeldLedger, known: number): Promise<Checkpoint>;
  /** Null before the first. */
  newest(): LedgerTree | null;
  /** Throws `ledger_forked` when the other device was shown another ledger, `document_malformed` when it speaks of no tree. */
  compare(theirs: LedgerTree, from: DeviceId): Promise<void>;
}

export function createLedgerWatch(ports: {
  readonly installation: string;
  readonly store: LedgerStore;
  /** GET on the device listener, below `/device/ledger/consistency`. Throws the server's refusal, or whatever kept it from answering. */
  readonly consistency: (from: number, to: number | null) => Promise<unknown>;
}): LedgerWatch {
  const { installation, store, consistency } = ports;

  /** What stands in the store was verified before it got there: the first lines of its note are read and no more. */
  function held(): Tree | null {
    const [, size, root = ''] = store.ledger()?.note.split('\n') ?? [];
    const hash = readBase64(root);
    return hash && size !== undefined ? { size: Number(size), root: hash } : null;
  }

  async function open({ key, note }: HeldLedger): Promise<Checkpoint> {
    try {
      const verifier = await parseVerifierKey(key);
      if (verifier.name !== originOf(installation))
        throw new CordonError('checkpoint_invalid', `it is ${verifier.name}`);
      return await openCheckpoint(note, verifier);
    } catch (error) {
      if (!isCordonError(error, 'checkpoint_invalid')) throw error;
      throw forked(`The server shows a ledger that is not signed as this installation's: ${error.message}.`);
    }
  }

  /** Throws `ledger_forked` unless the server proves that the larger of the two trees begins with the smaller. */
  async function prove(one: Tree, other: Tree, detail: string): Promise<void> {
    const [older, newer] = one.size <= other.size ? [one, other] : [other, one];
    try {
      const ask = async () => consistencyView.parse(await consistency(older.size, newer.size)).proof;
      await checkBeginning(older.size === newer.size || older.size === 0 ? [] : await ask(), older, newer);
    } catch (error) {
      // A server that has signed both trees and cannot show the way from one to the other has forked.
      if (isCordonError(error, 'proof_invalid') || error instanceof z.ZodError) throw forked(detail, error);
      throw error;
    }
  }

  async function accept(shown: HeldLedger, known: number): Promise<Checkpoint> {
    const before = held();
    const pinned = store.ledger();
    if (pinned && pinned.key !== shown.key) {
      throw forked(
        'The server shows a ledger that is signed with another key than the one that this device has pinned.',
      );
    }
    const checkpoint = await open(shown);
    if (checkpoint.size < known) {
      const detail = `The server shows a ledger of ${checkpoint.size} leaves, and has shown one of ${known}: it was cut short or restored.`;
      throw new CordonError('ledger_older', detail);
    }
    if (before) {
      const detail = `The server shows a ledger of ${checkpoint.size} leaves, and has shown one of ${before.size} that is not the same as it grew: it forked.`;
      await prove(before, checkpoint, detail);
    }
    if (!before || checkpoint.size > before.size) store.saveLedger(shown);
    return checkpoint;
  }

  async function refresh(known: number): Promise<Checkpoint> {
    const { checkpoint, key } = consistencyView.parse(await consistency(0, null));
    return accept({ note: checkpoint, key }, known);
  }

  async function compare(theirs: LedgerTree, from: DeviceId): Promise<void> {
    const root = readBase64(theirs.root);
    if (root?.length !== 32 || !Number.isSafeInteger(theirs.size) || theirs.size < 0) {
      throw new CordonError('document_malformed', `Device ${from} tells of no tree of a ledger.`);
    }
    const before = held();
    // What it has seen may be newer than what this device has asked for.
    const ours = before && theirs.size <= before.size ? before : await refresh(before?.size ?? 0);
    const detail = `Device ${from} was shown a ledger of ${theirs.size} leaves that has not grown with ours, of ${ours.size} leaves: one of us is shown another ledger.`;
    if (theirs.size > ours.size) throw forked(detail);
    await prove({ size: theirs.size, root }, ours, detail);
  }

  /** One after the other, so that what is kept is the newest. */
  let last: Promise<unknown> = Promise.resolve();
  function serially<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  }

  return {
    accept: (shown, known) => serially(() => accept(shown, known)),
    newest: () => {
      const newest = held();
      return newest && { size: newest.size, root: newest.root.toBase64() };
    },
    compare: (theirs, from) => serially(() => compare(theirs, from)),
  };
}

const forked = (detail: string, cause?: unknown): CordonError => new CordonError('ledger_forked', detail, {}, cause);
