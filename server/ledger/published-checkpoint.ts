/**
 * Choice of the checkpoint that outsiders get. If the approver set names witnesses, devices refuse a checkpoint with too few cosignatures.
 * The server then publishes the newest checkpoint with enough cosignatures, and never an older one than before.
 */
import type { WitnessPolicy } from '../../shared/ledger/cosignature.ts';
import { MOST_WITNESSES } from '../../shared/order/documents.ts';
import type { StoredCheckpoint } from './ledger-proofs.ts';
import type { CosignatureStore } from './witnesses.ts';

export function createPublication({
  store,
  policy,
}: {
  readonly store: Pick<CosignatureStore, 'of' | 'newestCheckpoint'>;
  /** Rule of the current approver set; null if it names no witnesses. */
  readonly policy: () => WitnessPolicy | null;
}) {
  let last: StoredCheckpoint | null = null;

  /** Checkpoint with the cosignatures that the store has for it. */
  async function withCosignatures({ size, note }: StoredCheckpoint): Promise<StoredCheckpoint> {
    const found = await store.of(size);
    const required = new Set(policy()?.keys);
    const sorted = found.toSorted((a, b) => Number(required.has(b.witness)) - Number(required.has(a.witness)));
    return {
      size,
      note:
        note +
        sorted
          .slice(0, MOST_WITNESSES)
          .map(({ line }) => `${line}\n`)
          .join(''),
    };
  }

  async function choose(newest: StoredCheckpoint): Promise<StoredCheckpoint> {
    const rule = policy();
    const sameName = last !== null && originOf(last) === originOf(newest);
    const shown = sameName ? last : null;
    if (!rule) return newest;
    const cosigned = await store.newestCheckpoint(rule.keys, rule.threshold, shown?.size ?? 0);
    if (cosigned && originOf(cosigned) === originOf(newest)) return cosigned;
    return shown ?? newest;
  }

  return {
    withCosignatures,
    async published(newest: StoredCheckpoint): Promise<StoredCheckpoint> {
      last = await choose(newest);
      return await withCosignatures(last);
    },
  };
}

const originOf = ({ note }: StoredCheckpoint): string => note.slice(0, note.indexOf('\n'));
