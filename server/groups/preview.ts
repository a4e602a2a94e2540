/** Preview of an expression before it is saved: number of matching devices, number of devices with an unknown result, and some examples. */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Scope } from '../devices/devices.ts';
import type { ExpressionError, ExpressionParser } from './expression.ts';
import type { Pauses } from './pauses.ts';
import type { FactReader, GroupMemberStore } from './ports.ts';

const STEP = 200;
/** Number of devices that a preview names. */
const EXAMPLES = 10;
/** Milliseconds after which a preview of a large fleet ends with the devices so far. */
const LONGEST = 3_000;
/** Maximum number of previews at the same time. */
const MOST_RUNNING = 3;

export interface Preview {
  readonly error: ExpressionError | null;
  readonly matching: number;
  readonly unknown: number;
  readonly examined: number;
  /** True if the preview covers all devices in the scope. False if the time was too short. */
  readonly complete: boolean;
  readonly examples: readonly DeviceId[];
}

export interface PreviewPorts {
  readonly store: Pick<GroupMemberStore, 'devicesAfter'>;
  readonly facts: FactReader;
  readonly parse: ExpressionParser;
  readonly createPauses: () => Pauses;
  readonly clock: Clock;
}

export function createPreview({ store, facts, parse, createPauses, clock }: PreviewPorts) {
  let running = 0;

  async function count(text: string, scope: Scope): Promise<Preview> {
    const { expression, error } = parse(text);
    if (error) return { error, matching: 0, unknown: 0, examined: 0, complete: true, examples: [] };
    const pauses = createPauses();
    const started = performance.now();
    const examples: DeviceId[] = [];
    let [matching, unknown, examined] = [0, 0, 0];
    for (let after = ''; ; ) {
      const devices = await store.devicesAfter(after, STEP, scope);
      const values = await facts.facts(devices, expression.sources, clock.now());
      for (const device of devices) {
        const result = expression.evaluate(values.get(device) ?? {});
        if (result === null) unknown += 1;
        if (result === true) matching += 1;
        if (result === true && examples.length < EXAMPLES) examples.push(device);
        if (pauses.isDue(expression.cost)) await pauses.pause();
      }
      examined += devices.length;
      const complete = devices.length < STEP;
      if (complete || performance.now() - started > LONGEST)
        return { error: null, matching, unknown, examined, complete, examples };
      after = devices.at(-1) ?? after;
      await pauses.pause();
    }
  }

  return async (text: string, scope: Scope): Promise<Preview> => {
    if (running >= MOST_RUNNING)
      throw new CordonError('rate_limited', 'Other previews are running. Try again in a few seconds.');
    running += 1;
    try {
      return await count(text, scope);
    } finally {
      running -= 1;
    }
  };
}
