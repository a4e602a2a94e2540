/**
 * November 2015 in Pakistan with what people write meanwhile, played again and again with kill -9 in the middle of things: server and agents die in
 * front of or behind some write of theirs, and are started again. Nobody may see a difference: what may come comes once and in order, nothing comes
 * that may not, and every device says once what it enforced. `CORDON_SEED` plays the deaths of an earlier run again.
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

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 10);
const SEED = process.env['CORDON_SEED'] ?? String(randomInt(2 ** 31));
/** More in one play would leave little of it without a death. */
const A_PLAY = 10;

const file = join(import.meta.dirname, '../timelines/pakistan-messages.json');
const timeline = parseTimeline(readFileSync(file, 'utf8'));
const sends = timeline.steps.filter((step): step is ActOf<'send'> => 'do' in step && step.do === 'send');
const refused = sends.filter((step) => step.expect !== undefined);
const accepted = sends.filter((step) => step.expect === undefined);
const find = <K extends 'propose' | 'withdraw'>(deed: K) =>
  timeline.steps.find((step): step is ActOf<K> => 'do' in step && step.do === deed);
const [proposed, withdrawn] = [find('propose'), find('withdraw')];
if (!proposed || !withdrawn) throw new Error('no order comes and goes in the timeline');
const effective = instantOf(proposed.effective, timeline.zone);
const inForce = ({ at, number }: Step) => at >= effective && number < withdrawn.number;
const hour = timeline.steps.find(inForce);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-pakistan-kill-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const crash = ({ number, at, said }: Step, who: string): Step => ({ number, at, said, do: 'crash', who });

interface Played {
  readonly writes: WritesOfSteps;
  /** Those who died where they should. */
  readonly died: readonly KillPoint[];
  /** Every device's receipts of the order, sorted. */
  readonly receipts: readonly string[];
  readonly seconds: number;
}

const told = ({ step, moment, who, side, write, nth }: KillPoint) =>
  `  step ${step}, ${moment}: ${who} ${side} ${write} ${nth}`;

async function play(name: string, points: readonly KillPoint[]): Promise<Played> {
  const began = performance.now();
  const player = await openPlayer(timeline, join(folder, name), { mortal: true });
  try {
    await player.writes();
    const writes: WritesOfSteps[number][] = [];
    const died: KillPoint[] = [];
    for (const step of timeline.steps) {
      const doomed = points.filter((point) => point.step === step.number);
      const before = player.mortals.fallen.length;
      for (const point of doomed) await player.mortals.dieAt(point.who, point);
      const { failure } = await player.play(step);
      expect(failure, `step ${step.number} (${describeStep(step)}) of play ${name}, seed ${SEED}`).toBeNull();
      writes.push({ step, by: await player.writes() });
      const fallen = player.mortals.fallen.slice(before);
      for (const point of doomed) {
        if (fallen.includes(point.who)) died.push(point);
        // It did not come to that write this time: it dies after the step.
        else expect((await player.play(crash(step, point.who))).failure).toBeNull();
      }
      if (inForce(step)) await expectNothingNew(player);
    }
    await expectAllOfIt(player);
    const receipts = await receiptsOf(player);
    return { writes, died, receipts, seconds: (performance.now() - began) / 1000 };
  } finally {
    await player.close();
  }
}

/** Who may not be written to has what was sent before the hour, and nothing else. */
async function expectNothingNew(player: Player): Promise<void> {
  const before = accepted.filter(({ at, to }) => to === 'karachi' && at < effective).map(({ text }) => text);
  const got = await player.fleet('karachi').received(0);
  expect(got.map(({ text }) => text)).toEqual(before);
}

async function expectAllOfIt(player: Player): Promise<void> {
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
  const { receipts } = await api.call('GET', `/orders/${orders[0]?.number}/receipts`, receiptList);
  const names = new Map<string, string>();
  for (const { label } of timeline.fleet) {
    for (const { device, index } of await player.fleet(label).states()) names.set(device, userOf(label, index));
  }
  return receipts
    .map(({ device, kind, revision, service, gate }) => `${names.get(device)} ${kind} ${revision} ${service} ${gate}`)
    .sort();
}

it(`case 54: Pakistan's timeline with messages, killed with -9 at ${KILLS} points on the way, ends as it does without a death`, {
  timeout: 90_000 + KILLS * 20_000,
}, async () => {
  console.log(`CORDON_SEED=${SEED}`);
  const whole = await play('whole', []);
  const hours = new Set([hour?.number ?? 0]);
  const total = whole.writes.reduce((sum, { by }) => sum + [...by.values()].flat().length, 0);
  console.log(`without a death: ${total} writes, ${whole.seconds.toFixed(1)} s\n  ${whole.receipts.join('\n  ')}`);
  const all: KillPoint[] = [];
  let died = 0;
  for (let from = 0; from < KILLS; from += A_PLAY) {
    const name = `${from / A_PLAY + 1}`;
    const points = drawKillPoints(`${SEED} ${name}`, Math.min(A_PLAY, KILLS - from), whole.writes, hours);
    console.log([`play ${name}:`, ...points.map(told)].join('\n'));
    const killed = await play(name, points);
    const missed = points.filter((point) => !killed.died.includes(point));
    const late = ['it did not come to these, and who should have died there did after the step:', ...missed.map(told)];
    console.log([`${killed.seconds.toFixed(1)} s`, ...(missed.length > 0 ? late : [])].join('\n'));
    expect(killed.receipts).toEqual(whole.receipts);
    all.push(...points);
    died += killed.died.length;
  }
  expect(all).toHaveLength(KILLS);
  if (KILLS >= A_PLAY) expect(new Set(all.map(({ who }) => who))).toEqual(new Set(['server', 'karachi', 'berlin']));
  // Some writes come a moment earlier or not at all when others have died.
  expect(died).toBeGreaterThan(KILLS / 2);
  console.log(`${KILLS} kills, ${died} of them in the middle of a write`);
});
