/**
 * Processes of a replay that a test kills in the middle of their work: the server and the devices of each label. It starts them again after
 * a planned death.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeathAt } from '../support/mortal-writes.ts';

/** Processes that write to a store. */
export interface Mortal {
  writes(): Promise<readonly string[]>;
  dieAt(point: DeathAt): Promise<void>;
  /** True after `dieAt`, until the process is started again. */
  readonly doomed: boolean;
  /** True if the process died as instructed. */
  readonly fallen: boolean;
  crash(now: Instant): Promise<void>;
}

/** Name of a write, such as `insert post`. */
export type Writes = ReadonlyMap<string, readonly string[]>;

/** Real time. A broken connection is visible before the death of its process. */
const DEATH_SHOWS_WITHIN = 2_000;

export class Mortals {
  readonly #all: ReadonlyMap<string, Mortal>;
  /** Processes that have died, in order. */
  readonly fallen: string[] = [];

  /** In the order of their restart. */
  constructor(all: ReadonlyMap<string, Mortal>) {
    this.#all = all;
  }

  get anyoneDown(): boolean {
    return [...this.#all.values()].some(({ fallen }) => fallen);
  }

  /** Since the last call. */
  async writes(): Promise<Writes> {
    const asked = [...this.#all].map(async ([who, one]) => [who, await one.writes()] as const);
    return new Map(await Promise.all(asked));
  }

  async dieAt(who: string, point: DeathAt): Promise<void> {
    const one = this.#all.get(who);
    if (!one) throw new Error(`nobody is called ${who}`);
    await one.dieAt(point);
  }

  /** False: no process has died. After a failure, the function waits for a death that explains it. */
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
