/** Those of a play who can die in the middle of things: the server and the devices of each label. Starts again whoever died of what it was told. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeathAt } from '../support/mortal-writes.ts';

/** Processes that write to a store. */
export interface Mortal {
  writes(): Promise<readonly string[]>;
  dieAt(point: DeathAt): Promise<void>;
  /** It has been told where to die, and was not started again since. */
  readonly doomed: boolean;
  /** It has died of that. */
  readonly fallen: boolean;
  crash(now: Instant): Promise<void>;
}

/** What somebody writes (`insert post`), by their name. */
export type Writes = ReadonlyMap<string, readonly string[]>;

/** Real time. A broken connection is seen before the death is. */
const DEATH_SHOWS_WITHIN = 2_000;

export class Mortals {
  readonly #all: ReadonlyMap<string, Mortal>;
  /** Whoever has died so far, in order. */
  readonly fallen: string[] = [];

  /** In the order in which they are started again. */
  constructor(all: ReadonlyMap<string, Mortal>) {
    this.#all = all;
  }

  get anyoneDown(): boolean {
    return [...this.#all.values()].some(({ fallen }) => fallen);
  }

  /** Since this was asked last. */
  async writes(): Promise<Writes> {
    const asked = [...this.#all].map(async ([who, one]) => [who, await one.writes()] as const);
    return new Map(await Promise.all(asked));
  }

  async dieAt(who: string, point: DeathAt): Promise<void> {
    const one = this.#all.get(who);
    if (!one) throw new Error(`nobody is called ${who}`);
    await one.dieAt(point);
  }

  /** False: nobody has died. After a failure a death that explains it is waited for. */
  async raise(now: Instant, failed: boolean): Promise<boolean> {
    const deadline = performance.now() + (failed ? DEATH_SHOWS_WITHIN : 0);
    const mayCome = () => [...this.#all.values()].some(({ doomed }) => doomed) && !this.anyoneDown;
    while (mayCome() && performance.now() < deadline) await pause(5);
    const down = [...this.#all].filter(([, { fallen }]) => fallen);
    for (const [who, one] of down) {
      this.fallen.push(who);
      await one.crash(now);
    }
    return down.length > 0;
  }
}
