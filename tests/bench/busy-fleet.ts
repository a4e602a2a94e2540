/**
 * 10,000 devices on one server process, with an order, a broadcast and 50 messages a second at the same time. The benchmark fails if a
 * message, a command or a receipt is lost. It has no floor: the notes list the latencies and the server's memory.
 */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../replay/rpc.ts';
import type { BusyHandlers, BusyResult } from './busy-fleet-process.ts';
import type { Fleet } from './fleet.ts';
import { type Bench, type Extent, FULL, type Sample, sized } from './measure.ts';
import { approve, heldOrder } from './order-act.ts';
import type { OrderAnswer } from './order-answers.ts';
import { pin, residentKiB } from './process.ts';
import { sealedText } from './seal.ts';
import { CLIENT_CORE, type Stage } from './stage.ts';

const DEVICES = 10_000;
/** Devices per process, with a margin below the limit of open files. */
const PER_PROCESS = 5_000;
const MESSAGES_PER_SECOND = 50;
const SECONDS = 30;
/** Parts of this time after which the order takes effect and the broadcast begins. */
const ORDER_AFTER = 5 / 30;
const BROADCAST_AFTER = 6 / 30;
/** Budget for the 99th percentile of a message's delivery, in milliseconds. */
const BUDGET = 3_000;

interface Times {
  readonly p50: number;
  readonly p99: number;
}

interface Measured {
  readonly message: { readonly stored: Times; readonly read: Times; readonly count: number };
  readonly command: Times;
  readonly receipts: Times;
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number };
}

function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function connectBusyFleet(stage: Stage, count: number): Promise<Child<BusyHandlers>[]> {
  const devices = await stage.devices(count);
  const has = await stage.versions();
  const children: Child<BusyHandlers>[] = [];
  const module = fileURLToPath(new URL('./busy-fleet-process.ts', import.meta.url));
  for (let from = 0; from < devices.length; from += PER_PROCESS) {
    const child = new Child<BusyHandlers>('a fleet', module, join(stage.folder, `busy-${from}.log`));
    children.push(child);
    pin(child.pid ?? 0, CLIENT_CORE);
    const some = devices.slice(from, from + PER_PROCESS);
    const credentials = some.map((device) => device.credentials);
    await child.call('connect', { devices: credentials, has, server: stage.devicePort });
  }
  return children;
}

/** The devices' reaction to order lists, in the form that `heldOrder` uses. */
const playOf = (children: readonly Child<BusyHandlers>[]): Pick<Fleet, 'play'> => ({
  async play(answer: OrderAnswer | null) {
    const before = await Promise.all(children.map((child) => child.call('react', answer)));
    return {
      async done() {
        await Promise.all(children.map((child, index) => child.call('listed', (before[index] ?? 0) + 1)));
        return { list: '', replies: [] };
      },
    };
  },
});

async function busyFleet(stage: Stage, extent: Extent): Promise<Measured> {
  const [count, seconds] = [sized(DEVICES, extent), sized(SECONDS, extent, 3)];
  const children = await connectBusyFleet(stage, count);
  const order = await heldOrder(stage, playOf(children), { services: ['mail'] });
  const { revision } = await stage.operator.act(order, { action: 'resume' });
  await approve(stage, order, revision, 0);
  const answer: OrderAnswer = { order, revision, kind: 'enforced', gate: 'closed', service: 'mail' };
  for (const child of children) await child.call('react', answer);
  await stage.collectGarbage();
  const before = residentKiB(stage.pid);
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, residentKiB(stage.pid))), 250);

  const body = (await sealedText()).toBase64();
  const perSecond = MESSAGES_PER_SECOND / children.length;
  for (const child of children) await child.call('begin', { body, perSecond, seconds });
  await delay(ORDER_AFTER * seconds * 1000);
  const orderAt = Date.now();
  const adopted = approve(stage, order, revision, 1);
  await delay((BROADCAST_AFTER - ORDER_AFTER) * seconds * 1000);
  const devices = (await stage.devices(count)).map(({ id }) => id);
  const broadcastAt = Date.now();
  await stage.post('/commands', { devices, command: { kind: 'message', text: 'The office is closed on Friday.' } });
  await adopted;
  const results = await Promise.all(children.map((child) => child.call('finish', null)));
  clearInterval(watch);
  await stage.collectGarbage();
  const after = residentKiB(stage.pid);
  for (const child of children) {
    await child.call('close', null);
    await child.kill();
  }
  requireAll(results);
  const of = (which: 'stored' | 'read' | 'commandAt' | 'receiptsAt', since = 0) =>
    timesOf(results.flatMap((result) => result[which].map((at) => at - since)));
  return {
    message: { stored: of('stored'), read: of('read'), count: results.reduce((sum, { sent }) => sum + sent, 0) },
    command: of('commandAt', broadcastAt),
    receipts: of('receiptsAt', orderAt),
    memory: { before, peak, after },
  };
}

/** Throws if a message, a command or a receipt is missing. */
function requireAll(results: readonly BusyResult[]): void {
  const count = (is: (result: BusyResult) => number) => results.reduce((sum, result) => sum + is(result), 0);
  const missing = {
    'messages that the server has not stored': count(({ sent, stored }) => sent - stored.length),
    'messages that have not arrived': count(({ sent, read }) => sent - read.length),
    'devices without the command': count(({ commandAt }) => commandAt.filter((at) => at === 0).length),
    'devices without stored receipts': count(({ receiptsAt }) => receiptsAt.filter((at) => at === 0).length),
  };
  const lost = Object.entries(missing).filter(([, number]) => number > 0);
  if (lost.length > 0) throw new Error(`lost: ${lost.map(([what, number]) => `${number} ${what}`).join(', ')}`);
}

const inMilliseconds = ({ p50, p99 }: Times): string => `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
const inMiB = (kib: number): string => `${Math.round(kib / 1024)} MiB`;

export function busyFleetBench(stage: Stage, extent: Extent = FULL): Bench {
  let measured: Measured | null = null;
  return {
    name: 'busy-fleet',
    unit: 'ms (p99 of a message)',
    budget: BUDGET,
    better: 'less',
    async run(): Promise<Sample[]> {
      measured = await busyFleet(stage, extent);
      return [{ value: measured.message.read.p99, floor: null, busy: null }];
    },
    async notes() {
      if (!measured) return [];
      const { message, command, receipts, memory } = measured;
      return [
        `${DEVICES} devices; nothing was lost of ${message.count} messages, ${DEVICES} commands and ${2 * DEVICES} receipts`,
        `message stored: ${inMilliseconds(message.stored)}; arrived: ${inMilliseconds(message.read)}`,
        `command arrived after the request: ${inMilliseconds(command)}`,
        `receipts stored after the approval: ${inMilliseconds(receipts)}`,
        `server memory: ${inMiB(memory.before)} before, ${inMiB(memory.peak)} at most, ${inMiB(memory.after)} afterward`,
      ];
    },
  };
}
