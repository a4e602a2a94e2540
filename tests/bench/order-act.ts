/** One action on an order, from the approval that adopts it until the server has stored the last device's signed receipt. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';
import type { Said } from './fleet-process.ts';
import { type Measured, observed } from './measure.ts';
import { cpuSeconds, quiet } from './process.ts';
import type { Stage } from './stage.ts';

/** Time that is enough to adopt and pause an order before it takes effect. */
const SOON = 1_500;

const TERMS = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['home'],
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'deny',
  authority: 'The regulator',
  addressee: 'The operator',
  instrument: 'Directive 1',
  statement: { en: 'Messages are suspended in Pakistan by order of the regulator.' },
} as const;

export interface Acted {
  readonly measured: Omit<Measured, 'served'>;
  readonly seconds: number;
  readonly said: Said;
}

/** Creates a paused order whose effective time has passed. It takes effect when it resumes. */
export async function heldOrder(stage: Stage, fleet: Pick<Fleet, 'play'>, terms: object = {}): Promise<string> {
  const { operator } = stage;
  const effective = Date.now() + SOON;
  const proposed = await operator.propose({ ...TERMS, ...terms, effective: new Date(effective).toISOString() });
  await listed(fleet, () => operator.adopt(proposed));
  const held = await operator.act(proposed.order, { action: 'pause' });
  await listed(fleet, () => approve(stage, proposed.order, held.revision, 0));
  await delay(Math.max(0, effective + 100 - Date.now()));
  return proposed.order;
}

/** Resumes the order and then withdraws it. */
export const release = (stage: Stage, fleet: Fleet, order: string) =>
  act(stage, fleet, order, { act: 'resume', kind: 'enforced', gate: 'closed' });
export const withdraw = (stage: Stage, fleet: Fleet, order: string) =>
  act(stage, fleet, order, { act: 'withdraw', kind: 'restored', gate: 'open' });

async function act(
  stage: Stage,
  fleet: Fleet,
  order: string,
  { act: name, kind, gate }: { act: string; kind: 'enforced' | 'restored'; gate: 'open' | 'closed' },
): Promise<Acted> {
  const { revision } = await stage.operator.act(order, { action: name });
  await approve(stage, order, revision, 0);
  const { done } = await fleet.play({ order, revision, kind, gate, service: 'messaging' });
  await quiet(stage.pid);
  const before = cpuSeconds(stage.pid);
  const started = performance.now();
  const said = await observed(stage.pid, async () => {
    await approve(stage, order, revision, 1);
    return done();
  });
  // Waits until the last receipt is stored. The server verifies signatures outside this path.
  const seconds = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(stage.pid) - before;
  await verified(stage, { order, revision, kind }, fleet.size);
  return { measured: { count: fleet.size, cpu, busy: cpu / seconds }, seconds, said };
}

/** `approver`: index of the approver. The second approval adopts the revision. */
export async function approve(stage: Stage, order: string, revision: number, approver: number): Promise<void> {
  const { operator } = stage;
  const person = operator.approvers[approver];
  if (!person) throw new Error('there are no approvers');
  await operator.approve(order, revision, person);
}

/** Waits until the server has sent the new list to every device. */
async function listed(fleet: Pick<Fleet, 'play'>, work: () => Promise<unknown>): Promise<void> {
  const { done } = await fleet.play(null);
  await work();
  await done();
}

/** Waits until the server has verified the receipts. Without this check, the figure would mean nothing. */
async function verified(stage: Stage, about: Parameters<Stage['verified']>[0], count: number): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    await quiet(stage.pid);
    if ((await stage.verified(about)) >= count) return;
  }
  throw new Error('not every receipt was verified within a minute');
}
