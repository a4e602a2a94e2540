import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { readKeyPackage } from '../../shared/seal/key-package.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { type AgentStore, openAgentStore } from '../store/agent-store.ts';
import { openWorkspace } from '../workspace/workspace.ts';
import { createKeyPackageStock, type KeyPackageStock } from './key-package-stock.ts';
import type { MessageStore } from './message-store.ts';
import { createVault, type Vault } from './vault.ts';

const DAY = 86_400_000;
const TARGET = 6;

let folder: string;
let file: AgentStore;
let store: MessageStore;
let vault: Vault;
let self: Self;
let now: number;
/** What lies at the server. */
let lying: { single: Uint8Array[]; lastResort: Uint8Array | null };
let requests: number;

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
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As after a start. */
const stockOf = (): KeyPackageStock =>
  createKeyPackageStock({
    ...{ store, vault, target: TARGET, self: () => self, now: () => now },
    service: {
      async handIn({ packages, lastResort, replace }) {
        requests += 1;
        if (replace) lying = { single: [], lastResort: null };
        lying.single.push(...packages);
        lying.lastResort = lastResort ?? lying.lastResort;
        return lying.single.length;
      },
    },
  });

const all = () => [...lying.single, lying.lastResort!];
const read = (packages: readonly Uint8Array[], at: number) =>
  Promise.all(packages.map((bytes) => readKeyPackage(bytes, at)));

it('hands in a stock once, and no more until a third of it is gone', async () => {
  const stock = stockOf();
  await stock.work();
  await stock.work();
  expect([lying.single.length, requests]).toEqual([TARGET, 1]);
  stock.left(TARGET - 1);
  await stock.work();
  expect(requests).toBe(1);
  const rest = lying.single.slice(2);
  lying.single = [...rest];
  stock.left(rest.length);
  await stock.work();
  expect(lying.single).toHaveLength(TARGET);
  expect(lying.single.slice(0, rest.length)).toEqual(rest);
});

it('replaces what nobody has used before it is too old for whoever claims it', async () => {
  await stockOf().work();
  for (const days of [20, 20, 20, 20, 20]) {
    now += days * DAY;
    const stock = stockOf();
    stock.left(lying.single.length);
    await stock.work();
    expect(lying.single).toHaveLength(TARGET);
    // Claimed now, it still brings its device in a month later.
    for (const { reference } of await read(all(), now + 30 * DAY)) expect(stock.find([reference])).not.toBeNull();
  }
});

it('keeps the halves of what was replaced for as long as an order may hold a welcome, and of a last resort while it may wait', async () => {
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

it('replaces everything when its halves are lost, also after a restart', async () => {
  const stock = stockOf();
  await stock.work();
  const before = all();
  stock.replaceAll();
  await stockOf().work();
  expect(lying.single).toHaveLength(TARGET);
  for (const bytes of all()) expect(before).not.toContainEqual(bytes);
});
