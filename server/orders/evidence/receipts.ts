/**
 * Receipts of devices. The server stores a receipt first and verifies the signature later, because thousands of devices report an order at
 * the same time. A receipt is evidence only if the device's own key signed it and the device could have received the revision.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../../shared/errors.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES, receiptSchema } from '../../../shared/order/documents.ts';
import { keyidOf, payloadOf, type VerifyingKey } from '../../../shared/order/dsse.ts';
import { signerOf } from '../../../shared/pack/check-files.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { FleetPort, Log, ReceiptRow, ReceiptStore } from '../ports.ts';

/** Number of signatures that the server verifies between two turns of the event loop, which takes about 10 ms. */
const AT_ONCE = 64;
/**
 * Milliseconds of real time without a new receipt, after which verification starts. Devices that report at the same time thus get their
 * acknowledgments first. Verification waits for at most `LONGEST_WAIT`.
 */
const LULL = 50;
const LONGEST_WAIT = 5_000;
/** Milliseconds of real time between two updates of pages that show receipts. */
const WAKE_EVERY = 1_000;
const PAGE = 1_000;
const RETRY_AFTER = 60_000;
/** Maximum number of receipts of one device in a response. */
const MOST_OF_A_DEVICE = 500;

export type StoredReceipt = Pick<ReceiptRow, 'device' | 'generation' | 'receipt'>;

export interface Receipts {
  /**
   * Stores a receipt. Resolves when the receipt is durable. Throws `document_malformed`, `document_wrong_type`, `list_other_installation`
   * or `conflict`.
   */
  store(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
  /** Verified receipts about the order, newest first. */
  ofOrder(order: string): Promise<readonly StoredReceipt[]>;
  /** Verified receipts of the device, newest first. */
  ofDevice(device: DeviceId): Promise<readonly StoredReceipt[]>;
  /**
   * Verifies all unverified receipts in the store. The server also verifies new receipts soon after `store`, and repeats a failed
   * verification.
   */
  verifyWaiting(): Promise<void>;
  stop(): Promise<void>;
}

/** Number of a receipt, from 48 bits of its digest. The store thus keeps a repeated receipt once. */
const seqOf = (payload: Uint8Array): number => Number.parseInt(sha256(payload).slice(0, 12), 16);

/** Public keys of devices, by device and generation. Each key is read once, because several receipts of one device arrive together. */
async function keysOf(store: ReceiptStore, rows: readonly ReceiptRow[]): Promise<Map<string, VerifyingKey[]>> {
  const keys = new Map<string, VerifyingKey[]>();
  const devices = new Set(rows.map(({ device }) => device));
  for (const { device, generation, der } of await store.deviceCertificates([...devices])) {
    const { publicKey: key } = new X509Certificate(Buffer.from(der, 'base64'));
    const whose = `${device} ${generation}`;
    keys.set(whose, [...(keys.get(whose) ?? []), { keyid: keyidOf(key), key }]);
  }
  return keys;
}

/**
 * Reasons why receipts are no evidence; null for a receipt that is evidence. Reads the store, because another node may have just adopted
 * the revision.
 */
async function objections(
  store: ReceiptStore,
  rows: readonly ReceiptRow[],
): Promise<(row: ReceiptRow) => string | null> {
  const listings = await store.listings([...new Set(rows.map(({ receipt }) => receipt.order))]);
  const listed = new Map(listings.map(({ order, revision, list }) => [`${order} ${revision}`, list]));
  const keys = await keysOf(store, rows);
  return ({ device, generation, envelope, receipt: { order, revision, listVersion } }) => {
    // The verification of an evidence pack applies the same rules.
    if (signerOf(envelope, keys.get(`${device} ${generation}`) ?? []) === null)
      return 'A receipt does not have exactly one signature, by a certificate of the device.';
    const list = listed.get(`${order} ${revision}`);
    if (list === undefined)
      return `A receipt is about revision ${revision} of order ${order}, which was never adopted.`;
    if (listVersion >= list) return null;
    return `A receipt names list ${listVersion} as the source of revision ${revision} of order ${order}, which list ${list} contained first.`;
  };
}

/** Publishes an event at once, and then at most one event in `interval` milliseconds of real time. */
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

export function createReceipts(ports: {
  readonly installation: string;
  readonly store: ReceiptStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly fleet: Pick<FleetPort, 'alert'>;
  /** Callback after the verification of receipts in which devices confirm that they wiped their work data. */
  readonly wiped: () => void;
  readonly log: Log;
}): Receipts {
  const { installation, store, clock, bus, fleet, wiped, log } = ports;
  let waiting: ReceiptRow[] = [];
  /** True if the store has unverified receipts that are not in `waiting`. */
  let behind = false;
  let running: Promise<void> | null = null;
  let stopped = false;
  let lull: NodeJS.Timeout | null = null;
  let came = { first: 0, last: 0 };
  const throttled = createThrottle(() => bus.publish({ kind: 'receipts' }), WAKE_EVERY);
  let cancelRetry: () => void = () => undefined;

  async function verifyBatch(rows: readonly ReceiptRow[]): Promise<void> {
    const objection = await objections(store, rows);
    const genuine: ReceiptRow[] = [];
    const refused: ReceiptRow[] = [];
    for (const row of rows) {
      const against = objection(row);
      (against === null ? genuine : refused).push(row);
      if (against !== null) await fleet.alert(row.device, 'receipt_invalid', against);
    }
    if (refused.length > 0) await store.mark(refused, 'refused');
    if (genuine.length === 0) return;
    await store.mark(genuine, 'evidence');
    if (genuine.some(({ receipt }) => receipt.kind === 'wiped')) wiped();
    throttled.publish();
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        if (waiting.length === 0 && behind) await takeUp();
        const rows = waiting.splice(0, AT_ONCE);
        if (rows.length === 0) return;
        await verifyBatch(rows);
      } catch (error) {
        log.warn({ err: error }, 'Receipts could not be verified. The server tries again.');
        waiting = [];
        behind = true;
        cancelRetry();
        if (!stopped) cancelRetry = clock.at(clock.now() + RETRY_AFTER, () => void kick());
        return;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async function takeUp(): Promise<void> {
    const rows = await store.unverifiedReceipts(PAGE);
    behind = rows.length === PAGE;
    waiting.push(...rows);
  }

  function verifySoon(): void {
    const now = Date.now();
    came = { first: lull === null ? now : came.first, last: now };
    lull ??= setTimeout(afterLull, LULL).unref();
  }

  function afterLull(): void {
    const now = Date.now();
    const calm = now - came.last >= LULL || now - came.first >= LONGEST_WAIT;
    lull = calm ? null : setTimeout(afterLull, LULL).unref();
    if (calm) void kick();
  }

  function kick(): Promise<void> {
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  }

  return {
    store: async (device, generation, envelope) => {
      const payload = payloadOf(envelope, PAYLOAD_TYPES.receipt);
      const receipt = parseDocument(receiptSchema, payload);
      if (receipt.installation !== installation) {
        throw new CordonError('list_other_installation', `The receipt is for installation ${receipt.installation}.`);
      }
      if (receipt.device !== device || receipt.generation !== generation) {
        throw new CordonError('conflict', 'A device can send receipts only for itself and its current enrollment.');
      }
      const row = { device, generation, seq: seqOf(payload), receipt, storedAt: clock.now(), envelope };
      await store.storeReceipt(row);
      waiting.push(row);
      verifySoon();
    },
    ofOrder: (order) => store.receipts(order),
    ofDevice: (device) => store.receiptsOf(device, MOST_OF_A_DEVICE),
    verifyWaiting: () => {
      behind = true;
      return kick();
    },
    stop: async () => {
      stopped = true;
      cancelRetry();
      if (lull) clearTimeout(lull);
      throttled.stop();
      await running;
    },
  };
}
