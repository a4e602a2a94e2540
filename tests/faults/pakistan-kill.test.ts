/**
 * The timeline of Pakistan in November 2015 with messages, played repeatedly with kill -9. Server and agents are killed before or after a
 * write, and restarted. The result must be the same as without kills: allowed messages arrive once and in order, suspended messages do not
 * arrive, and every device sends each receipt once. `CORDON_SEED` repeats the kills of an earlier run.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { receiptList } from '../../shared/api/affected-devices.ts';
import { alertList } from '../../shared/api/devices.ts';
import { orderList } from '../../shared/api/orders.ts';
import { userOf } from '../replay/message-desk.ts';
import { openPlayer, type Player } from '../replay/player.ts';
import { describeStep } from '../replay/telling.ts';
import { type ActOf, instantOf, parseTimeline, type Step } from '../replay/timeline.ts';
import { drawKillPoints, type KillPoint, type WritesOfSteps } from './kill-points.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 6);
const SEED = process.env['CORDON_SEED'] ?? String(randomInt(2 ** 31));
/** Maximum number of kills in one run of the timeline. With more, few steps would run without a kill. */
const KILLS_PER_RUN = 10;

const file = join(import.meta.dirname, '../timelines/pakistan-messages.json');
const timeline = parseTimeline(readFileSync(file, 'utf8'));
const sends = timeline.steps.filter((step): step is ActOf<'send'> => 'do' in step && step.do === 'send');
const refused = sends.filter((step) => step.expect !== undefined);
const accepted = sends.filter((step) => step.expect === undefined);
const find = <K extends 'propose' | 'withdraw'>(deed: K) =>
  timeline.steps.find((step): step is ActOf<K> => 'do' in step && step.do === deed);
const [proposed, withdrawn] = [find('propose'), find('withdraw')];
if (!proposed || !withdrawn) throw new Error('the timeline has no order that begins and ends');
const effective = instantOf(proposed.effective, timeline.zone);
const isActive = ({ at, number }: Step) => at >= effective && number < withdrawn.number;
const firstActiveStep = timeline.steps.find(isActive);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-pakistan-kill-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const crash = ({ number, at, said }: Step, who: string): Step => ({ number, at, said, do: 'crash', who });

interface Played {
  readonly writes: WritesOfSteps;
  /** Kill points at which a process was killed. */
  readonly died: readonly KillPoint[];
  /** All devices' receipts for the order, sorted. */
  readonly receipts: readonly string[];
  readonly seconds: number;
}

const lineOf = ({ step, moment, who, side, write, nth }: KillPoint) =>
  `  step ${step}, ${moment}: ${who} ${side} ${write} ${nth}`;

async function play(name: string, points: readonly KillPoint[]): Promise<Played> {
  const began = performance.now();
  const player = await openPlayer(timeline, join(folder, name), { mortal: true });
  try {
    await player.writes();
    const writes: WritesOfSteps[number][] = [];
    const died: KillPoint[] = [];
    for (const step of timeline.steps) {
      const planned = points.filter((point) => point.step === step.number);
      const before = player.mortals.fallen.length;
      for (const point of planned) await player.mortals.dieAt(point.who, point);
      const { failure } = await player.play(step);
      expect(failure, `step ${step.number} (${describeStep(step)}) of play ${name}, seed ${SEED}`).toBeNull();
      writes.push({ step, by: await player.writes() });
      const fallen = player.mortals.fallen.slice(before);
      for (const point of planned) {
        if (fallen.includes(point.who)) died.push(point);
        // The process did not reach that write in this run. It is killed after the step instead.
        else expect((await player.play(crash(step, point.who))).failure).toBeNull();
      }
      if (isActive(step)) await expectNoNewMessages(player);
    }
    await expectAllMessages(player);
    const receipts = await receiptsOf(player);
    return { writes, died, receipts, seconds: (performance.now() - began) / 1000 };
  } finally {
    await player.close();
  }
}

/** While the order is active, a suspended device has only the messages from before the effective time. */
async function expectNoNewMessages(player: Player): Promise<void> {
  const before = accepted.filter(({ at, to }) => to === 'karachi' && at < effective).map(({ text }) => text);
  const got = await player.fleet('karachi').received(0);
  expect(got.map(({ text }) => text)).toEqual(before);
}

async function expectAllMessages(player: Player): Promise<void> {
  for (const { from, text } of accepted) {
    const { state, missed } = (await player.fleet(from).said(text)) ?? {};
    expect({ text, state, missed }).toEqual({ text, state: 'delivered', missed: [] });
  }
  for (const { from, text } of refused) expect(await player.fleet(from).said(text)).toBeNull();
  for (const { label, count } of timeline.fleet) {
    const mine = accepted.filter(({ to }) => to === label).map(({ from, text }) => ({ from: userOf(from, 0), text }));
    for (let index = 0; index < count; index += 1) {
      expect(await player.fleet(label).received(index)).toEqual(index === 0 ? mine : []);
    }
  }
  expect((await player.owner.api.call('GET', '/alerts', alertList)).alerts).toEqual([]);
}

async function receiptsOf(player: Player): Promise<string[]> {
  const { api } = player.owner;
  const { orders } = await api.call('GET', '/orders', orderList);
  const found: string[] = [];
  for (const { label } of timeline.fleet) {
    for (const { device, index } of await player.fleet(label).states()) {
      const path = `/orders/${orders[0]?.number}/receipts?device=${device}`;
      const { receipts } = await api.call('GET', path, receiptList);
      const user = userOf(label, index);
      found.push(
        ...receipts.map(({ kind, revision, service, gate }) => `${user} ${kind} ${revision} ${service} ${gate}`),
      );
    }
  }
  return found.sort();
}

it(`case 54: Pakistan's timeline with messages has the same result when processes are killed with -9 at ${KILLS} points`, {
  timeout: 90_000 + KILLS * 20_000,
}, async () => {
  console.log(`CORDON_SEED=${SEED}`);
  const whole = await play('whole', []);
  const hours = new Set([firstActiveStep?.number ?? 0]);
  const total = whole.writes.reduce((sum, { by }) => sum + [...by.values()].flat().length, 0);
  console.log(`without kills: ${total} writes, ${whole.seconds.toFixed(1)} s\n  ${whole.receipts.join('\n  ')}`);
  const all: KillPoint[] = [];
  let died = 0;
  for (let from = 0; from < KILLS; from += KILLS_PER_RUN) {
    const name = `${from / KILLS_PER_RUN + 1}`;
    const points = drawKillPoints(`${SEED} ${name}`, Math.min(KILLS_PER_RUN, KILLS - from), whole.writes, hours);
    console.log([`play ${name}:`, ...points.map(lineOf)].join('\n'));
    const killed = await play(name, points);
    const missed = points.filter((point) => !killed.died.includes(point));
    const late = [
      'these writes were not reached, and the processes were killed after the step:',
      ...missed.map(lineOf),
    ];
    console.log([`${killed.seconds.toFixed(1)} s`, ...(missed.length > 0 ? late : [])].join('\n'));
    expect(killed.receipts).toEqual(whole.receipts);
    all.push(...points);
    died += killed.died.length;
  }
  expect(all).toHaveLength(KILLS);
  if (KILLS >= KILLS_PER_RUN)
    expect(new Set(all.map(({ who }) => who))).toEqual(new Set(['server', 'karachi', 'berlin']));
  // After other kills, some writes happen earlier or not at all.
  expect(died).toBeGreaterThan(KILLS / 2);
  console.log(`${KILLS} kills, ${died} of them in the middle of a write`);
});
