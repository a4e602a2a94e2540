/**
 * Devices' receipts. Stored first, so that a device can forget its copy; verified afterwards, off the path on which ten thousand devices
 * report at once. Only what is verified is evidence.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES, receiptSchema } from '../../shared/order/documents.ts';
import { keyidOf, payloadOf, signedBy, type VerifyingKey } from '../../shared/order/dsse.ts';
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

export interface Receipts {
  /** Resolves when it is durable. Throws `document_malformed`, `document_wrong_type`, `list_other_installation` or `conflict`. */
  store(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
  /** Verifies what waits; resolves when nothing does. Runs by itself soon after `store`. */
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
  readonly log: Log;
}): Receipts {
  const { installation, store, clock, bus, fleet, log } = ports;
  let waiting: ReceiptRow[] = [];
  let running: Promise<void> | null = null;
  let stopped = false;
  let lull: NodeJS.Timeout | null = null;
  let came = { first: 0, last: 0 };
  let telling: NodeJS.Timeout | null = null;
  let moreToTell = false;

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

  async function verifyBatch(rows: readonly ReceiptRow[]): Promise<void> {
    const genuine: ReceiptRow[] = [];
    const keys = await keysOf(rows);
    for (const row of rows) {
      if (signedBy(row.envelope, keys.get(`${row.device} ${row.generation}`) ?? []).size > 0) genuine.push(row);
      else await fleet.alarm(row.device, 'receipt_invalid', 'A receipt is not signed by a certificate of the device.');
    }
    if (genuine.length === 0) return;
    await store.markVerified(genuine);
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
    while (waiting.length > 0 && !stopped) {
      const rows = waiting.splice(0, AT_ONCE);
      try {
        await verifyBatch(rows);
      } catch (error) {
        // They are stored, unverified, and `verifyWaiting` takes them up again.
        log.warn({ err: error, receipts: rows.length + waiting.length }, 'receipts could not be verified now');
        waiting = [];
        return;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
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
    verifyWaiting: async () => {
      await running;
      waiting.push(...(await store.unverifiedReceipts(10_000)));
      await kick();
    },
    stop: async () => {
      stopped = true;
      if (lull) clearTimeout(lull);
      if (telling) clearTimeout(telling);
      await running;
    },
  };
}
