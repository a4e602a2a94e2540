import type { Envelope, RECEIPT_KINDS } from '../../../shared/order/documents.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import type { AccountId, DeviceId, PackId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { AffectedDeviceStore } from '../effect/affected-devices.ts';
import type { Effect } from '../effect/effect.ts';
import type { ExitStore } from '../exit/exit-ports.ts';
import type { Exits } from '../exit/exits.ts';
import type { OrderStore, ReceiptStore } from '../ports.ts';
import type { CheckpointStore } from './pack-ledger.ts';
import type { EntryStore } from './pack-snapshot.ts';
import type { ProceedingStore } from './proceedings.ts';
import type { NamesStore } from './sealed-names.ts';

export interface PackReceipt {
  readonly device: DeviceId;
  readonly generation: number;
  readonly kind: (typeof RECEIPT_KINDS)[number];
  /** Number of the device's receipts of this kind. */
  readonly ofKind: number;
  readonly revision: number;
  /** The moment in the notice plan; null for a receipt about the order. */
  readonly notice: string | null;
  /** Time by the device's clock. */
  readonly at: Instant;
  readonly envelope: Envelope;
}

export interface NewPack {
  readonly pack: PackId;
  readonly order: string;
  readonly by: AccountId;
  readonly at: Instant;
}

export interface MadePack extends NewPack {
  readonly devices: number;
}

export interface PackStore extends EntryStore, CheckpointStore {
  /** Null if the server has deleted this list. */
  list(version: number): Promise<Envelope | null>;
  /** Devices with ids above `after` that have verified receipts about the order, up to this revision, sorted by id. */
  answered(order: string, upTo: number, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /**
   * Verified receipts of these devices about the order, up to this revision, by device, oldest first. For each kind: the first and the last
   * ones, at most `MOST_OF_A_KIND`.
   */
  receipts(order: string, upTo: number, devices: readonly DeviceId[]): Promise<PackReceipt[]>;
}

export interface PackRecordStore {
  recordPack(pack: NewPack): Promise<void>;
  /** Packs of the order, newest first. */
  packs(order: string, limit: number): Promise<MadePack[]>;
  recordHandles(pack: PackId, handles: ReadonlyMap<DeviceId, string>): Promise<void>;
  /** All handles of the pack. Null if the order has no such pack. */
  handles(order: string, pack: PackId): Promise<ReadonlyMap<DeviceId, string> | null>;
}

export interface PackPorts {
  readonly store: PackStore;
  readonly packs: PackRecordStore;
  readonly proceedings: Pick<ProceedingStore, 'proceedings'>;
  readonly orders: Pick<OrderStore, 'order' | 'revisions'>;
  readonly executions: Pick<AffectedDeviceStore, 'recordedAffected'>;
  readonly effect: Pick<Effect, 'recordExecutions'>;
  readonly exits: Pick<Exits, 'progressAnew'> & Pick<ExitStore, 'exits'>;
  readonly receipts: Pick<ReceiptStore, 'deviceCertificates'>;
  readonly ledger: Pick<
    Ledger,
    'sequence' | 'checkpoint' | 'firstVerifierKey' | 'proveEntries' | 'proveGrowth' | 'proveContinuations' | 'resting'
  >;
  /** Adopted approver sets, oldest first. */
  readonly approverSets: () => readonly Envelope[];
  /** Devices that the revision would deny a service now. An offline device whose location has expired counts where it was last seen. */
  readonly denied: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly authority: { readonly rootPem: string; readonly issuingPem: string; readonly fingerprint: string };
  readonly names: NamesStore;
  readonly online: Signer;
  readonly installation: string;
  readonly organization: string;
  readonly version: string;
  readonly clock: Clock;
}
