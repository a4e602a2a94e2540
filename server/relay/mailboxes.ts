/**
 * What waits for a device, as far as orders let it have it now, and what they do with the rest. The truth is in the store; verdicts are asked for
 * at each reading, so that a device gets nothing from the instant on at which it may not, whether the store has been settled by then or not.
 */
import { isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import type { OrderRule, ServiceVerdict } from '../../shared/verdict/terms.ts';
import type { Bus, Wake } from '../bus/bus.ts';
import { shutBy } from './denials.ts';
import type {
  Enrolment,
  Log,
  MailboxCounters,
  MailboxFigures,
  MailboxStore,
  MailPage,
  OrdersPort,
  Shut,
  Wanted,
} from './ports.ts';

/** Real time. */
const LOOK_EVERY = 60_000;
/** Every so many looks, wakes that were lost are made up for. */
const RECONCILE_EVERY = 10;
/** Mailboxes that are settled in one transaction: a disk sync for each would take minutes when an order reaches a fleet. */
const TOGETHER = 32;
const ASKED_AT_ONCE = 1_000;

export interface Mailboxes {
  counters(enrolment: Enrolment): Promise<MailboxCounters>;
  /** What the device may have now. Throws `device_unknown`. */
  read(wanted: Omit<Wanted, 'dueOnly' | 'now'>): Promise<MailPage>;
  take(enrolment: Enrolment, through: number): Promise<void>;
  /** They have something to fetch. */
  wake(devices: readonly DeviceId[]): void;
  /** Brings what waits for them in line with their verdicts, behind whatever else the loop has to do. */
  settleSoon(devices: readonly DeviceId[]): void;
  /** As of the last look. */
  figures(): MailboxFigures;
  /** Removes what has expired, and at every tenth call makes up for wakes that were lost. By itself every minute. */
  look(): Promise<void>;
  /** Takes up what came due while nothing ran, and looks after it from now on. */
  start(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export function createMailboxes(ports: {
  readonly store: MailboxStore;
  readonly orders: OrdersPort;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
}): Mailboxes {
  const { store, orders, affectedBy, clock, bus, log } = ports;
  let figures: MailboxFigures = { entries: 0, bytes: 0, held: 0 };
  const unsettled = new Set<DeviceId>();
  let woken = new Set<DeviceId>();
  let running: Promise<void> = Promise.resolve();
  let looks = 0;
  let stopped = false;

  function wake(devices: readonly DeviceId[]): void {
    if (devices.length === 0) return;
    if (woken.size === 0) {
      setImmediate(() => {
        const all = [...woken];
        woken = new Set();
        bus.publish({ kind: 'mail', devices: all });
      });
    }
    for (const device of devices) woken.add(device);
  }

  const messagingOf = async (device: DeviceId): Promise<ServiceVerdict> =>
    (orders.cachedVerdict(device) ?? (await orders.verdict(device))).services.messaging;

  /** Undefined for a device that does not exist. */
  async function verdictOf(device: DeviceId): Promise<{ device: DeviceId; shut: Shut | null } | undefined> {
    try {
      return { device, shut: shutBy(await messagingOf(device), orders.rules()) };
    } catch (error) {
      if (isCordonError(error, 'device_unknown')) return undefined;
      throw error;
    }
  }

  /** One after the other, and between two of them others have their turn. */
  function inTurn(work: () => Promise<void>, what: string): Promise<void> {
    running = running.then(work).catch((error: unknown) => {
      // Nothing is lost by it: the next look, or the next start, finds it again.
      log.warn({ err: error, what }, 'mailboxes could not be looked after; trying again');
    });
    return running;
  }

  async function settleAmong(devices: readonly DeviceId[]): Promise<void> {
    for (let from = 0; from < devices.length && !stopped; from += ASKED_AT_ONCE) {
      await settleWaiting(await store.waitingAmong(devices.slice(from, from + ASKED_AT_ONCE)));
    }
  }

  async function settleWaiting(waiting: Awaited<ReturnType<MailboxStore['waitingAmong']>>): Promise<void> {
    for (let from = 0; from < waiting.length && !stopped; from += TOGETHER) {
      const some = waiting.slice(from, from + TOGETHER);
      const verdicts = await Promise.all(
        some.map(async ({ device, shut }) => {
          const verdict = await verdictOf(device);
          // Nothing denies it, and nothing did.
          return verdict && (verdict.shut || shut) ? [verdict] : [];
        }),
      );
      const concerned = verdicts.flat();
      if (concerned.length === 0) continue;
      wake(await store.settle(concerned, clock.now()));
      // They may have come to have what was kept from them, or what their order lets through.
      wake(concerned.map(({ device }) => device));
    }
  }

  /** Those that come while others are settled are settled together afterwards. */
  function settleSoon(devices: readonly DeviceId[]): void {
    if (stopped || devices.length === 0) return;
    if (unsettled.size === 0) {
      void inTurn(() => {
        const all = [...unsettled];
        unsettled.clear();
        return settleAmong(all);
      }, 'settle');
    }
    for (const device of devices) unsettled.add(device);
  }

  /** Found by the rules' own index, and by what was shut before. */
  async function reconcile(): Promise<void> {
    const now = clock.now();
    await settleAmong(await store.shut());
    for (const rule of orders.rules()) {
      if (rule.services.has('messaging') && inForce(rule, now)) await settleAmong(await affectedBy(rule));
    }
  }

  async function expire(): Promise<void> {
    for (let more = true; more && !stopped; ) {
      const expired = await store.expire(clock.now());
      wake(expired.told);
      more = expired.more;
    }
  }

  async function look(): Promise<void> {
    looks += 1;
    await expire();
    if (looks % RECONCILE_EVERY === 0) await reconcile();
    figures = await store.figures();
  }

  const hear = (heard: Wake) => {
    if (heard.kind === 'verdicts') settleSoon(heard.devices);
    if (heard.kind === 'device') settleSoon([heard.device]);
  };
  let cancel: () => void = () => undefined;

  return {
    counters: (enrolment) => store.counters(enrolment),
    async read(wanted) {
      const now = clock.now();
      const { allowed } = await messagingOf(wanted.device);
      return store.read({ ...wanted, dueOnly: !allowed, now });
    },
    take: async (enrolment, through) => wake(await store.take(enrolment, through, clock.now())),
    wake,
    settleSoon,
    figures: () => figures,
    look: () => inTurn(look, 'look'),
    async start() {
      const unsubscribe = bus.subscribe(hear);
      const timer = setInterval(() => void inTurn(look, 'look'), LOOK_EVERY);
      timer.unref();
      cancel = () => {
        unsubscribe();
        clearInterval(timer);
      };
      await inTurn(async () => {
        await reconcile();
        await look();
      }, 'start');
    },
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}
