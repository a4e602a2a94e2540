import type { OrderStores } from '../orders/orders.ts';
import { AdoptionStore } from './adoption-store.ts';
import { ApproverStore } from './approver-store.ts';
import type { Database } from './database.ts';
import { DeviceRecordStore } from './device-record-store.ts';
import { DeviceStateStore } from './device-state-store.ts';
import { DocumentStore } from './document-store.ts';
import { ExecutionStore } from './execution-store.ts';
import { ExitStore } from './exit-store.ts';
import { NamesStore } from './names-store.ts';
import { OrderStore } from './order-store.ts';
import { ProceedingStore } from './proceeding-store.ts';
import { ProposalStore } from './proposal-store.ts';
import { ReadingStore } from './reading-store.ts';
import { ReceiptStore } from './receipt-store.ts';
import { RolloutStore } from './rollout-store.ts';
import { StatementStore } from './statement-store.ts';

export const openOrderStores = (database: Database): OrderStores & { readonly records: DeviceRecordStore } => ({
  orders: new OrderStore(database),
  proposals: new ProposalStore(database),
  approvers: new ApproverStore(database),
  adoption: new AdoptionStore(database),
  records: new DeviceRecordStore(database),
  executions: new ExecutionStore(database),
  exits: new ExitStore(database),
  receipts: new ReceiptStore(database),
  deviceStates: new DeviceStateStore(database),
  rollouts: new RolloutStore(database),
  documents: new DocumentStore(database),
  proceedings: new ProceedingStore(database),
  statements: new StatementStore(database),
  readings: new ReadingStore(database),
  names: new NamesStore(database),
});
