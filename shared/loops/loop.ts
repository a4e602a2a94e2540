/**
 * A loop does one kind of work again and again: one run at a time, on request, at a given time, or after an interval.
 *
 * - Requests that arrive before a run begins share that run. A request that arrives during a run causes one more run afterward, because
 *   the current run may already have read older data.
 * - A failed run goes to `failed`, and the loop tries again after `retryAfter`.
 * - `stop` prevents every later run and waits for the current one.
 */
import type { Clock, Instant } from '../time/clock.ts';
import { SystemClock } from '../time/system-clock.ts';

export interface LoopOptions {
  /** One run. Long runs end early when `loop.stopped` is true. The result is the time of the next run, if one is due by time. */
  readonly run: (loop: Loop) => Promise<Instant | null> | Promise<void>;
  /** Called with the error of a failed run. Must not throw. */
  readonly failed: (error: unknown) => void;
  /** Clock for the times of runs; by default the machine's clock. */
  readonly clock?: Clock;
  /** Milliseconds from the end of a run to the next one. Left out: runs only on request and at the times that runs return. */
  readonly every?: number;
  /** Milliseconds from a failed run to the next one. Left out: as after a successful run. */
  readonly retryAfter?: number;
}

/** The failure is wrapped, because a run can throw `undefined`. */
type Outcome = { readonly error: unknown } | null;

const MACHINE_CLOCK = new SystemClock();

export class Loop {
  readonly #options: LoopOptions;
  /** The newest run that was requested or begun. */
  #last: Promise<Outcome> = Promise.resolve(null);
  /** A requested run that has not begun. */
  #next: Promise<Outcome> | null = null;
  #running = false;
  #stopped = false;
  #due = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#running;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  request(): void {
    void this.#queue();
  }

  /** Requests a run at `due`, unless a run is scheduled before `due`. */
  requestAt(due: Instant): void {
    if (this.#stopped || due >= this.#due) return;
    this.#cancel();
    this.#due = due;
    this.#cancel = (this.#options.clock ?? MACHINE_CLOCK).at(due, () => this.request());
  }

  /** Requests a run and waits for its end. Never rejects. */
  async run(): Promise<void> {
    await this.#queue();
  }

  /** Requests a run and waits for its end. Rejects if the run failed. */
  async runOrThrow(): Promise<void> {
    const outcome = await this.#queue();
    if (outcome) throw outcome.error;
  }

  /** Resolves when every run that was requested before the call has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Resolves when the current run has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#last;
  }

  #queue(): Promise<Outcome> {
    if (this.#stopped) return this.#last;
    if (!this.#next) {
      this.#next = this.#last.then(() => this.#begin());
      this.#last = this.#next;
    }
    return this.#next;
  }

  async #begin(): Promise<Outcome> {
    this.#next = null;
    if (this.#stopped) return null;
    this.#cancel();
    this.#due = Number.POSITIVE_INFINITY;
    this.#running = true;
    const { run, failed, every, retryAfter = every } = this.#options;
    try {
      const due = await run(this);
      if (typeof due === 'number') this.requestAt(due);
      this.#requestAfter(every);
      return null;
    } catch (error) {
      failed(error);
      this.#requestAfter(retryAfter);
      return { error };
    } finally {
      this.#running = false;
    }
  }

  #requestAfter(milliseconds: number | undefined): void {
    if (milliseconds !== undefined) this.requestAt((this.#options.clock ?? MACHINE_CLOCK).now() + milliseconds);
  }
}
