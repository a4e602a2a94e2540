/** Properties of a job's step function, with random plans, results and controls. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextAttemptAt, planJob, releasedThrough, waveOf } from '../../server/commands/job-plan.ts';
import {
  type Bucket,
  hasEnded,
  type JobEvent,
  type JobProgress,
  type JobRules,
  newProgress,
  stepJob,
} from '../../server/commands/job-step.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

const rules = fc.record({
  gate: fc.integer({ min: 1, max: 100 }),
  stop: fc.option(fc.record({ percent: fc.integer({ min: 1, max: 100 }), minimum: fc.integer({ min: 1, max: 30 }) })),
  joins: fc.boolean(),
});
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
const outcome = fc.constantFrom<Bucket>('done', 'failed', 'lost');
const control = fc.constantFrom('pause', 'resume', 'abort', 'expire');

/** Model of one device: the wave, and the bucket of its command. */
interface Device {
  readonly wave: number;
  bucket: Bucket;
}

const devicesOf = (waves: readonly number[]): Device[] =>
  waves.flatMap((size, wave) => Array.from({ length: size }, (): Device => ({ wave, bucket: 'open' })));

/** A device's command changes, or an admin controls the job. A device is chosen by its position among all devices. */
const events = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ device: fc.nat(100), to: outcome, early: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ control }) },
    { weight: 1, arbitrary: fc.record({ joined: fc.nat(10) }) },
  ),
  { maxLength: 120 },
);

/** Applies events as the store does: only devices of released waves report results, and any command can be lost. */
function run(
  jobRules: JobRules,
  waves: readonly number[],
  inputs: typeof events extends fc.Arbitrary<infer Value> ? Value : never,
  check: (before: JobProgress, after: JobProgress, event: JobEvent) => void,
): { readonly progress: JobProgress; readonly devices: readonly Device[] } {
  const devices = devicesOf(waves);
  let progress = newProgress(jobRules, waves);
  const apply = (event: JobEvent) => {
    const after = stepJob(jobRules, progress, event);
    check(progress, after, event);
    progress = after;
  };
  for (const input of inputs) {
    if ('control' in input) apply({ kind: input.control });
    else if ('joined' in input) {
      if (!jobRules.joins || hasEnded(progress.state)) continue;
      const wave = input.joined % waves.length;
      devices.push({ wave, bucket: 'open' });
      apply({ kind: 'joined', wave });
    } else {
      const device = devices[input.device % devices.length];
      if (!device || hasEnded(progress.state)) continue;
      const to = device.wave < progress.released ? input.to : 'lost';
      // A result after an expiry or cancellation still counts. All other final states stay.
      if (device.bucket !== 'open' && !(device.bucket === 'lost' && to !== 'lost')) continue;
      const from = device.bucket;
      device.bucket = to;
      apply({ kind: 'moved', wave: device.wave, from, to });
    }
  }
  return { progress, devices };
}

const settled = ({ done, failed, lost }: JobProgress['waves'][number]) => done + failed + lost;

describe("a job's step function", () => {
  it('releases waves one after another, only while the job runs, and never takes one back', () => {
    fc.assert(
      fc.property(rules, sizes, events, (jobRules, waves, inputs) => {
        run(jobRules, waves, inputs, (before, after, event) => {
          expect(after.released).toBeGreaterThanOrEqual(before.released);
          expect(after.released).toBeLessThanOrEqual(waves.length);
          if (after.released === before.released) return;
          if (after.state !== 'finished') {
            // Each wave before a released one has reached the gate, so no wave is skipped.
            for (const wave of after.waves.slice(before.released - 1, after.released - 1)) {
              expect(settled(wave) * 100).toBeGreaterThanOrEqual(jobRules.gate * wave.devices);
            }
          }
          expect(before.state === 'running' || event.kind === 'resume' || after.state === 'finished').toBe(true);
        });
      }),
    );
  });

  it('counts each device exactly once', () => {
    fc.assert(
      fc.property(rules, sizes, events, (jobRules, waves, inputs) => {
        const { progress, devices } = run(jobRules, waves, inputs, () => undefined);
        for (const [index, count] of progress.waves.entries()) {
          const members = devices.filter(({ wave }) => wave === index);
          expect(count.devices).toBe(members.length);
          for (const bucket of ['done', 'failed', 'lost'] as const) {
            expect(count[bucket]).toBe(members.filter((device) => device.bucket === bucket).length);
          }
        }
      }),
    );
  });

  it('stops at the failure rate, before it releases another wave', () => {
    fc.assert(
      fc.property(rules, sizes, events, (jobRules, waves, inputs) => {
        const { stop } = jobRules;
        run(jobRules, waves, inputs, (before, after) => {
          if (stop === null || after.state !== 'running') return;
          const total = after.waves.reduce(
            (sum, { done, failed }) => ({ done: sum.done + done, failed: sum.failed + failed }),
            {
              done: 0,
              failed: 0,
            },
          );
          const failed = total.failed - after.since.failed;
          const results = total.done - after.since.done + failed;
          if (failed > 0 && results >= stop.minimum) expect(failed * 100).toBeLessThan(stop.percent * results);
          if (before.state === 'running' && after.released > before.released) {
            const earlier = before.waves.reduce((sum, { done }) => sum + done, 0);
            expect(after.since.done).toBeGreaterThanOrEqual(earlier);
          }
        });
      }),
    );
  });

  it('never changes after its end, and a repeated control changes nothing', () => {
    fc.assert(
      fc.property(rules, sizes, events, control, (jobRules, waves, inputs, last) => {
        const { progress } = run(jobRules, waves, inputs, (before, after) => {
          if (hasEnded(before.state)) expect(after).toEqual(before);
        });
        const once = stepJob(jobRules, progress, { kind: last });
        const twice = stepJob(jobRules, once, { kind: last });
        if (last !== 'resume') expect(twice).toEqual(once);
      }),
    );
  });

  it('misses no device: without failures, all waves run and the job finishes', () => {
    fc.assert(
      fc.property(rules, sizes, fc.infiniteStream(fc.nat(1_000)), (jobRules, waves, order) => {
        const fixed = { ...jobRules, joins: false };
        const devices = devicesOf(waves);
        let progress = newProgress(fixed, waves);
        for (const position of order) {
          const ready = devices.filter(({ wave, bucket }) => bucket === 'open' && wave < progress.released);
          const device = ready[position % Math.max(1, ready.length)];
          if (!device) break;
          device.bucket = 'done';
          progress = stepJob(fixed, progress, { kind: 'moved', wave: device.wave, from: 'open', to: 'done' });
        }
        expect(devices.every(({ bucket }) => bucket === 'done')).toBe(true);
        expect(progress).toMatchObject({ state: 'finished', released: waves.length });
      }),
    );
  });
});

describe('the plan of a job', () => {
  const ids = fc
    .uniqueArray(fc.stringMatching(/^dev_[a-z2-7]{16}$/), { minLength: 1, maxLength: 60 })
    .map((all) => all.sort() as DeviceId[]);
  const wave = fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
  );

  it('puts each device into exactly one wave, and releases no device before its wave', () => {
    fc.assert(
      fc.property(ids, fc.array(wave, { maxLength: 5 }), (devices, waves) => {
        const { plan, sizes: planned } = planJob({ waves }, false, devices);
        const members = devices.map((device) => waveOf(plan, device));
        expect(planned.map((_, index) => members.filter((one) => one === index).length)).toEqual(planned);
        expect(planned.every((size) => size > 0)).toBe(true);
        for (let released = 1; released <= planned.length; released += 1) {
          const through = releasedThrough(plan, released);
          expect(devices.filter((device) => device <= through)).toEqual(
            devices.filter((device) => waveOf(plan, device) < released),
          );
        }
      }),
    );
  });

  it('bounds the attempts, and starts none after the expiry', () => {
    const retry = fc.record({
      attempts: fc.integer({ min: 2, max: 10 }),
      backoff: fc.integer({ min: 30, max: 86_400 }),
    });
    fc.assert(
      fc.property(retry, fc.integer({ min: 1, max: 400_000_000 }), (rule, life) => {
        let [attempts, now] = [1, 0];
        for (let pause = 0; ; ) {
          const next = nextAttemptAt(rule, { attempt: attempts, now, expiresAt: life });
          if (next === null) break;
          expect(next).toBeLessThan(life);
          expect(next - now).toBeGreaterThanOrEqual(pause);
          pause = next - now;
          now = next;
          attempts += 1;
        }
        expect(attempts).toBeLessThanOrEqual(rule.attempts);
      }),
    );
  });
});
