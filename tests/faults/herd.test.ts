/**
 * Case 58: thousands of devices, each with TLS, its own certificate and the agent's link, reconnect at the same time to a server that was
 * killed with -9 and restarted. `npm test` uses 1,000 devices, `npm run test:faults` 10,000. The test limits the server's memory and checks
 * the result, not the time.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { healthView } from '../../shared/api/health.ts';
import { Herd } from '../support/herd.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { linux } from '../support/tools.ts';
import { until } from '../support/until.ts';

const SIZE = process.env['CORDON_FAULTS'] ? 10_000 : 1_000;
const KIB = 1024;
const ALL_IN = Math.max(300_000, 150 * SIZE);
/**
 * Maximum memory of the server. An idle connection needs about 65 KiB (README.md). A connecting device may need the same again for its
 * handshake and for the order list. The rest is the heap of a new server, independent of the number of devices.
 */
const MOST_GROWTH = 2 * 65 * KIB * SIZE + 160 * KIB * KIB;

let folder: string;
let server: ServerProcess;
let operator: Operator;
let herd: Herd;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-herd-'));
  server = await startServerProcess();
  operator = await setUp(server.admin, server.firstOwner);
  herd = await Herd.start(folder, server, { size: SIZE, group: await operator.group('everyone', 'SE') });
  await everybodyIn();
}, 2 * ALL_IN);
afterAll(async () => {
  await herd?.kill();
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes a statement that adds about 250 KiB to the order list. A copy of the list for each device would exceed the memory bound. */
function longStatement(): Record<string, string> {
  const letters = [...'ABCDEFGHIJ'];
  const regions = letters.flatMap((first) => letters.map((second) => `en-${first}${second}`));
  const tags = regions.filter((tag) => Intl.getCanonicalLocales(tag)[0] === tag).slice(0, 60);
  return Object.fromEntries(tags.map((tag) => [tag, randomBytes(1_500).toString('hex')]));
}

const health = () => operator.as(operator.owner, 'GET', '/health', healthView);

const everybodyIn = () =>
  until(
    async () => {
      expect((await herd.states()).connected).toBe(SIZE);
      expect((await health()).connected).toBe(SIZE);
    },
    ALL_IN,
    250,
  );

function memoryOf(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
  return KIB * Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]);
}

it.skipIf(!linux().present)(
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
    await until(async () => expect((await herd.states()).connected).toBe(0));
    await server.start();
    const before = memoryOf('VmRSS');
    await herd.rush();

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
    await until(async () => expect((await herd.states()).connected).toBeGreaterThan(SIZE / 10), ALL_IN, 20);
    await operator.adopt(order);
    const inAtAdoption = (await herd.states()).connected;
    const { list } = await health();
    await everybodyIn();
    await until(async () => expect((await herd.states()).lists).toEqual({ [list?.version ?? 0]: SIZE }), ALL_IN, 250);
    over = true;
    await probing;

    const [peak, after] = [memoryOf('VmHWM') - before, memoryOf('VmRSS') - before].map((bytes) => bytes / KIB / SIZE);
    const { busy, lost } = await herd.states();
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
