/**
 * Maintenance of mailboxes, and of the queues of the mail service: applies orders to waiting mail, and deletes expired mail. The two
 * services share the rules and have separate stores.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Bus, Wake } from '../bus/bus.ts';
import { decidingOrder, denialNotice } from './denials.ts';
import type { Log, MailboxFigures, OrdersPort, SettledDevice, WaitingStore } from './ports.ts';

/** Milliseconds (real time) between two maintenance runs. */
const RUN_EVERY = 60_000;
/**
 * Number of maintenance runs after which the server applies all orders to all affected mailboxes again, in case that notifications of
 * changes were lost.
 */
const RECONCILE_EVERY = 10;
/**
 * Number of mailboxes in one transaction. With one transaction for each mailbox, an order that affects many devices would need minutes for
 * disk syncs.
 */
const SETTLED_TOGETHER = 32;
const MOST_QUERIED = 1_000;

export interface MailboxMaintenance {
  settleSoon(devices: readonly DeviceId[]): void;
  figures(): MailboxFigures;
  /**
   * Runs the maintenance once; the server also runs it every minute. Each run deletes expired mail. Every tenth run also holds, releases or
   * returns waiting mail as the current orders require.
   */
  run(): Promise<void>;
  /** First applies orders to the mailboxes, because orders may have changed before the start. Then starts the maintenance runs. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Ports {
  /** Service that delivers the waiting entries of the store. An order that suspends this service decides about it. */
  readonly service: 'messaging' | 'mail';
  readonly store: WaitingStore;
  readonly orders: OrdersPort;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly log: Log;
  readonly wake: (devices: readonly DeviceId[]) => void;
}

export function createMailboxMaintenance(ports: Ports): MailboxMaintenance {
  const { store, clock, bus, log, wake } = ports;
  const settlement = createSettlement(ports);
  let figures: MailboxFigures = { entries: 0, bytes: 0, held: 0 };
  const unsettled = new Set<DeviceId>();
  let runs = 0;
  let stopped = false;
  /**
   * Queue for updates of mailboxes, which hold, release or return waiting mail as the orders require. Two updates of a mailbox must not
   * overlap, because the older one could overwrite the newer one.
   */
  const queue = createSerialQueue();

  const settling = new Loop({
    run: () =>
      queue(async () => {
        // Changes in the same turn of the event loop share one query. This happens, for example, when many devices enroll.
        await nextTurn();
        const devices = [...unsettled];
        unsettled.clear();
        return settlement.settle(devices);
      }),
    failed: failed('settle'),
  });
  const running = new Loop({ run: () => queue(run), failed: failed('look'), every: RUN_EVERY });

  /** A failure is only logged, because the next maintenance run or the next start of the server finds the unfinished work again. */
  function failed(what: string) {
    return (error: unknown) =>
      log.warn({ err: error, what }, 'mailboxes could not be maintained; the server tries again');
  }

  function settleSoon(devices: readonly DeviceId[]): void {
    for (const device of devices) unsettled.add(device);
    settling.request();
  }

  async function expire(): Promise<void> {
    for (let more = true; more && !stopped; ) {
      const expired = await store.expire(clock.now());
      wake(expired.senders);
      more = expired.more;
    }
  }

  async function run(): Promise<void> {
    runs += 1;
    await expire();
    if (runs % RECONCILE_EVERY === 0) await settlement.settleAll();
    figures = await store.figures();
  }

  const settleAfter = (wake: Wake) => {
    if (wake.kind === 'verdicts') settleSoon(wake.devices);
    if (wake.kind === 'device') settleSoon([wake.device]);
  };
  let unsubscribe: () => void = () => undefined;

  return {
    settleSoon,
    figures: () => figures,
    run: () => running.run(),
    async start() {
      unsubscribe = bus.subscribe(settleAfter);
      await queue(settlement.settleAll).catch(failed('start'));
      await running.run();
    },
    async stop() {
      stopped = true;
      settlement.stop();
      unsubscribe();
      await Promise.all([settling.stop(), running.stop()]);
    },
  };
}

function createSettlement({ service, store, orders, affectedBy, clock, wake }: Ports) {
  let stopped = false;
  const appealOf = (order: string) => orders.adoption.termsOf(order)?.appeal ?? null;

  async function verdictOf(device: DeviceId): Promise<SettledDevice | undefined> {
    try {
      const { services } = orders.effect.cachedVerdict(device) ?? (await orders.effect.verdict(device));
      const denial = decidingOrder(services[service], orders.adoption.rules());
      const notice = denial && denialNotice(services[service], denial, 'recipient', appealOf);
      return { device, denial, notice };
    } catch (error) {
      if (isCordonError(error, 'device_unknown')) return undefined;
      throw error;
    }
  }

  async function settleWaiting(waiting: Awaited<ReturnType<WaitingStore['waitingAmong']>>): Promise<void> {
    for (let from = 0; from < waiting.length && !stopped; from += SETTLED_TOGETHER) {
      const verdicts = await Promise.all(
        waiting.slice(from, from + SETTLED_TOGETHER).map(async ({ device, denied }) => {
          const verdict = await verdictOf(device);
          // Skip the device if no order denies it the service now, and no order did when its mailbox was last updated.
          return verdict && (verdict.denial || denied) ? [verdict] : [];
        }),
      );
      const affected = verdicts.flat();
      if (affected.length === 0) continue;
      wake(await store.settle(affected, clock.now()));
      wake(affected.map(({ device }) => device));
    }
  }

  async function settle(devices: readonly DeviceId[]): Promise<void> {
    for (let from = 0; from < devices.length && !stopped; from += MOST_QUERIED) {
      await settleWaiting(await store.waitingAmong(devices.slice(from, from + MOST_QUERIED)));
    }
  }

  return {
    settle,
    /**
     * Applies the current orders to all mailboxes that an active order may affect, and to all mailboxes to which an order was applied
     * earlier.
     */
    async settleAll(): Promise<void> {
      const now = clock.now();
      await settle(await store.denied());
      for (const rule of orders.adoption.rules()) {
        if (rule.services.has(service) && inForce(rule, now)) await settle(await affectedBy(rule));
      }
    },
    stop: () => {
      stopped = true;
    },
  };
}
