/**
 * Where to kill whom in a timeline, drawn from what a play of it without a death has written. The same seed draws the same points: each candidate has its
 * place by a hash of its own, so that one more or one less, as timing has it, moves no other.
 */
import { createHash } from 'node:crypto';
import type { Writes } from '../replay/mortals.ts';
import type { Act, Step } from '../replay/timeline.ts';
import type { DeathAt } from '../support/mortal-writes.ts';

/** By step: who wrote what, in order. */
export type WritesOfSteps = readonly { readonly step: Step; readonly by: Writes }[];

export interface KillPoint extends DeathAt {
  readonly moment: string;
  readonly step: number;
  readonly who: string;
}

/** What is under way, by step and by what is written. `hour`: the step that an order's effective time comes with; `all`: what the same one writes in it. */
type Moment = readonly [
  name: string,
  is: (step: Step, write: string, context: { readonly hour: boolean; readonly all: readonly string[] }) => boolean,
];
const acts = (step: Step, ...deeds: Act['do'][]) => 'do' in step && deeds.includes(step.do);
const MOMENTS: readonly Moment[] = [
  [
    'an order is proposed and approved',
    (step, write) => acts(step, 'propose', 'approve') && / (order\w*|ledger_\w+|document|event|outbox)$/.test(write),
  ],
  [
    'a message is under way',
    (step, write) =>
      acts(step, 'send', 'online') && / (posts?|mailbox(es|_entries)?|history|conversation)$/.test(write),
  ],
  [
    'an order comes into force',
    // Whoever is concerned: a server that carries it out, a device that shuts gates.
    (_step, write, { hour, all }) =>
      hour &&
      all.some((one) => one === 'insert gate' || one === 'insert order_executions') &&
      / (gate|outbox|order_\w+|receipts|ledger_\w+)$/.test(write),
  ],
  [
    'what was held is released',
    (step, write) => acts(step, 'withdraw') && / (posts?|mailbox(es|_entries)?|history|gate|order_\w+)$/.test(write),
  ],
  ['receipts come in', (_step, write) => / receipts?$/.test(write)],
];

/** `most` of them, in the order of their steps: moments take turns, and in each of them everybody does. In a step nobody dies twice. */
export function drawKillPoints(
  seed: string,
  most: number,
  writes: WritesOfSteps,
  hours: ReadonlySet<number>,
): KillPoint[] {
  const place = ({ step, who, write, nth, side }: KillPoint) =>
    createHash('sha256').update(`${seed} ${step} ${who} ${write} ${nth} ${side}`).digest('hex');
  const candidates = writes
    .flatMap(({ step, by }) => [...by].flatMap(([who, names]) => pointsOf(step, who, names, hours.has(step.number))))
    .map((point) => ({ point, place: place(point) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ point }) => point);
  const drawn: KillPoint[] = [];
  const first = createHash('sha256').update(seed).digest()[0] ?? 0;
  const free = ({ step, who }: KillPoint) => !drawn.some((one) => one.step === step && one.who === who);
  const moments = Map.groupBy(candidates, ({ moment }) => moment);
  const names = MOMENTS.map(([name]) => name).filter((name) => moments.has(name));
  // Enough turns for everybody at every moment, so that only what is taken already ends it early.
  for (let turn = 0; drawn.length < most && turn < most * candidates.length; turn += 1) {
    const at = turn % names.length;
    const of = moments.get(names[at] ?? '') ?? [];
    const everybody = [...new Set(of.map(({ who }) => who))].sort();
    const who = everybody[(first + at + Math.floor(turn / names.length)) % everybody.length];
    const point = of.find((one) => one.who === who && free(one));
    if (point) drawn.push(point);
  }
  return drawn.sort((a, b) => a.step - b.step);
}

function pointsOf(step: Step, who: string, names: readonly string[], hour: boolean): KillPoint[] {
  const count = new Map<string, number>();
  return names.flatMap((write) => {
    const nth = (count.get(write) ?? 0) + 1;
    count.set(write, nth);
    return MOMENTS.filter(([, is]) => is(step, write, { hour, all: names })).flatMap(([moment]) =>
      (['in front of', 'behind'] as const).map((side) => ({ moment, step: step.number, who, write, nth, side })),
    );
  });
}
