/**
 * Loop: repeats one kind of work, never two runs at the same time. A run starts on request, at a given time, or after an interval.
 * - All requests before the start of a run share that run. A request during a run causes one more run, because the current run may already
 *   have read older data.
 * - The error of a failed run is passed to `failed`, and the loop tries again after `retryAfter`.
 * - `stop` prevents further runs and waits for the current run.
 */
import type { Clock, Instant } from '../time/clock.ts';
import { SystemClock } from '../time/system-clock.ts';

export interface LoopOptions {
  /**
   * Work of one run. A long run should check `loop.stopped` and end early. The result is the time of the next run; null or undefined if
   * none is planned.
   */
  readonly run: (loop: Loop) => Promise<Instant | null> | Promise<void>;
  /** Handles the error of a failed run. Must not throw. */
  readonly failed: (error: unknown) => void;
  readonly clock?: Clock;
  /**
   * Milliseconds from the end of a run to the next run. If the field is absent, runs happen only on request and at the times that earlier
   * runs returned.
   */
  readonly every?: number;
  /** Milliseconds from a failed run to the next run. If the field is absent, the next run follows as after a successful run. */
  readonly retryAfter?: number;
}

/** The error is wrapped in an object, because a run can throw `undefined`. */
type Outcome = { readonly error: unknown } | null;

const MACHINE_CLOCK = new SystemClock();

export class Loop {
  readonly #options: LoopOptions;
  /** Promise for the outcome of the newest run: the requested run that has not begun, otherwise the current or last run. */
  #newest: Promise<Outcome> = Promise.resolve(null);
  /** Promise for the outcome of the requested run that has not begun; null if no run is requested. */
  #next: Promise<Outcome> | null = null;
  #running = false;
  #stopped = false;
  #nextRun = Number.POSITIVE_INFINITY;
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

  /** Requests a run at the time `due`, unless an earlier run is already scheduled. */
  requestAt(due: Instant): void {
    if (this.#stopped || due >= this.#nextRun) return;
    this.#cancel();
    this.#nextRun = due;
    this.#cancel = (this.#options.clock ?? MACHINE_CLOCK).at(due, () => this.request());
  }

  /** Requests a run of the loop's work and waits until the run ends. Never rejects. */
  async run(): Promise<void> {
    await this.#queue();
  }

  /** Requests a run of the loop's work and waits until the run ends. Rejects if the run failed. */
  async runOrThrow(): Promise<void> {
    const outcome = await this.#queue();
    if (outcome) throw outcome.error;
  }

  /** Waits for the end of every run that was requested before the call. */
  async idle(): Promise<void> {
    await this.#newest;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#newest;
  }

  #queue(): Promise<Outcome> {
    if (this.#stopped) return this.#newest;
    if (!this.#next) {
      this.#next = this.#newest.then(() => this.#begin());
      this.#newest = this.#next;
    }
    return this.#next;
  }

  async #begin(): Promise<Outcome> {
    this.#next = null;
    if (this.#stopped) return null;
    this.#cancel();
    this.#nextRun = Number.POSITIVE_INFINITY;
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
