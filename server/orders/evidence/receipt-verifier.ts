/** Verifies receipts in batches, after the server has stored and acknowledged them, because many devices report at the same time. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Loop } from '../../../shared/loops/loop.ts';
import { keyidOf, type VerifyingKey } from '../../../shared/order/dsse.ts';
import { signerOf } from '../../../shared/pack/check-files.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { slices } from '../impact/rehearsal.ts';
import type { FleetPort, Log, ReceiptStore, UnverifiedReceipt } from '../ports.ts';

/** Number of receipts whose certificates the server reads together, and which it marks in one transaction. */
const BATCH = 512;
/** Number of signatures that the server verifies in one turn of the event loop, which takes about 10 ms. */
const AT_ONCE = 64;
/**
 * Duration in milliseconds (real time) without a new receipt, after which the server verifies the stored receipts. Devices that report at
 * the same time thus get their acknowledgments first. If receipts arrive without such a pause, verification starts after `LONGEST_WAIT`.
 */
const LULL = 50;
const LONGEST_WAIT = 5_000;
/** Minimum time in milliseconds (real time) between two updates of pages that show receipts. */
const WAKE_EVERY = 1_000;
const RETRY_AFTER = 60_000;
/** Maximum number of devices that one run skips, because the query names each of them. */
const MOST_SKIPPED = 1_000;

export interface ReceiptVerifier {
  /** Schedules the verification of receipts that were just stored. */
  verifySoon(): void;
  verifyWaiting(): Promise<void>;
  /** Number of devices whose receipts the last run could not verify, because a certificate in the store is unreadable. */
  unreadable(): number;
  stop(): Promise<void>;
}

interface DeviceKeys {
  /** Public keys by device and enrollment. */
  readonly keys: ReadonlyMap<string, readonly VerifyingKey[]>;
  /** Enrollments with an unreadable certificate. */
  readonly unreadable: ReadonlySet<string>;
}

const enrollmentOf = ({ device, generation }: Pick<UnverifiedReceipt, 'device' | 'generation'>): string =>
  `${device} ${generation}`;

/** Reads each device's keys only once, because several receipts of one device arrive together. */
async function keysOf(store: ReceiptStore, rows: readonly UnverifiedReceipt[]): Promise<DeviceKeys> {
  const keys = new Map<string, VerifyingKey[]>();
  const unreadable = new Set<string>();
  const devices = new Set(rows.map(({ device }) => device));
  for (const certificate of await store.deviceCertificates([...devices])) {
    const enrollment = enrollmentOf(certificate);
    const key = publicKeyIn(certificate.der);
    if (key === null) unreadable.add(enrollment);
    else keys.set(enrollment, [...(keys.get(enrollment) ?? []), { keyid: keyidOf(key), key }]);
  }
  return { keys, unreadable };
}

/** Public key of a stored certificate; null if the certificate is unreadable, such as after damage to the database. */
function publicKeyIn(der: string): KeyObject | null {
  try {
    return new X509Certificate(Buffer.from(der, 'base64')).publicKey;
  } catch {
    return null;
  }
}

/**
 * Result for a receipt whose signature cannot be checked, because the device's certificate in the store is unreadable. The server must not
 * refuse such a receipt.
 */
const UNREADABLE = Symbol('unreadable certificate');

/**
 * Returns a function that says why a receipt is no evidence, or null if it is. Reads the adopted revisions from the store, because another
 * server process may have just adopted one.
 */
async function objections(
  store: ReceiptStore,
  rows: readonly UnverifiedReceipt[],
): Promise<(row: UnverifiedReceipt) => string | typeof UNREADABLE | null> {
  const listings = await store.listings([...new Set(rows.map(({ receipt }) => receipt.order))]);
  const listed = new Map(listings.map(({ order, revision, list }) => [`${order} ${revision}`, list]));
  const { keys, unreadable } = await keysOf(store, rows);
  return (row) => {
    const { order, revision, listVersion } = row.receipt;
    const enrollment = enrollmentOf(row);
    // The verification of an evidence pack applies the same rules to receipts.
    if (signerOf(row.envelope, keys.get(enrollment) ?? []) === null)
      return unreadable.has(enrollment)
        ? UNREADABLE
        : 'A receipt does not have exactly one signature, by a certificate of the device.';
    const list = listed.get(`${order} ${revision}`);
    if (list === undefined)
      return `A receipt is about revision ${revision} of order ${order}, which was never adopted.`;
    if (listVersion >= list) return null;
    return `A receipt names list ${listVersion} as the source of revision ${revision} of order ${order}, which list ${list} contained first.`;
  };
}

/**
 * Returns a function that publishes an event: the first one immediately, and then at most one event every `interval` milliseconds (real
 * time).
 */
function createThrottle(publish: () => void, interval: number): { publish(): void; stop(): void } {
  let timer: NodeJS.Timeout | null = null;
  let more = false;
  let stopped = false;
  const throttled = () => {
    more = timer !== null;
    if (timer || stopped) return;
    publish();
    timer = setTimeout(() => {
      timer = null;
      if (more) throttled();
    }, interval).unref();
  };
  return {
    publish: throttled,
    stop: () => {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}

export function createReceiptVerifier(ports: {
  readonly store: ReceiptStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly fleet: Pick<FleetPort, 'alert'>;
  /** Callback after the verification of receipts in which devices confirm that they wiped their work data. */
  readonly wiped: () => void;
  readonly log: Log;
}): ReceiptVerifier {
  const { store, clock, bus, fleet, wiped, log } = ports;
  let lull: NodeJS.Timeout | null = null;
  let received = { first: 0, last: 0 };
  let unreadable = 0;
  const throttled = createThrottle(() => bus.publish({ kind: 'receipts' }), WAKE_EVERY);

  /** Reads the receipts from the store, because receipts in memory would delay garbage collection while thousands of devices report. */
  async function verifyWaiting(): Promise<void> {
    const skipped = new Set<DeviceId>();
    while (!loop.stopped && skipped.size < MOST_SKIPPED) {
      const receipts = await store.unverifiedReceipts(BATCH, [...skipped]);
      await verifyBatch(receipts, skipped);
      if (receipts.length < BATCH) break;
    }
    if (loop.stopped) return;
    if (skipped.size > unreadable)
      log.warn(
        { devices: [...skipped].slice(0, 10), count: skipped.size },
        'Certificates in the database are unreadable. The receipts of their devices wait.',
      );
    unreadable = skipped.size;
  }

  /** Verifies receipts. Adds a device to `skipped` if its receipts must wait. */
  async function verifyBatch(receipts: readonly UnverifiedReceipt[], skipped: Set<DeviceId>): Promise<void> {
    const objection = await objections(store, receipts);
    const verified: UnverifiedReceipt[] = [];
    const refused: { readonly receipt: UnverifiedReceipt; readonly reason: string }[] = [];
    for (const some of slices(receipts, AT_ONCE)) {
      for (const receipt of some) {
        const reason = objection(receipt);
        if (reason === UNREADABLE) skipped.add(receipt.device);
        else if (reason === null) verified.push(receipt);
        else refused.push({ receipt, reason });
      }
      await turn();
      if (loop.stopped) return;
    }
    for (const { receipt, reason } of refused) await fleet.alert(receipt.device, 'receipt_invalid', reason);
    if (refused.length > 0)
      await store.mark(
        refused.map(({ receipt }) => receipt),
        'refused',
      );
    if (verified.length === 0) return;
    await store.mark(verified, 'evidence');
    if (verified.some(({ receipt }) => receipt.kind === 'wiped')) wiped();
    throttled.publish();
  }

  const loop = new Loop({
    run: verifyWaiting,
    clock,
    retryAfter: RETRY_AFTER,
    failed: (error) => log.warn({ err: error }, 'Receipts could not be verified. The server tries again.'),
  });

  function afterLull(): void {
    const now = Date.now();
    const calm = now - received.last >= LULL || now - received.first >= LONGEST_WAIT;
    lull = calm ? null : setTimeout(afterLull, LULL).unref();
    if (calm) loop.request();
  }

  return {
    verifySoon: () => {
      const now = Date.now();
      received = { first: lull === null ? now : received.first, last: now };
      lull ??= setTimeout(afterLull, LULL).unref();
    },
    verifyWaiting: () => loop.run(),
    unreadable: () => unreadable,
    stop: async () => {
      if (lull) clearTimeout(lull);
      throttled.stop();
      await loop.stop();
    },
  };
}
