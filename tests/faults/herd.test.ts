/**
 * Case 58: thousands of devices, each with TLS, its own certificate and the agent's link, reconnect at the same time to a server that was
 * killed with -9 and restarted. `npm test` uses 1,000 devices, `npm run test:faults` 10,000. The test limits the server's memory and checks
 * the result, not the time.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../server/store/database.ts';
import { healthView } from '../../shared/api/health.ts';
import { newDeviceId, randomBase32 } from '../../shared/protocol/ids.ts';
import type { Code } from '../bench/bench-device.ts';
import { Child } from '../replay/rpc.ts';
import type { HerdHandlers, HerdState } from '../support/herd-process.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { addPerson } from '../support/persons.ts';
import { programPath } from '../support/programs.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const SIZE = process.env['CORDON_FAULTS'] ? 10_000 : 1_000;
const PER_PROCESS = 5_000;
const KIB = 1024;
const DAY = 86_400_000;
const ALL_IN = Math.max(300_000, 150 * SIZE);
/**
 * Maximum memory of the server. An idle connection needs about 65 KiB (README.md). A connecting device may need the same again for its
 * handshake and for the order list. The rest is the heap of a new server, independent of the number of devices.
 */
const MOST_GROWTH = 2 * 65 * KIB * SIZE + 160 * KIB * KIB;

let folder: string;
let server: ServerProcess;
let operator: Operator;
const processes: Child<HerdHandlers>[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-herd-'));
  server = await startServerProcess();
  operator = await setUp(server.admin, server.firstOwner);
  const codes = await activationCodes(await operator.group('everyone', 'SE'));
  const module = programPath('tests/support/herd-process.ts');
  const rootPem = readFileSync(join(server.home, 'keys/root.crt'), 'utf8');
  for (let from = 0; from < SIZE; from += PER_PROCESS) {
    const child = new Child<HerdHandlers>('a herd', module, join(folder, `herd-${from}.log`));
    processes.push(child);
    await child.call('enroll', { codes: codes.slice(from, from + PER_PROCESS), publicUrl: server.public });
    await child.call('open', { deviceUrl: server.device, rootPem });
  }
  await everybodyIn();
}, 2 * ALL_IN);
afterAll(async () => {
  for (const child of processes) await child.kill();
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes activation codes directly into the store, because an admin creates them one by one. */
async function activationCodes(group: string): Promise<Code[]> {
  const database = await openDatabase({ file: join(server.home, 'cordon.db') });
  const codes = Array.from({ length: SIZE }, () => ({ id: newDeviceId(), secret: randomBase32(16) }));
  const person = await database.transaction((tx) => addPerson(tx, 'Herd', group));
  const created_at = Date.now();
  const fixed = { person_id: person, group_id: group, home: null, seat: null, created_by: 'herd', created_at };
  for (let from = 0; from < SIZE; from += 500) {
    const rows = codes.slice(from, from + 500).map(({ id, secret }) => ({
      ...fixed,
      id,
      secret_hash: createHash('sha256').update(secret).digest('hex'),
      expires_at: created_at + DAY,
      used_at: null,
      canceled_at: null,
    }));
    await database.db.insertInto('activation_codes').values(rows).execute();
  }
  await database.close();
  return codes;
}

/** Makes a statement that adds about 250 KiB to the order list. A copy of the list for each device would exceed the memory bound. */
function longStatement(): Record<string, string> {
  const letters = [...'ABCDEFGHIJ'];
  const regions = letters.flatMap((first) => letters.map((second) => `en-${first}${second}`));
  const tags = regions.filter((tag) => Intl.getCanonicalLocales(tag)[0] === tag).slice(0, 60);
  return Object.fromEntries(tags.map((tag) => [tag, randomBytes(1_500).toString('hex')]));
}

async function states(): Promise<HerdState> {
  const all = await Promise.all(processes.map((child) => child.call('state', null)));
  const lists: Record<number, number> = {};
  for (const state of all) {
    for (const [version, count] of Object.entries(state.lists)) {
      lists[Number(version)] = (lists[Number(version)] ?? 0) + count;
    }
  }
  return {
    connected: all.reduce((sum, { connected }) => sum + connected, 0),
    busy: all.reduce((sum, one) => sum + one.busy, 0),
    lost: all.flatMap(({ lost }) => lost),
    lists,
  };
}

const health = () => operator.as(operator.owner, 'GET', '/health', healthView);

const everybodyIn = () =>
  until(
    async () => {
      expect((await states()).connected).toBe(SIZE);
      expect((await health()).connected).toBe(SIZE);
    },
    ALL_IN,
    250,
  );

function memoryOf(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
  return KIB * Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]);
}

it.skipIf(process.platform !== 'linux')(
  `case 58: ${SIZE} devices that reconnect at once all get in, and admins and an order do not wait for them`,
  async () => {
    const statement = longStatement();
    const order = await operator.propose({
      title: 'Adopted during the herd',
      services: ['mail'],
      areas: ['AQ'],
      nexus: ['home'],
      effective: '2099-01-01T00:00:00Z',
      unknown: 'allow',
      contested: 'allow',
      travelers: 'deny',
      authority: 'Regulator',
      addressee: 'operators',
      instrument: 'directive 1',
      statement,
      authoritativeLanguage: Object.keys(statement)[0],
    });
    await server.kill();
    await until(async () => expect((await states()).connected).toBe(0));
    await server.start();
    const before = memoryOf('VmRSS');
    await Promise.all(processes.map((child) => child.call('rush', null)));

    let over = false;
    const waits: number[] = [];
    const probing = (async () => {
      while (!over) {
        const begun = performance.now();
        const signal = AbortSignal.timeout(30_000);
        expect((await fetch(`${server.admin}/readyz`, { signal })).status).toBe(200);
        await health();
        waits.push(performance.now() - begun);
        await delay(100);
      }
    })();
    await until(async () => expect((await states()).connected).toBeGreaterThan(SIZE / 10), ALL_IN, 20);
    await operator.adopt(order);
    const inAtAdoption = (await states()).connected;
    const { list } = await health();
    await everybodyIn();
    await until(async () => expect((await states()).lists).toEqual({ [list?.version ?? 0]: SIZE }), ALL_IN, 250);
    over = true;
    await probing;

    const [peak, after] = [memoryOf('VmHWM') - before, memoryOf('VmRSS') - before].map((bytes) => bytes / KIB / SIZE);
    const { busy, lost } = await states();
    console.log(
      `${SIZE} devices: ${inAtAdoption} were in when the order was adopted; ${busy} answered with 503; ` +
        `${Math.round(peak ?? 0)} KiB a device at the peak, ${Math.round(after ?? 0)} after; ` +
        `${waits.length} probes, the longest ${Math.round(Math.max(...waits))} ms`,
    );
    expect(lost).toEqual([]);
    expect(waits.length).toBeGreaterThan(3);
    expect(memoryOf('VmHWM') - before).toBeLessThan(MOST_GROWTH);
    expect(server.output()).not.toMatch(/"level":(50|60)/);
  },
  ALL_IN * 3,
);
