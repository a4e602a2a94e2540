import { setImmediate as turn } from 'node:timers/promises';

/** Number of devices in one step of a change of many devices: one transaction, after which other requests run. */
export const STEP = 250;

/** Divides a list into steps, and lets other work run before each further step. */
export async function* stepsOf<Item>(items: readonly Item[], size = STEP): AsyncGenerator<readonly Item[]> {
  for (let from = 0; from < items.length; from += size) {
    if (from > 0) await turn();
    yield items.slice(from, from + size);
  }
}
