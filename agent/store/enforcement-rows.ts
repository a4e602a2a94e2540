import { z } from 'zod';
import { NOTICE_MOMENTS } from '../../shared/order/documents.ts';
import { type LocationState, SERVICES, type Service } from '../../shared/verdict/terms.ts';
import type { ClockState, ClockStore } from '../enforcement/device-clock.ts';
import type {
  CorrectionStore,
  DocumentStore,
  EventStore,
  ExitMemory,
  ExitStore,
  GateState,
  GateStore,
  LocationStore,
  NoticeStore,
  Versioned,
} from '../enforcement/enforcement-store.ts';
import type { DeliveredNotice } from '../enforcement/notice-plan.ts';
import type { DeviceRows } from './device-rows.ts';

export function documentRows(rows: DeviceRows): DocumentStore {
  function documents(kind: string): (Versioned & { name: string })[] {
    const found = rows.all(
      'select name, version, envelope from document where device = ? and kind = ? order by version, name',
      kind,
    );
    return found.map((row) => ({
      name: String(row.name),
      version: Number(row.version),
      envelope: JSON.parse(String(row.envelope)),
    }));
  }

  function saveDocument(kind: string, name: string, { version, envelope }: Versioned): void {
    rows.run(
      'insert or replace into document (device, kind, name, version, envelope) values (?, ?, ?, ?, ?)',
      kind,
      name,
      version,
      JSON.stringify(envelope),
    );
  }

  return {
    approverSets(): readonly Versioned[] {
      return documents('approver-set');
    },
    addApproverSet(approverSet: Versioned): void {
      saveDocument('approver-set', String(approverSet.version), approverSet);
    },
    list(): Versioned | null {
      return documents('list')[0] ?? null;
    },
    saveList(list: Versioned): void {
      saveDocument('list', '', list);
    },
    record(): Versioned | null {
      return documents('record')[0] ?? null;
    },
    saveRecord(record: Versioned): void {
      saveDocument('record', '', record);
    },
    orders(): readonly (Versioned & { order: string })[] {
      return documents('order').map(({ name, ...revision }) => ({ order: name, ...revision }));
    },
    saveOrder(order: string, revision: Versioned): void {
      saveDocument('order', order, revision);
    },
  };
}

export function gateRows(rows: DeviceRows): GateStore {
  return {
    gates(): ReadonlyMap<Service, GateState> {
      const found = rows.all('select service, state from gate where device = ?');
      const stored = new Map(found.map((row) => [String(row.service), String(row.state)]));
      return new Map(
        SERVICES.flatMap((service) => {
          const state = stored.get(service);
          return state === undefined ? [] : [[service, JSON.parse(state)] as const];
        }),
      );
    },
    saveGate(service: Service, gate: GateState): void {
      rows.run('insert or replace into gate (device, service, state) values (?, ?, ?)', service, JSON.stringify(gate));
    },
  };
}

export function noticeRows(rows: DeviceRows): NoticeStore {
  return {
    notices(): readonly DeliveredNotice[] {
      const found = rows.all('select * from notice where device = ? order by at, effective');
      return found.map((row) => ({
        order: String(row.order_number),
        moment: z.enum(NOTICE_MOMENTS).parse(row.moment),
        effective: Number(row.effective),
        revision: Number(row.revision),
        at: Number(row.at),
        displayed: Number(row.displayed) === 1,
      }));
    },
    addNotice({ order, moment, effective, revision, at }: Omit<DeliveredNotice, 'displayed'>): void {
      rows.run(
        'insert or ignore into notice (device, order_number, moment, effective, revision, at) values (?, ?, ?, ?, ?, ?)',
        order,
        moment,
        effective,
        revision,
        at,
      );
    },
    markNoticeDisplayed({
      order,
      moment,
      effective,
    }: Pick<DeliveredNotice, 'order' | 'moment' | 'effective'>): boolean {
      const where = 'device = ? and order_number = ? and moment = ? and effective = ? and displayed = 0';
      return rows.run(`update notice set displayed = 1 where ${where}`, order, moment, effective) === 1;
    },
  };
}

export function eventRows(rows: DeviceRows): EventStore {
  return {
    once(event: string): boolean {
      return rows.run('insert or ignore into event (device, name) values (?, ?)', event) === 1;
    },
    happened(event: string): boolean {
      return rows.all('select 1 from event where device = ? and name = ?', event).length > 0;
    },
  };
}

/**
 * Store of the clock, the location and exits (orders that make devices wipe work data). Changes are stored even on a full disk, because the
 * enforcement of orders depends on these values.
 */
export function enforcementValues(rows: DeviceRows): ClockStore & CorrectionStore & ExitStore & LocationStore {
  return {
    clock(): ClockState | null {
      return rows.value('clock');
    },
    saveClock(state: ClockState): void {
      rows.reserved(() => rows.saveValue('clock', state));
    },
    correctionVersion(): number {
      return rows.value<number>('time-correction') ?? 0;
    },
    saveCorrectionVersion(version: number): void {
      rows.reserved(() => rows.saveValue('time-correction', version));
    },
    location(): LocationState | null {
      return rows.value('location');
    },
    saveLocation(state: LocationState): void {
      rows.reserved(() => rows.saveValue('location', state));
    },
    exits(): ExitMemory {
      return rows.value('exits') ?? { deniedSince: {}, wiped: [] };
    },
    saveExits(memory: ExitMemory): void {
      rows.reserved(() => rows.saveValue('exits', memory));
    },
  };
}
