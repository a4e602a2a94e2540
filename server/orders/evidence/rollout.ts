/** Rollout of an order: the affected devices, and the state of each device according to its signed receipts. */
import { setImmediate as turn } from 'node:timers/promises';
import { NOTICE_MOMENTS, type NoticeMoment } from '../../../shared/order/documents.ts';
import { inTimeUntil, type NoticeCount } from '../../../shared/order/notice-times.ts';
import {
  type DeviceReports,
  NO_DEVICES,
  NO_REPORTS,
  type Rollout,
  rolloutState,
} from '../../../shared/order/rollout.ts';
import type { RolloutPhase } from '../../../shared/order/rollout-states.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import { createCache } from '../cache.ts';
import type { AffectedDeviceStore } from '../effect/affected-devices.ts';
import type { ExecutionStore } from '../effect/executions.ts';
import { type DeviceStateStore, type Rehearsal, slices } from '../impact/rehearsal.ts';
import type { OrderStore } from '../ports.ts';

/**
 * Lifetime of a cached response in milliseconds. Several admins may watch one order, and each open page repeats its request every second
 * while receipts arrive.
 */
const LASTING = 800;
const MOST_CACHED = 50;
const SLICE = 500;
const RECORDED = 2_000;

/** Store of verified receipts. Only receipts of the devices' current enrollments are included, unless stated otherwise. */
export interface RolloutStore {
  /**
   * Returns how many devices received and displayed each planned notice to users, for example the notice 30 days before the order starts.
   * `inTime` has the latest time at which a notice is on time. A notice without such a time is never late.
   */
  noticed(
    order: string,
    revisions: readonly number[],
    inTime: ReadonlyMap<NoticeMoment, Instant>,
  ): Promise<ReadonlyMap<NoticeMoment, NoticeCount>>;
  /**
   * Devices whose receipts (signed statements) confirm that they enforced a given order. Devices whose enrollment has ended are included.
   */
  enforcedBy(order: string): Promise<DeviceId[]>;
  /** Receipts (signed statements) about a given revision of an order, by device. Devices without a receipt are absent. */
  reports(order: string, revision: number, devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, Reports>>;
}

export interface Reports extends DeviceReports {
  readonly newest: Instant | null;
}

export interface OrderRollout extends Rollout {
  readonly lastSeen: number;
  readonly newest: Instant | null;
  /**
   * Numbers of devices that received and displayed each planned notice to users, sorted by the notices' planned times. Notices without a
   * receipt are absent.
   */
  readonly notices: readonly (NoticeCount & { readonly moment: NoticeMoment })[];
}

const SILENT: Reports = { ...NO_REPORTS, newest: null };

const NO_ROLLOUT: OrderRollout = {
  revision: null,
  phase: null,
  total: 0,
  states: NO_DEVICES,
  lastSeen: 0,
  newest: null,
  notices: [],
};

interface AffectedDevices {
  readonly denied: ReadonlySet<DeviceId>;
  readonly all: readonly DeviceId[];
  readonly lastSeen: number;
}

function phaseOf(rule: OrderRule, now: Instant): RolloutPhase {
  if (inForce(rule, now)) return 'active';
  return inForce(rule, Math.max(now, rule.effective)) ? 'announced' : 'over';
}

export function createRollout(ports: {
  readonly orders: Pick<OrderStore, 'order' | 'exemptions' | 'revisions'>;
  readonly executions: Pick<AffectedDeviceStore, 'recordedAffected'> & Pick<ExecutionStore, 'executions'>;
  readonly store: RolloutStore;
  readonly deviceStates: DeviceStateStore;
  readonly state: AdoptedOrders;
  readonly rehearsal: Rehearsal;
  readonly clock: Clock;
}): { progress(order: string): Promise<OrderRollout> } {
  const { orders, executions, store, deviceStates, state, rehearsal, clock } = ports;
  const cache = createCache<OrderRollout>({ lasting: LASTING, most: MOST_CACHED });

  async function affectedBy(rule: OrderRule, phase: RolloutPhase): Promise<AffectedDevices> {
    const { order, revision } = rule;
    const all = new Set(await store.enforcedBy(order));
    for (let after: DeviceId | null = null; ; ) {
      const recorded: DeviceId[] = await executions.recordedAffected(order, after, RECORDED);
      for (const device of recorded) all.add(device);
      after = recorded.at(-1) ?? null;
      if (recorded.length < RECORDED) break;
      await turn();
    }
    // For an ended order, show the devices that it affected. If the order never took effect, show the devices that it would have affected.
    if (phase === 'over' && (await executions.executions(order)).length > 0) {
      return { denied: new Set(), all: [...all], lastSeen: 0 };
    }
    const exemptions = await orders.exemptions(order, revision);
    const known = { listed: null, number: null, baseline: null, names: new Set<string>() };
    const request = { ...known, at: 'effective', selection: 'denied', lastSeen: true } as const;
    const { sets, lastSeen } = await rehearsal.rehearse({ rule, exemptions, ...request });
    const denied = new Set<DeviceId>();
    for (const { devices } of sets) {
      for (const device of devices) {
        denied.add(device);
        all.add(device);
      }
      await turn();
    }
    return { denied: phase === 'over' ? new Set() : denied, all: [...all], lastSeen };
  }

  async function progressOf(rule: OrderRule, phase: RolloutPhase): Promise<OrderRollout> {
    const { denied, all, lastSeen } = await affectedBy(rule, phase);
    const states = { ...NO_DEVICES };
    let newest: Instant | null = null;
    for (const some of slices(all, SLICE)) {
      const known = await deviceStates.states(some);
      const reports = await store.reports(rule.order, rule.revision, some);
      for (const device of some) {
        const { newest: at, ...reported } = reports.get(device) ?? SILENT;
        const state = known.get(device);
        const connected = state?.connected === true;
        const facts = { ...reported, phase, enrolled: state !== undefined, connected, denied: denied.has(device) };
        states[rolloutState(facts)] += 1;
        if (at !== null) newest = Math.max(newest ?? 0, at);
      }
      await turn();
    }
    const notices = await noticesOf(rule);
    return { revision: rule.revision, phase, total: all.length, states, lastSeen, newest, notices };
  }

  async function noticesOf({ order, effective }: OrderRule): Promise<OrderRollout['notices']> {
    const revisions = (await orders.revisions(order))
      .filter(({ payload }) => Date.parse(readPayload(payload).terms.effective) === effective)
      .map(({ revision }) => revision);
    const inTime = new Map<NoticeMoment, Instant>();
    for (const moment of NOTICE_MOMENTS) {
      const until = inTimeUntil(moment, effective);
      if (until !== null) inTime.set(moment, until);
    }
    const noticed = await store.noticed(order, revisions, inTime);
    return NOTICE_MOMENTS.flatMap((moment) => {
      const count = noticed.get(moment);
      return count ? [{ moment, ...count }] : [];
    });
  }

  return {
    progress: async (number) => {
      await orderOf(orders, number);
      const rule = state.rules().find(({ order }) => order === number);
      if (!rule) return NO_ROLLOUT;
      const now = clock.now();
      const phase = phaseOf(rule, now);
      return cache.get(`${number} ${rule.revision} ${phase}`, () => progressOf(rule, phase));
    },
  };
}
