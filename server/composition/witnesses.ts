/** Assembles the witnesses of the ledger from the settings, their stores and their client. */
import type { WitnessPolicy } from '../../shared/ledger/cosignature.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { approversSchema } from '../../shared/order/documents.ts';
import { cosignedCheckpoint, postCheckpoint } from '../ledger/witness-client.ts';
import { createWitnesses, type Witnesses } from '../ledger/witnesses.ts';
import { ApproverStore } from '../store/approver-store.ts';
import type { CosignatureStore } from '../store/cosignature-store.ts';
import type { LedgerStore } from '../store/ledger-store.ts';
import type { Foundation } from './foundation.ts';

/**
 * Witness rule of the newest adopted approver set, read from the store. The server needs it at the start, before it has loaded the orders.
 */
export async function storedWitnessPolicy({ database }: Foundation): Promise<WitnessPolicy | null> {
  const current = (await new ApproverStore(database).approverSets()).findLast(({ state }) => state === 'adopted');
  return (current && parseDocument(approversSchema, Buffer.from(current.payload)).witnesses) ?? null;
}

export function openWitnesses(
  { config, bus, log }: Foundation,
  parts: {
    readonly ledgerStore: LedgerStore;
    readonly cosignatures: CosignatureStore;
    readonly origin: () => string;
    readonly onContradiction: (note: string) => Promise<void>;
  },
): Witnesses {
  return createWitnesses({
    settings: config.witnesses.settings,
    store: parts.cosignatures,
    ledger: parts.ledgerStore,
    origin: parts.origin,
    client: { post: postCheckpoint, newest: cosignedCheckpoint },
    onContradiction: parts.onContradiction,
    onCosigned: () => bus.publish({ kind: 'ledger' }),
    lateAfter: config.witnesses.lateMinutes * 60_000,
    now: Date.now,
    log,
  });
}
