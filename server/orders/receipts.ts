/**
 * Devices' receipts. Stored first, so that a device can forget its copy; looked at afterwards, off the path on which ten thousand devices
 * report at once. Evidence is only what a device's own key has signed about a revision that it can have been given: one device that says
 * otherwise must not spoil what all the others say.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES, receiptSchema } from '../../shared/order/documents.ts';
import { keyidOf, payloadOf, type VerifyingKey } from '../../shared/order/dsse.ts';
import { signerOf } from '../../shared/pack/check-files.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { FleetPort, Log, ReceiptRow, ReceiptStore } from './ports.ts';

/** Signatures checked between two turns of the loop: about 10 ms of work. */
const AT_ONCE = 64;
/**
 * Real time. Verification waits for a lull, so that devices that all report an order at once have their acknowledgements before the server
 * looks at signatures; and no longer than that, whatever comes.
 */
const LULL = 50;
const LONGEST_WAIT = 5_000;
/** Real time. While receipts come in, whoever watches is told so often that there are more. */
const TELL_EVERY = 1_000;
/** Read from the store at once, of what was left unverified. */
const PAGE = 1_000;
const RETRY_AFTER = 60_000;

export interface Receipts {
  /** Resolves when it is durable. Throws `document_malformed`, `document_wrong_type`, `list_other_installation` or `conflict`. */
  store(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
  /** Verifies all that the store has unverified. What comes by `store` is verified soon after, by itself, and what cannot be is tried again. */
  verifyWaiting(): Promise<void>;
  stop(): Promise<void>;
}

/** The same receipt has the same number, by whichever way and however often it comes: 48 bits of its digest. */
const seqOf = (payload: Uint8Array): number => Number.parseInt(sha256(payload).slice(0, 12), 16);

export function createReceipts(ports: {
  readonly installation: string;
  readonly store: ReceiptStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly fleet: Pick<FleetPort, 'alarm'>;
  /** Devices have said, and it is theirs, that they wiped themselves. */
  readonly wiped: () => void;
  readonly log: Log;
}): Receipts {
  const { installation, store, clock, bus, fleet, wiped, log } = ports;
  let waiting: ReceiptRow[] = [];
  /** The store has some that do not stand in `waiting`. */
  let behind = false;
  let running: Promise<void> | null = null;
  let stopped = false;
  let lull: NodeJS.Timeout | null = null;
  let came = { first: 0, last: 0 };
  let telling: NodeJS.Timeout | null = null;
  let moreToTell = false;
  let cancelRetry: () => void = () => undefined;

  /** By device and generation. A device's receipts come together, one for the list and one for each service: its key is read once. */
  async function keysOf(rows: readonly ReceiptRow[]): Promise<Map<string, VerifyingKey[]>> {
    const keys = new Map<string, VerifyingKey[]>();
    const devices = new Set(rows.map(({ device }) => device));
    for (const { device, generation, der } of await store.deviceCertificates([...devices])) {
      const { publicKey: key } = new X509Certificate(Buffer.from(der, 'base64'));
      const whose = `${device} ${generation}`;
      keys.set(whose, [...(keys.get(whose) ?? []), { keyid: keyidOf(key), key }]);
    }
    return keys;
  }

  /** Null: nothing is against it. Asked of the store, since another node may have adopted it a moment ago. */
  async function objections(rows: readonly ReceiptRow[]): Promise<(row: ReceiptRow) => string | null> {
    const listings = await store.listings([...new Set(rows.map(({ receipt }) => receipt.order))]);
    const listed = new Map(listings.map(({ order, revision, list }) => [`${order} ${revision}`, list]));
    const keys = await keysOf(rows);
    return ({ device, generation, envelope, receipt: { order, revision, listVersion } }) => {
      // As strict as whoever checks a pack in which it stands.
      if (signerOf(envelope, keys.get(`${device} ${generation}`) ?? []) === null)
        return 'A receipt is not signed by a certificate of the device, once and by nothing else.';
      const list = listed.get(`${order} ${revision}`);
      if (list === undefined)
        return `A receipt is about revision ${revision} of order ${order}, which was never adopted.`;
      if (listVersion >= list) return null;
      return `A receipt names list ${listVersion} as the source of revision ${revision} of order ${order}, which first stood in list ${list}.`;
    };
  }

  async function verifyBatch(rows: readonly ReceiptRow[]): Promise<void> {
    const objection = await objections(rows);
    const genuine: ReceiptRow[] = [];
    const refused: ReceiptRow[] = [];
    for (const row of rows) {
      const against = objection(row);
      (against === null ? genuine : refused).push(row);
      if (against !== null) await fleet.alarm(row.device, 'receipt_invalid', against);
    }
    if (refused.length > 0) await store.mark(refused, 'refused');
    if (genuine.length === 0) return;
    await store.mark(genuine, 'evidence');
    if (genuine.some(({ receipt }) => receipt.kind === 'wiped')) wiped();
    tell();
  }

  function tell(): void {
    moreToTell = telling !== null;
    if (telling || stopped) return;
    bus.publish({ kind: 'receipts' });
    telling = setTimeout(() => {
      telling = null;
      if (moreToTell) tell();
    }, TELL_EVERY).unref();
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        if (waiting.length === 0 && behind) await takeUp();
        const rows = waiting.splice(0, AT_ONCE);
        if (rows.length === 0) return;
        await verifyBatch(rows);
      } catch (error) {
        // They are stored, unverified.
        log.warn({ err: error }, 'receipts could not be verified now; trying again');
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
        throw new CordonError('conflict', 'A device gives receipts for itself, in its present enrolment, alone.');
      }
      const row = { device, generation, seq: seqOf(payload), receipt, storedAt: clock.now(), envelope };
      await store.storeReceipt(row);
      waiting.push(row);
      verifySoon();
    },
    verifyWaiting: () => {
      behind = true;
      return kick();
    },
    stop: async () => {
      stopped = true;
      cancelRetry();
      if (lull) clearTimeout(lull);
      if (telling) clearTimeout(telling);
      await running;
    },
  };
}
