/**
 * Mailboxes of devices: the mail that orders allow a device to receive now, and the effect of orders on the other mail. Every read checks
 * the device's verdict. A suspended device thus receives nothing, even before the store is updated.
 */
import { isCordonError } from '../../shared/errors.ts';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import type { OrderRule, ServiceVerdict } from '../../shared/verdict/terms.ts';
import type { Bus, Wake } from '../bus/bus.ts';
import { decidingOrder } from './denials.ts';
import type {
  DecidingOrder,
  Enrollment,
  Log,
  MailboxCounters,
  MailboxFigures,
  MailboxStore,
  MailPage,
  OrdersPort,
  Wanted,
} from './ports.ts';

/** Real milliseconds between two maintenance runs. */
const LOOK_EVERY = 60_000;
/** Maintenance runs between two reconciliations, in case wakes were lost. */
const RECONCILE_EVERY = 10;
/** Mailboxes in one transaction: a disk sync for each would take minutes when an order affects a fleet. */
const TOGETHER = 32;
const ASKED_AT_ONCE = 1_000;

export interface Mailboxes {
  counters(enrollment: Enrollment): Promise<MailboxCounters>;
  /** Mail that the device may receive now. Throws `device_unknown`. */
  read(wanted: Omit<Wanted, 'dueOnly' | 'now'>): Promise<MailPage>;
  take(enrollment: Enrollment, through: number): Promise<void>;
  wake(devices: readonly DeviceId[]): void;
  /** Applies the devices' verdicts to their waiting mail, in the background. */
  settleSoon(devices: readonly DeviceId[]): void;
  /** Counts at the last maintenance run. */
  figures(): MailboxFigures;
  /** Removes expired mail. Every tenth call also reconciles mailboxes with orders. Runs every minute. */
  look(): Promise<void>;
  /** Reconciles mailboxes with orders from before the start, and starts the maintenance runs. */
  start(): Promise<void>;
  /** Resolves when no work is in progress. */
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
  let looks = 0;
  let stopped = false;
  /** Two decisions about one mailbox must not overlap: the older verdict could win. */
  const queue = createSerialQueue();

  const settling = new Loop({
    run: () =>
      queue(() => {
        const devices = [...unsettled];
        unsettled.clear();
        return settleAmong(devices);
      }),
    failed: failed('settle'),
  });
  const looking = new Loop({ run: () => queue(look), failed: failed('look'), every: LOOK_EVERY });

  /** The next run or the next start finds the same work again. */
  function failed(what: string) {
    return (error: unknown) =>
      log.warn({ err: error, what }, 'mailboxes could not be maintained; the server tries again');
  }

  const wakeSoon = createBatcher(
    async (devices: readonly DeviceId[]) => {
      bus.publish({ kind: 'mail', devices });
      return new Map<DeviceId, undefined>();
    },
    { most: Number.POSITIVE_INFINITY },
  );
  const wake = (devices: readonly DeviceId[]): void => {
    for (const device of devices) void wakeSoon(device);
  };

  const messagingOf = async (device: DeviceId): Promise<ServiceVerdict> =>
    (orders.effect.cachedVerdict(device) ?? (await orders.effect.verdict(device))).services.messaging;

  /** Undefined for an unknown device. */
  async function verdictOf(device: DeviceId): Promise<{ device: DeviceId; shut: DecidingOrder | null } | undefined> {
    try {
      return { device, shut: decidingOrder(await messagingOf(device), orders.adoption.rules()) };
    } catch (error) {
      if (isCordonError(error, 'device_unknown')) return undefined;
      throw error;
    }
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
          // Skip a device that no order denies messaging now or did before.
          return verdict && (verdict.shut || shut) ? [verdict] : [];
        }),
      );
      const concerned = verdicts.flat();
      if (concerned.length === 0) continue;
      wake(await store.settle(concerned, clock.now()));
      // Wake devices whose mail may now be delivered.
      wake(concerned.map(({ device }) => device));
    }
  }

  function settleSoon(devices: readonly DeviceId[]): void {
    for (const device of devices) unsettled.add(device);
    settling.request();
  }

  /** Settles the mailboxes that an active order may affect, and those to which an order was applied before. */
  async function reconcile(): Promise<void> {
    const now = clock.now();
    await settleAmong(await store.shut());
    for (const rule of orders.adoption.rules()) {
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
  let unsubscribe: () => void = () => undefined;

  return {
    counters: (enrollment) => store.counters(enrollment),
    async read(wanted) {
      const now = clock.now();
      const { allowed } = await messagingOf(wanted.device);
      return store.read({ ...wanted, dueOnly: !allowed, now });
    },
    take: async (enrollment, through) => wake(await store.take(enrollment, through, clock.now())),
    wake,
    settleSoon,
    figures: () => figures,
    look: () => looking.run(),
    async start() {
      unsubscribe = bus.subscribe(hear);
      await queue(reconcile).catch(failed('start'));
      await looking.run();
    },
    async stop() {
      stopped = true;
      unsubscribe();
      await Promise.all([settling.stop(), looking.stop()]);
    },
  };
}
