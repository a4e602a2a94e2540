import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CordonError } from '../../../shared/errors.ts';
import { newDeviceId } from '../../../shared/protocol/ids.ts';
import { readKeyPackage } from '../../../shared/seal/key-package.ts';
import { makeSigningKey } from '../../../shared/seal/signing-key.ts';
import type { Self } from '../../../shared/seal/terms.ts';
import { type AgentStore, openAgentStore } from '../../store/agent-store.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import type { MessageStore } from '../message-store.ts';
import { createKeyPackageStock, type KeyPackageStock } from './key-package-stock.ts';
import { createVault, type Vault } from './vault.ts';

const DAY = 86_400_000;
const TARGET = 6;

let folder: string;
let file: AgentStore;
let store: MessageStore;
let vault: Vault;
let self: Self;
let now: number;
/** Key packages on the server. */
let lying: { single: Uint8Array[]; lastResort: Uint8Array | null };
let requests: number;
/** Results of the next uploads, as the server and the device see them. */
let responses: ('refused' | 'accepted without a response')[];
let wakes: number[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-stock-'));
  file = openAgentStore({ file: join(folder, 'agent.db') });
  const device = newDeviceId();
  store = file.device(device).messaging;
  vault = createVault({ workspace: await openWorkspace(join(folder, 'workspace')), store });
  await vault.open();
  self = { device, generation: 1, key: await makeSigningKey() };
  now = Date.UTC(2026, 0, 1);
  lying = { single: [], lastResort: null };
  requests = 0;
  responses = [];
  wakes = [];
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the stock as after a start of the agent. */
const stockOf = (): KeyPackageStock =>
  createKeyPackageStock({
    store,
    vault,
    target: TARGET,
    self: () => self,
    now: () => now,
    wakeAt: (at) => void wakes.push(at),
    relay: {
      async upload({ packages, lastResort, replace }) {
        requests += 1;
        const response = responses.shift();
        if (response === 'refused') throw new CordonError('unavailable', 'not now');
        if (replace) lying = { single: [], lastResort: null };
        lying.single.push(...packages);
        lying.lastResort = lastResort ?? lying.lastResort;
        if (response) throw new CordonError('unavailable', 'nobody knows');
        return lying.single.length;
      },
    },
  });

const all = () => [...lying.single, lying.lastResort!];
const read = (packages: readonly Uint8Array[], at: number) =>
  Promise.all(packages.map((bytes) => readKeyPackage(bytes, at)));

it('uploads a stock once, and no more until a third of it is used', async () => {
  const stock = stockOf();
  await stock.work();
  await stock.work();
  expect([lying.single.length, requests]).toEqual([TARGET, 1]);
  stock.setRemaining(TARGET - 1);
  await stock.work();
  expect(requests).toBe(1);
  const rest = lying.single.slice(2);
  lying.single = [...rest];
  stock.setRemaining(rest.length);
  await stock.work();
  expect(lying.single).toHaveLength(TARGET);
  expect(lying.single.slice(0, rest.length)).toEqual(rest);
});

it('replaces unused packages before they are too old for other devices', async () => {
  await stockOf().work();
  for (const days of [20, 20, 20, 20, 20]) {
    now += days * DAY;
    const stock = stockOf();
    stock.setRemaining(lying.single.length);
    await stock.work();
    expect(lying.single).toHaveLength(TARGET);
    // A key package that is claimed now is still usable a month later.
    for (const { reference } of await read(all(), now + 30 * DAY)) expect(stock.find([reference])).not.toBeNull();
  }
});

it('keeps private halves of replaced packages as long as an order may hold a welcome', async () => {
  const stock = stockOf();
  await stock.work();
  const [early, resort] = await read([lying.single[0]!, lying.lastResort!], now);
  now += 56 * DAY;
  await stock.work();
  const [late] = await read(lying.single.slice(0, 1), now);
  expect(late?.reference).not.toBe(early?.reference);
  now += 30 * DAY;
  await stock.work();
  for (const { reference } of [early!, resort!]) expect(stock.find([reference])).not.toBeNull();
  now += 35 * DAY;
  await stock.work();
  expect(stock.find([resort!.reference])).toBeNull();
  now += 275 * DAY;
  await stock.work();
  expect(stock.find([early!.reference])).not.toBeNull();
  now += 35 * DAY;
  await stock.work();
  expect(stock.find([early!.reference])).toBeNull();
  expect(stock.find([late!.reference])).not.toBeNull();
});

it('replaces all packages when the private halves are lost, also after a restart', async () => {
  const stock = stockOf();
  await stock.work();
  const before = all();
  stock.replaceAll();
  await stockOf().work();
  expect(lying.single).toHaveLength(TARGET);
  for (const bytes of all()) expect(before).not.toContainEqual(bytes);
});

const failing = (stock: KeyPackageStock) => expect(stock.work()).rejects.toMatchObject({ code: 'unavailable' });
const halves = () => store.keyPackages().length;
/** Each key package on the server has its private half on the device, and no key package is on the server twice. */
const allFit = async (stock: KeyPackageStock) => {
  const references = (await read(all(), now)).map(({ reference }) => reference);
  expect([lying.single.length, new Set(references).size]).toEqual([TARGET, TARGET + 1]);
  for (const reference of references) expect(stock.find([reference])).not.toBeNull();
};

it.each(['refused', 'accepted without a response'] as const)(
  'makes no further packages after failed uploads, also after restarts: %s',
  async (response) => {
    responses = Array(12).fill(response);
    for (let round = 0; round < 12; round += 1) {
      await failing(stockOf());
      expect(halves()).toBe(TARGET + 1);
    }
    const stock = stockOf();
    await stock.work();
    await allFit(stock);
    expect(halves()).toBeLessThanOrEqual(2 * TARGET + 1);
    // The same holds for key packages that are used later, and for an old last-resort key package.
    now += 15 * DAY;
    lying.single.splice(0, 4);
    const before = halves();
    const resort = lying.lastResort;
    for (let round = 0; round < 12; round += 1) {
      responses = [response];
      const started = stockOf();
      started.setRemaining(lying.single.length);
      await failing(started);
      expect(halves()).toBe(before + 4 + 1);
    }
    const later = stockOf();
    await later.work();
    await allFit(later);
    expect(halves()).toBe(before + 4 + 1);
    expect(lying.lastResort).not.toEqual(resort);
  },
);

it('does not upload packages again that the server has received', async () => {
  const stock = stockOf();
  await stock.work();
  lying.single.splice(0, 5);
  stock.setRemaining(lying.single.length);
  responses = ['accepted without a response'];
  await failing(stock);
  const given = lying.single.splice(1, 2);
  stock.soon();
  await stock.work();
  for (const one of given) expect(lying.single).not.toContainEqual(one);
  await allFit(stock);
});

it('waits longer after each failed upload, until a new connection', async () => {
  const stock = stockOf();
  responses = ['refused', 'refused'];
  await failing(stock);
  await stock.work();
  expect([requests, wakes]).toEqual([1, [now + 5_000, now + 5_000]]);
  now += 5_000;
  await failing(stock);
  now += 9_999;
  await stock.work();
  expect([requests, wakes.at(-1)]).toEqual([2, now + 1]);
  stock.soon();
  await stock.work();
  await allFit(stock);
});
