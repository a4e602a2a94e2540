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
  readonly ofKind: number;
  readonly revision: number;
  /**
   * Planned time of the notice that the receipt is about, such as one day before the order takes effect (`P1D`). Null if the receipt is
   * about the order itself.
   */
  readonly notice: string | null;
  /** Time at which the device created the receipt, by the device's clock. */
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
  /** Returns an order list by its version; null if the server has deleted the list. */
  list(version: number): Promise<Envelope | null>;
  /**
   * Returns the sorted ids of devices that have a verified receipt about an order, up to the given revision. Returns only ids above
   * `after`.
   */
  devicesWithReceipts(order: string, upTo: number, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
  /**
   * Returns verified receipts of the given devices about an order, up to the given revision; sorted by device, oldest first. If a device
   * has more than `MOST_OF_A_KIND` receipts of one kind, returns only the first and the last ones, to limit the size of an evidence pack.
   */
  receipts(order: string, upTo: number, devices: readonly DeviceId[]): Promise<PackReceipt[]>;
}

export interface PackRecordStore {
  recordPack(pack: NewPack): Promise<void>;
  packs(order: string, limit: number): Promise<MadePack[]>;
  recordHandles(pack: PackId, handles: ReadonlyMap<DeviceId, string>): Promise<void>;
  /** Returns all handles (device pseudonyms) in an evidence pack; null if the given order has no evidence pack with this id. */
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
  readonly approverSets: () => readonly Envelope[];
  readonly denied: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly authority: { readonly rootPem: string; readonly issuingPem: string; readonly fingerprint: string };
  readonly names: NamesStore;
  readonly online: Signer;
  readonly installation: string;
  readonly organization: string;
  readonly version: string;
  readonly clock: Clock;
}
