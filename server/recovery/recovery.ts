/**
 * Recovery of a server that was started from a backup. The server asks each connecting device for its signed documents, readmits devices
 * that enrolled or renewed after the backup, and suspends the public ledger as long as outsiders may have seen entries that the backup
 * lacks. An admin ends the recovery.
 */
import { CordonError } from '../../shared/errors.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { Recollection } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createContinuationProposals, type SigningPeople } from './continuation-proposals.ts';
import type { Continuations } from './continuations.ts';
import { createDocumentRecall, type DocumentRecallPorts } from './document-recall.ts';
import { createLedgerSuspension } from './ledger-suspension.ts';
import { createReadmissions, type ReadmissionStore } from './readmissions.ts';
import type { CheckpointResponseStore, RestoredLedger } from './reported-checkpoints.ts';
import type { StoredRecovery } from './stored-recovery.ts';

export type { RecoveryState } from './recovery-state.ts';

export interface RecoveryPorts {
  readonly recovery: StoredRecovery;
  readonly stores: { readonly readmissions: ReadmissionStore; readonly checkpointResponses: CheckpointResponseStore };
  readonly orders: {
    readonly recovery: { readonly recover: DocumentRecallPorts['recover'] };
    readonly approverSets: {
      version(): number;
      envelopes(): readonly Envelope[];
      people(): Promise<SigningPeople>;
    };
  };
  readonly ledger: RestoredLedger & { sequence(): Promise<void> };
  readonly continuations: Continuations;
  readonly issuingDer: Buffer;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly raise: DocumentRecallPorts['raise'];
  readonly setAreas: DocumentRecallPorts['setAreas'];
  readonly deviceChanged: (device: DeviceId) => Promise<void>;
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

const MOST_SILENT = 1_000;

export type Recovery = ReturnType<typeof createRecovery>;

export function createRecovery(ports: RecoveryPorts) {
  const { recovery, stores, orders, ledger, issuingDer, clock, bus, raise, setAreas, deviceChanged, log } = ports;
  const now = () => clock.now();
  const queue = createSerialQueue();
  const suspension = createLedgerSuspension({ ledger, store: stores.checkpointResponses, recovery, raise, now, log });
  const proposals = createContinuationProposals({
    installation: ledger.installation,
    continuations: ports.continuations,
    suspension,
    recovery,
    approverSets: orders.approverSets.envelopes,
    people: orders.approverSets.people,
    sequence: ledger.sequence,
    raise,
    now,
  });
  const recall = createDocumentRecall({
    recovery,
    recover: orders.recovery.recover,
    approverSetVersion: orders.approverSets.version,
    bus,
    raise,
    setAreas,
    log,
  });
  const readmissions = createReadmissions({
    recovery,
    store: stores.readmissions,
    issuingDer,
    clock,
    bus,
    deviceChanged,
    log,
  });

  return {
    recovering: recovery.recovering,
    requestFor: recall.requestFor,
    withholdsList: recall.withholdsList,
    acceptRecollection: (device: DeviceId, generation: number, recollection: Recollection) =>
      queue(async () => {
        await recall.acceptRecollection(device, generation, recollection);
        await suspension.recordCheckpoint(device, recollection.checkpoint);
      }),
    acceptReturningDevice: readmissions.returning,
    ledgerSuspended: suspension.suspended,
    ledgerEvidence: async () => {
      const evidence = await suspension.evidence();
      // The list of asked devices is only in memory. After a restart, the server asks all devices again.
      const { requested, silent } = recall.requests();
      return { ...evidence, silent: silent.slice(0, MOST_SILENT), asked: Math.max(requested, evidence.responded) };
    },
    /**
     * Resumes the ledger. First processes all checkpoints that have arrived. Throws `conflict` without sufficient evidence, and
     * `checkpoint_invalid` for a checkpoint of another log.
     */
    resumeLedger: (note: string | null, account: string) => queue(() => suspension.resume(note, account)),
    /**
     * Compares a checkpoint that a witness has cosigned with the restored ledger, and remembers it if the ledger does not contain its tree.
     * Does nothing if this server was not restored.
     */
    examineCheckpoint: (note: string) =>
      queue(async () => {
        if (recovery.state()) await suspension.examine(note);
      }),
    /** Continuations of a ledger that lost entries. `proposeContinuation` first processes all checkpoints that have arrived. */
    continuations: () => proposals.list(),
    proposeContinuation: (...args: Parameters<typeof proposals.propose>) => queue(() => proposals.propose(...args)),
    signContinuation: (...args: Parameters<typeof proposals.sign>) => queue(() => proposals.sign(...args)),
    state: recovery.state,
    status: async () => ({ state: recovery.state(), lost: await readmissions.returned() }),
    readmit: readmissions.readmit,
    reject: readmissions.reject,
    close: async () => {
      if (!recovery.recovering()) throw new CordonError('conflict', 'No recovery is in progress.');
      await recovery.update({ closedAt: clock.now() });
    },
  };
}
