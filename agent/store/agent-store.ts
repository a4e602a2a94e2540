/**
 * The agent's data in one SQLite file (`node:sqlite`). With WAL and synchronous=FULL, committed changes survive a crash and a power
 * failure. Each module of the agent declares the part of `DeviceStore` that it needs.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { AdminMessageStore } from '../admin-messages/admin-messages.ts';
import type { CommandQueue } from '../commands/commands.ts';
import type { EnforcementStore } from '../enforcement/enforcement-store.ts';
import type { InventoryStore } from '../inventory/inventory-report.ts';
import type { Outbox } from '../link/outbox.ts';
import type { LostModeStore } from '../lost-mode/lost-mode.ts';
import type { MailStore } from '../mail/mail-store.ts';
import type { GivenUpLedger, LedgerStore } from '../messaging/members/ledger-watch.ts';
import type { MessageStore } from '../messaging/message-store.ts';
import type { PasscodeStore } from '../passcode/passcode-work.ts';
import type { PolicyStore } from '../policy/policy-work.ts';
import type { FetchRecordStore } from '../work/file-transfers.ts';
import type { QueryStore } from '../work/query/answer-query.ts';
import type { ScriptRecordStore } from '../work/script-record.ts';
import { adminMessageRows, commandRows } from './command-rows.ts';
import { DeviceRows } from './device-rows.ts';
import { type DiskReserve, NO_RESERVE } from './disk-reserve.ts';
import { documentRows, enforcementValues, eventRows, gateRows, noticeRows } from './enforcement-rows.ts';
import { fileRows } from './file-rows.ts';
import { inventoryRows } from './inventory-rows.ts';
import { lostModeRows } from './lost-mode-rows.ts';
import { mailRows } from './mail-rows.ts';
import { messageRows } from './message-rows.ts';
import { outboxRows } from './outbox-rows.ts';
import { policyRows } from './policy-rows.ts';
import { queryRows } from './query-rows.ts';
import { SCHEMA, TABLES } from './schema.ts';
import { scriptRows } from './script-rows.ts';
import { Statements } from './statements.ts';

export interface DeviceStore
  extends EnforcementStore,
    CommandQueue,
    AdminMessageStore,
    Outbox,
    InventoryStore,
    PolicyStore,
    PasscodeStore,
    QueryStore,
    LostModeStore,
    FetchRecordStore,
    ScriptRecordStore,
    LedgerStore {
  readonly messaging: MessageStore;
  readonly mail: MailStore;
  unenrolling(): boolean;
  /** If the agent crashes during an unenrollment, its next start completes the unenrollment. */
  markUnenrolling(): void;
  givenUpLedgers(): readonly GivenUpLedger[];
  clear(): void;
}

export interface AgentStore {
  device(id: DeviceId): DeviceStore;
  close(): void;
}

export interface StoreOptions {
  readonly file: string;
  /**
   * SQLite's setting `synchronous`. With `normal`, changes survive kill -9 but not a power failure, which is enough for tests and simulated
   * devices.
   */
  readonly synchronous?: 'full' | 'normal';
  readonly reserve?: Pick<DiskReserve, 'run'>;
}

export function openAgentStore({ file, synchronous = 'full', reserve = NO_RESERVE }: StoreOptions): AgentStore {
  const settings = `pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma secure_delete = on; ${SCHEMA}`;
  const open = () => {
    if (file !== ':memory:') {
      closeSync(openSync(file, 'a', 0o600));
      chmodSync(file, 0o600);
    }
    // The timeout must be set before the first statement: SQLite first recovers its write-ahead log after a crash, and a reader in another
    // process may block this recovery for a moment.
    const db = new DatabaseSync(file, { timeout: 5000 });
    try {
      db.exec(settings);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  const db = reserve.run(open);
  const sql = new Statements(db);
  return { device: (id) => deviceStore(new DeviceRows(sql, id, reserve)), close: () => db.close() };
}

/** Maximum number of stored checkpoints that ledger continuations replaced. Continuations are rare, because people sign them. */
const MOST_GIVEN_UP = 16;

function deviceStore(rows: DeviceRows): DeviceStore {
  const outbox = outboxRows(rows);
  return {
    ...documentRows(rows),
    ...gateRows(rows),
    ...noticeRows(rows),
    ...eventRows(rows),
    ...enforcementValues(rows),
    ...outbox,
    ...commandRows(rows, outbox),
    ...adminMessageRows(rows, outbox),
    ...inventoryRows(rows, outbox),
    ...policyRows(rows, outbox),
    ...queryRows(rows),
    ...lostModeRows(rows, outbox),
    ...fileRows(rows),
    ...scriptRows(rows),
    ...ledgerValues(rows),
    transaction: (work) => rows.transaction(work),
    reserved: (work) => rows.reserved(work),
    messaging: messageRows(rows),
    mail: mailRows(rows),
    unenrolling: () => rows.value<boolean>('unenrolling') ?? false,
    markUnenrolling: () => rows.saveValue('unenrolling', true),
    clear() {
      rows.reserved(() => {
        for (const table of TABLES) rows.run(`delete from ${table} where device = ?`);
      });
    },
  };
}

function ledgerValues(rows: DeviceRows): LedgerStore & Pick<DeviceStore, 'givenUpLedgers'> {
  const givenUpLedgers = () => rows.value<GivenUpLedger[]>('ledger-given-up') ?? [];
  return {
    ledger: () => rows.value('ledger'),
    saveLedger(newest, givenUp) {
      // The checkpoint before the continuation proves which entries were lost, so it is stored before the new one.
      if (givenUp) rows.saveValue('ledger-given-up', [...givenUpLedgers(), givenUp].slice(-MOST_GIVEN_UP));
      rows.saveValue('ledger', newest);
    },
    givenUpLedgers,
  };
}
