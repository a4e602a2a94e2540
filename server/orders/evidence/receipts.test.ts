import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openAuthority } from '../../../certs/authority.ts';
import type { Receipt } from '../../../shared/order/documents.ts';
import { signerOf } from '../../../shared/order/dsse.ts';
import { makeReceipt } from '../../../shared/order/receipt.ts';
import { type DeviceId, newDeviceId } from '../../../shared/protocol/ids.ts';
import { DrivenClock } from '../../../shared/time/driven-clock.ts';
import { PASSPHRASE, prepareKeyFolder } from '../../../tests/support/custody.ts';
import { INSTALLATION, NOW } from '../../../tests/support/signed-documents.ts';
import type { Wake } from '../../bus/bus.ts';
import type { ReceiptRow } from '../ports.ts';
import { createReceipts, type Receipts } from './receipts.ts';

const device = newDeviceId();
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = signerOf(pair.privateKey);
let folder: string;
let der: string;
/** Unverified receipts in the store. */
let stored: ReceiptRow[];
let clock: DrivenClock;
/** Certificates in the store that cannot be parsed. */
let damaged: { device: DeviceId; generation: number; der: string }[];
/** Number of reads for which the database is still unavailable. */
let away: number;
let warnings: string[];
let verified: number;
let wakes: Wake['kind'][];
let receipts: Receipts;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-receipts-'));
  prepareKeyFolder(folder);
  const authority = openAuthority({ folder, passphrase: PASSPHRASE, organization: 'Test', serverNames: ['localhost'] });
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  const uris = [`urn:cordon:device:${device}:1`];
  der = authority.issue({ profile: 'device', spki, commonName: device, uris }).der.toString('base64');
  stored = [];
  clock = new DrivenClock(NOW);
  away = 0;
  damaged = [];
  warnings = [];
  verified = 0;
  wakes = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  receipts = createReceipts({
    installation: INSTALLATION,
    clock,
    bus: { publish: ({ kind }) => void wakes.push(kind), subscribe: () => () => undefined },
    wiped: () => undefined,
    fleet: { alert: async () => undefined },
    log: { warn: (_fields, message) => void warnings.push(message) },
    store: {
      storeReceipts: async (batch) => void stored.push(...batch.receipts),
      unverifiedReceipts: async (limit, without = []) =>
        stored.filter((row) => !without.includes(row.device)).slice(0, limit),
      mark: async (rows, as) => {
        const marked = new Set(rows.map(({ seq }) => seq));
        stored = stored.filter(({ seq }) => !marked.has(seq));
        if (as === 'evidence') verified += rows.length;
      },
      listings: async () => {
        if (away > 0) {
          away -= 1;
          throw new Error('the database is away');
        }
        return Array.from({ length: 200 }, (_, at) => ({ order: '2015-001', revision: at + 1, list: 1 }));
      },
      receipts: async () => [],
      receiptsOf: async () => [],
      deviceCertificates: async () => [{ device, generation: 1, der }, ...damaged],
    },
  });
});
afterEach(async () => {
  await receipts.stop();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const receiptAbout = (revision: number): Receipt => ({
  kind: 'delivered',
  listVersion: 1,
  order: '2015-001',
  revision,
  service: null,
  gate: null,
  installation: INSTALLATION,
  device,
  generation: 1,
  at: new Date(NOW).toISOString(),
});

async function comeIn(count: number, by = signer): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const receipt = receiptAbout(1 + (at % 200));
    const envelope = makeReceipt(receipt, by);
    stored.push({ device, generation: 1, seq: at, receipt, storedAt: NOW, envelope });
  }
  await receipts.verifyWaiting();
}

it('publishes at most one event a second while receipts arrive', async () => {
  await comeIn(200);
  expect([verified, wakes]).toEqual([200, ['receipts']]);
  await comeIn(1);
  await comeIn(1);
  expect(wakes).toHaveLength(1);
  vi.advanceTimersByTime(999);
  expect(wakes).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(wakes).toHaveLength(2);
  vi.advanceTimersByTime(10_000);
  expect(wakes).toHaveLength(2);
  await comeIn(1);
  expect(wakes).toHaveLength(3);
});

it('publishes no event for refused receipts, and none after the stop', async () => {
  await comeIn(1, signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
  expect([verified, wakes]).toEqual([0, []]);
  await comeIn(1);
  await comeIn(1);
  await receipts.stop();
  vi.advanceTimersByTime(10_000);
  expect(wakes).toHaveLength(1);
});

it('verifies receipts again after a failure, without a restart', async () => {
  away = 1;
  for (let revision = 1; revision <= 100; revision += 1) {
    await receipts.store(device, 1, makeReceipt(receiptAbout(revision), signer));
  }
  await vi.advanceTimersByTimeAsync(10_000);
  await vi.waitFor(() => expect(warnings).toHaveLength(1));
  expect(verified).toBe(0);
  // The second attempt also fails.
  away = 1;
  clock.jump(NOW + 60_000);
  await vi.waitFor(() => expect(warnings).toHaveLength(2));
  clock.jump(NOW + 120_000);
  await vi.waitFor(() => expect(verified).toBe(100));
  expect([stored, wakes]).toEqual([[], ['receipts']]);
});

it('verifies all stored receipts, over several reads', async () => {
  await comeIn(10_001);
  expect([verified, stored, warnings]).toEqual([10_001, [], []]);
});

it('verifies the other receipts if a certificate is unreadable, and the skipped ones after its repair', async () => {
  const other = newDeviceId();
  damaged = [{ device: other, generation: 1, der: Buffer.from('damaged').toString('base64') }];
  const late = { ...receiptAbout(1), device: other };
  // More receipts than one read returns, so that the skipped ones would fill every read.
  for (let seq = 1_000; seq < 1_600; seq += 1) {
    stored.push({
      device: other,
      generation: 1,
      seq,
      receipt: late,
      storedAt: NOW,
      envelope: makeReceipt(late, signer),
    });
  }
  await comeIn(3);
  expect([verified, stored.length, receipts.unreadable()]).toEqual([3, 600, 1]);
  expect(warnings).toHaveLength(1);
  damaged = [{ device: other, generation: 1, der }];
  await receipts.verifyWaiting();
  expect([verified, stored.length, receipts.unreadable()]).toEqual([603, 0, 0]);
});

it('verifies a receipt with a readable certificate of the same enrollment', async () => {
  damaged = [{ device, generation: 1, der: '' }];
  await comeIn(3);
  expect([verified, receipts.unreadable()]).toEqual([3, 0]);
});
