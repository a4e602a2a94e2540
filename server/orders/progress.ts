/** How far an order has come, by devices' own signed words. */
import { setImmediate as turn } from 'node:timers/promises';
import { NOTICE_MOMENTS, type NoticeMoment } from '../../shared/order/documents.ts';
import { inTimeUntil, type NoticeCount } from '../../shared/order/notice-times.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { briefly } from './briefly.ts';
import { type OrderState, orderOf } from './order-state.ts';
import type { OrderStore } from './ports.ts';
import { type Rehearsal, type StandingStore, slices } from './rehearsal.ts';
import { readPayload } from './views.ts';

/** Several people watch one order, and are told once a second that receipts came in. */
const LASTING = 800;
const KEPT = 50;
/** Devices in a slice: some milliseconds. */
const SLICE = 500;

/** How many devices say each; see `orderProgress` in `shared/api/orders.ts`. */
export interface Told {
  readonly informed: number;
  readonly shown: number;
  readonly enforced: number;
  readonly restored: number;
  readonly newest: Instant | null;
}

/** Verified receipts of active devices' present enrolments. */
export interface ProgressStore {
  /** By moment, of these revisions of the order. `inTime`: of each moment that can be missed, until when a notice counts as one of it. */
  noticed(
    order: string,
    revisions: readonly number[],
    inTime: ReadonlyMap<NoticeMoment, Instant>,
  ): Promise<ReadonlyMap<NoticeMoment, NoticeCount>>;
  /** Who has said that the order closed something. */
  enforcedBy(order: string): Promise<DeviceId[]>;
  /** What so many devices say. */
  told(order: string, revision: number, devices: readonly DeviceId[]): Promise<Told>;
}

export interface Progress extends Told {
  readonly revision: number | null;
  readonly reached: number;
  readonly connected: number;
  /** In the order of the plan; those of which no device has said anything yet are left out. */
  readonly notices: readonly (NoticeCount & { readonly moment: NoticeMoment })[];
}

const NOTHING: Progress = {
  revision: null,
  reached: 0,
  connected: 0,
  informed: 0,
  shown: 0,
  enforced: 0,
  restored: 0,
  newest: null,
  notices: [],
};

export function createProgress(ports: {
  readonly store: Pick<OrderStore, 'order' | 'exemptions' | 'revisions'>;
  readonly told: ProgressStore;
  readonly standing: StandingStore;
  readonly state: OrderState;
  readonly rehearsal: Rehearsal;
  readonly clock: Clock;
}): { progress(order: string): Promise<Progress> } {
  const { store, told, standing, state, rehearsal, clock } = ports;
  const brief = briefly<Progress>({ lasting: LASTING, most: KEPT });

  /** Whom it denies something, now or from its effective time on; once it is over, who had enforced it and is to be restored. */
  async function reachedBy(rule: OrderRule, now: Instant): Promise<{ device: DeviceId; connected: boolean }[]> {
    const { order, revision } = rule;
    if (inForce(rule, Math.max(now, rule.effective))) {
      const exemptions = await store.exemptions(order, revision);
      const known = { listed: null, number: null, against: null, names: new Set<string>() };
      const whom = { ...known, at: 'effective', whom: 'denied' } as const;
      const { sets } = await rehearsal.rehearse({ rule, exemptions, ...whom });
      return sets.flatMap(({ devices, connected }) => devices.map((device) => ({ device, connected })));
    }
    const enforced = await told.enforcedBy(order);
    const found: { device: DeviceId; connected: boolean }[] = [];
    for (const some of slices(enforced, SLICE)) {
      const known = await standing.standing(some);
      for (const device of some) found.push({ device, connected: known.get(device)?.connected === true });
    }
    return found;
  }

  async function progressOf(rule: OrderRule, now: Instant): Promise<Progress> {
    const reached = await reachedBy(rule, now);
    const sum = { informed: 0, shown: 0, enforced: 0, restored: 0 };
    let newest: Instant | null = null;
    for (const some of slices(reached, SLICE)) {
      const devices = some.map(({ device }) => device);
      const said = await told.told(rule.order, rule.revision, devices);
      for (const each of ['informed', 'shown', 'enforced', 'restored'] as const) sum[each] += said[each];
      if (said.newest !== null) newest = Math.max(newest ?? 0, said.newest);
      await turn();
    }
    const connected = reached.filter((each) => each.connected).length;
    const notices = await noticesOf(rule);
    return { revision: rule.revision, reached: reached.length, connected, ...sum, newest, notices };
  }

  /** Of the date that stands now: another one was told of by itself. */
  async function noticesOf({ order, effective }: OrderRule): Promise<Progress['notices']> {
    const revisions = (await store.revisions(order))
      .filter(({ payload }) => Date.parse(readPayload(payload).terms.effective) === effective)
      .map(({ revision }) => revision);
    const inTime = new Map<NoticeMoment, Instant>();
    for (const moment of NOTICE_MOMENTS) {
      const until = inTimeUntil(moment, effective);
      if (until !== null) inTime.set(moment, until);
    }
    const noticed = await told.noticed(order, revisions, inTime);
    return NOTICE_MOMENTS.flatMap((moment) => {
      const said = noticed.get(moment);
      return said ? [{ moment, ...said }] : [];
    });
  }

  return {
    progress: async (number) => {
      await orderOf(store, number);
      const rule = state.rules().find(({ order }) => order === number);
      if (!rule) return NOTHING;
      const now = clock.now();
      return brief.get(`${number} ${rule.revision} ${inForce(rule, now)}`, () => progressOf(rule, now));
    },
  };
}
