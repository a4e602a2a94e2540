/**
 * Selection of points in a timeline at which a test kills the server or a device. The candidates are the writes of a run without kills. The
 * same seed selects the same points. Each candidate has its own hash, so that an additional candidate, caused by timing, does not move the
 * others.
 */
import { createHash } from 'node:crypto';
import type { Writes } from '../replay/mortals.ts';
import type { Act, Step } from '../replay/timeline.ts';
import type { DeathAt } from '../support/mortal-writes.ts';

/** For each step of the timeline: the writes of each process, in order. */
export type WritesOfSteps = readonly { readonly step: Step; readonly by: Writes }[];

export interface KillPoint extends DeathAt {
  readonly moment: string;
  readonly step: number;
  readonly who: string;
}

/**
 * Moment in an order's life, recognized by step and write. `hour`: the step in which the order takes effect. `all`: all writes of the
 * process in the step.
 */
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
    'a message is in transit',
    (step, write) =>
      acts(step, 'send', 'online') && / (posts?|post_results|mailbox(es|_entries)?|history|conversation)$/.test(write),
  ],
  [
    'an order takes effect',
    // Only affected processes count: a server that executes the order, or a device that closes gates.
    (_step, write, { hour, all }) =>
      hour &&
      all.some((one) => one === 'insert gate' || one === 'insert order_executions') &&
      / (gate|outbox|order_\w+|receipts|ledger_\w+)$/.test(write),
  ],
  [
    'held messages are released',
    (step, write) =>
      acts(step, 'withdraw') && / (posts?|post_results|mailbox(es|_entries)?|history|gate|order_\w+)$/.test(write),
  ],
  ['receipts arrive', (_step, write) => / receipts?$/.test(write)],
];

/**
 * Selects up to `most` kill points, in the order of their steps. It alternates between moments and between processes. No process is killed
 * twice in one step.
 */
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
  // The limit gives each process enough rounds at every moment. The loop ends early only when all candidates are used.
  for (let turn = 0; drawn.length < most && turn < most * candidates.length; turn += 1) {
    const at = turn % names.length;
    const of = moments.get(names[at] ?? '') ?? [];
    const processes = [...new Set(of.map(({ who }) => who))].sort();
    const who = processes[(first + at + Math.floor(turn / names.length)) % processes.length];
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
