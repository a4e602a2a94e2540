/**
 * The agent's state in one SQLite file (`node:sqlite`: nothing to install on a device). WAL with synchronous=FULL: what a verb
 * has returned survives kill -9 and a power cut. `DeviceStore` is what every part of the agent gets; each part declares the
 * slice that it needs.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { NOTICE_MOMENTS } from '../../shared/order/documents.ts';
import type { ReportItem } from '../../shared/protocol/frames.ts';
import { type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { type LocationState, SERVICES, type Service } from '../../shared/verdict/terms.ts';
import type { CommandStore, StoredCommand } from '../commands/commands.ts';
import type { ClockState } from '../enforcement/device-clock.ts';
import type { EnforcementStore, ExitMemory, GateState, Versioned } from '../enforcement/enforcement-store.ts';
import type { GivenNotice } from '../enforcement/notice-plan.ts';
import type { Outbox, OutboxRow } from '../link/outbox.ts';
import type { HeldLedger, LedgerStore } from '../messaging/ledger-watch.ts';
import type { MessageStore } from '../messaging/message-store.ts';
import { SCHEMA, TABLES } from './schema.ts';
import { SqliteMessages } from './sqlite-messages.ts';
import { Statements } from './statements.ts';

export interface ShownMessage {
  readonly id: string;
  readonly text: string;
  readonly at: Instant;
  readonly shown: boolean;
}

export interface DeviceStore extends EnforcementStore, CommandStore, Outbox, LedgerStore {
  /** People's messages. Its transactions and these are the same. */
  readonly messaging: MessageStore;
  messages(): readonly ShownMessage[];
  markShown(): void;
  unenrolling(): boolean;
  /** Forgets everything of this device: unenrolled, or enrolled anew. */
  clear(): void;
}

export interface AgentStore {
  device(id: DeviceId): DeviceStore;
  close(): void;
}

export interface StoreOptions {
  readonly file: string;
  /** `normal` survives kill -9 but not a power cut: for simulated fleets. */
  readonly synchronous?: 'full' | 'normal';
}

export function openAgentStore({ file, synchronous = 'full' }: StoreOptions): AgentStore {
  if (file !== ':memory:') {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  }
  // The timeout from the first statement on: after a kill the log is recovered, and whoever looks at the store just then is in the way.
  const db = new DatabaseSync(file, { timeout: 5000 });
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}; pragma secure_delete = on; ${SCHEMA}`);
  const sql = new Statements(db);
  return { device: (id) => new SqliteDeviceStore(sql, id), close: () => db.close() };
}

/** Alarms of one code that wait for the server. An offline device under attack would fill its disk with more of them. */
const MOST_ALARMS_WAITING = 64;

class SqliteDeviceStore implements DeviceStore {
  readonly #sql: Statements;
  readonly #device: DeviceId;
  readonly messaging: MessageStore;
  /** Read at every report; an enrolment that changes it is another process, which waits for this one to end. */
  #generation: number | null = null;

  constructor(sql: Statements, device: DeviceId) {
    this.#sql = sql;
    this.#device = device;
    this.messaging = new SqliteMessages(sql, device);
  }

  transaction<T>(work: () => T): T {
    return this.#sql.transaction(work);
  }

  #state<T>(name: string): T | null {
    const [row] = this.#sql.all('select value from state where device = ? and name = ?', this.#device, name);
    return row ? JSON.parse(String(row.value)) : null;
  }

  #saveState(name: string, value: unknown): void {
    this.#sql.run(
      'insert or replace into state (device, name, value) values (?, ?, ?)',
      this.#device,
      name,
      JSON.stringify(value),
    );
  }

  clock(): ClockState | null {
    return this.#state('clock');
  }

  saveClock(state: ClockState): void {
    this.#saveState('clock', state);
  }

  ledger(): HeldLedger | null {
    return this.#state('ledger');
  }

  saveLedger(held: HeldLedger): void {
    this.#saveState('ledger', held);
  }

  correctionSeen(): number {
    return this.#state<number>('time-correction') ?? 0;
  }

  saveCorrectionSeen(version: number): void {
    this.#saveState('time-correction', version);
  }

  location(): LocationState | null {
    return this.#state('location');
  }

  saveLocation(state: LocationState): void {
    this.#saveState('location', state);
  }

  #documents(kind: string): (Versioned & { name: string })[] {
    const rows = this.#sql.all(
      'select name, version, envelope from document where device = ? and kind = ? order by version, name',
      this.#device,
      kind,
    );
    return rows.map((row) => ({
      name: String(row.name),
      version: Number(row.version),
      envelope: JSON.parse(String(row.envelope)),
    }));
  }

  #saveDocument(kind: string, name: string, { version, envelope }: Versioned): void {
    this.#sql.run(
      'insert or replace into document (device, kind, name, version, envelope) values (?, ?, ?, ?, ?)',
      this.#device,
      kind,
      name,
      version,
      JSON.stringify(envelope),
    );
  }

  roots(): readonly Versioned[] {
    return this.#documents('root');
  }

  addRoot(root: Versioned): void {
    this.#saveDocument('root', String(root.version), root);
  }

  list(): Versioned | null {
    return this.#documents('list')[0] ?? null;
  }

  saveList(list: Versioned): void {
    this.#saveDocument('list', '', list);
  }

  record(): Versioned | null {
    return this.#documents('record')[0] ?? null;
  }

  saveRecord(record: Versioned): void {
    this.#saveDocument('record', '', record);
  }

  orders(): readonly (Versioned & { order: string })[] {
    return this.#documents('order').map(({ name, ...revision }) => ({ order: name, ...revision }));
  }

  saveOrder(order: string, revision: Versioned): void {
    this.#saveDocument('order', order, revision);
  }

  gates(): ReadonlyMap<Service, GateState> {
    const rows = this.#sql.all('select service, state from gate where device = ?', this.#device);
    const stored = new Map(rows.map((row) => [String(row.service), String(row.state)]));
    return new Map(
      SERVICES.flatMap((service) => {
        const state = stored.get(service);
        return state === undefined ? [] : [[service, JSON.parse(state)] as const];
      }),
    );
  }

  saveGate(service: Service, gate: GateState): void {
    this.#sql.run(
      'insert or replace into gate (device, service, state) values (?, ?, ?)',
      this.#device,
      service,
      JSON.stringify(gate),
    );
  }

  exits(): ExitMemory {
    return this.#state('exits') ?? { deniedSince: {}, wiped: [] };
  }

  saveExits(memory: ExitMemory): void {
    this.#saveState('exits', memory);
  }

  once(event: string): boolean {
    return this.#sql.run('insert or ignore into event (device, event) values (?, ?)', this.#device, event) === 1;
  }

  happened(event: string): boolean {
    return this.#sql.all('select 1 from event where device = ? and event = ?', this.#device, event).length > 0;
  }

  notices(): readonly GivenNotice[] {
    const rows = this.#sql.all('select * from notice where device = ? order by at, effective', this.#device);
    return rows.map((row) => ({
      order: String(row.order_number),
      moment: z.enum(NOTICE_MOMENTS).parse(row.moment),
      effective: Number(row.effective),
      revision: Number(row.revision),
      at: Number(row.at),
      shown: Number(row.shown) === 1,
    }));
  }

  addNotice({ order, moment, effective, revision, at }: Omit<GivenNotice, 'shown'>): void {
    this.#sql.run(
      'insert or ignore into notice (device, order_number, moment, effective, revision, at) values (?, ?, ?, ?, ?, ?)',
      ...[this.#device, order, moment, effective, revision, at],
    );
  }

  noticeShown({ order, moment, effective }: Pick<GivenNotice, 'order' | 'moment' | 'effective'>): boolean {
    const where = 'device = ? and order_number = ? and moment = ? and effective = ? and shown = 0';
    return this.#sql.run(`update notice set shown = 1 where ${where}`, this.#device, order, moment, effective) === 1;
  }

  // The outbox. A generation's sequence never repeats: its last number is kept apart from the rows, which go once confirmed.

  generation(): number {
    this.#generation ??= this.#state<number>('generation') ?? 0;
    return this.#generation;
  }

  beginGeneration(generation: number): void {
    this.transaction(() => {
      if (this.generation() === generation) return;
      this.#sql.run('delete from outbox where device = ?', this.#device);
      this.#sql.run('delete from command where device = ?', this.#device);
      this.#saveState('generation', generation);
      this.#saveState('sequence', 0);
    });
    this.#generation = generation;
  }

  report(item: ReportItem): void {
    if (item.type === 'alarm' && this.#alarmsWaiting(item.code) >= MOST_ALARMS_WAITING) return;
    this.transaction(() => {
      const seq = (this.#state<number>('sequence') ?? 0) + 1;
      this.#saveState('sequence', seq);
      this.#sql.run(
        'insert into outbox (device, generation, seq, type, item) values (?, ?, ?, ?, ?)',
        this.#device,
        this.generation(),
        seq,
        item.type,
        JSON.stringify(item),
      );
    });
  }

  #alarmsWaiting(code: string): number {
    const [row] = this.#sql.all(
      "select count(*) as n from outbox where device = ? and type = 'alarm' and json_extract(item, '$.code') = ?",
      this.#device,
      code,
    );
    return Number(row?.n ?? 0);
  }

  unconfirmed(after: number, limit: number): readonly OutboxRow[] {
    return this.#rows('seq > ?', after, limit);
  }

  receipts(limit: number): readonly OutboxRow[] {
    return this.#rows("seq > ? and type = 'receipt'", 0, limit);
  }

  #rows(where: string, after: number, limit: number): OutboxRow[] {
    const rows = this.#sql.all(
      `select seq, item from outbox where device = ? and generation = ? and ${where} order by seq limit ?`,
      this.#device,
      this.generation(),
      after,
      limit,
    );
    return rows.map((row) => ({ seq: Number(row.seq), item: JSON.parse(String(row.item)) }));
  }

  confirm(through: number): void {
    this.transaction(() => {
      this.#sql.run('delete from outbox where device = ? and seq <= ?', this.#device, through);
      // A server that knows a later number than we do (our file was restored from a copy): go on from there.
      if (through > (this.#state<number>('sequence') ?? 0)) this.#saveState('sequence', through);
    });
  }

  remove(sequences: readonly number[]): void {
    this.transaction(() => {
      for (const seq of sequences) this.#sql.run('delete from outbox where device = ? and seq = ?', this.#device, seq);
    });
  }

  count(): number {
    const [row] = this.#sql.all('select count(*) as n from outbox where device = ?', this.#device);
    return Number(row?.n ?? 0);
  }

  storeCommand({ id, command, shares, expires }: StoredCommand): boolean {
    return (
      this.#sql.run(
        "insert or ignore into command (device, id, body, expires, state) values (?, ?, ?, ?, 'stored')",
        this.#device,
        id,
        JSON.stringify(shares === undefined ? command : { ...command, shares }),
        expires,
      ) === 1
    );
  }

  unfinishedCommands(): readonly (StoredCommand & { started: boolean })[] {
    const rows = this.#sql.all(
      "select id, body, expires, state from command where device = ? and state <> 'finished' order by rowid",
      this.#device,
    );
    return rows.map((row) => {
      const { shares, ...command } = JSON.parse(String(row.body));
      return {
        ...{ id: commandIdSchema.parse(row.id), command, expires: Number(row.expires) },
        ...(shares === undefined ? {} : { shares }),
        started: row.state === 'started',
      };
    });
  }

  startCommand(id: CommandId): void {
    this.#sql.run("update command set state = 'started' where device = ? and id = ?", this.#device, id);
  }

  finishCommand(id: CommandId, result: ReportItem): void {
    this.transaction(() => {
      const changed = this.#sql.run(
        "update command set state = 'finished' where device = ? and id = ? and state <> 'finished'",
        this.#device,
        id,
      );
      if (changed === 1) this.report(result);
    });
  }

  forgetShares(): void {
    const finished = "device = ? and state = 'finished' and json_extract(body, '$.shares') is not null";
    const forgotten = this.#sql.run(
      `update command set body = json_remove(body, '$.shares') where ${finished}`,
      this.#device,
    );
    this.#sql.emptyLog(forgotten > 0);
  }

  addMessage(id: string, text: string, at: Instant): void {
    this.#sql.run(
      'insert or ignore into message (device, id, text, at) values (?, ?, ?, ?)',
      this.#device,
      id,
      text,
      at,
    );
  }

  messages(): readonly ShownMessage[] {
    const rows = this.#sql.all(
      'select id, text, at, shown from message where device = ? order by at, id',
      this.#device,
    );
    return rows.map((row) => ({
      id: String(row.id),
      text: String(row.text),
      at: Number(row.at),
      shown: Number(row.shown) === 1,
    }));
  }

  markShown(): void {
    this.#sql.run('update message set shown = 1 where device = ? and shown = 0', this.#device);
  }

  markUnenrolling(): void {
    this.#saveState('unenrolling', true);
  }

  unenrolling(): boolean {
    return this.#state<boolean>('unenrolling') ?? false;
  }

  clear(): void {
    this.transaction(() => {
      for (const table of TABLES) this.#sql.run(`delete from ${table} where device = ?`, this.#device);
    });
    this.#generation = null;
  }
}
