/** Output of the demo's start, one line for each step. A terminal shows progress in place. Elsewhere, each line is printed in turn. */

/** Interval between progress lines without a terminal, in milliseconds. */
const TELL_EVERY = 2_000;
const NAME_WIDTH = 14;

export interface Step {
  /** Reports the progress of a step. */
  update(text: string): void;
  done(text: string): void;
}

export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #began = performance.now();
  /** Running steps, oldest first. A terminal shows them below the completed steps. */
  readonly #open: { name: string; text: string; told: number }[] = [];
  #drawn = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  get seconds(): string {
    return ((performance.now() - this.#began) / 1000).toFixed(1);
  }

  say(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  step(name: string, text: string): Step {
    const line = { name, text, told: performance.now() };
    this.#open.push(line);
    if (this.#out.isTTY) this.#redraw();
    else this.say(this.#format(name, text));
    return {
      update: (next) => {
        if (line.text === next) return;
        line.text = next;
        if (this.#out.isTTY) return this.#redraw();
        if (performance.now() - line.told < TELL_EVERY) return;
        line.told = performance.now();
        this.say(this.#format(name, next));
      },
      done: (last) => {
        this.#open.splice(this.#open.indexOf(line), 1);
        this.say(`${this.#format(name, last)} (${this.seconds} s)`);
      },
    };
  }

  /** Restores the terminal. */
  close(): void {
    this.#clear();
    this.#open.length = 0;
  }

  #format(name: string, text: string): string {
    return `  ${name.padEnd(NAME_WIDTH)}${text}`;
  }

  #redraw(): void {
    this.#clear();
    this.#draw();
  }

  #clear(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\x1b[0J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#out.isTTY) return;
    // A wrapped line would occupy two lines, and the update in place would fail.
    const width = Math.max(20, this.#out.columns ?? 80) - 1;
    for (const { name, text } of this.#open) this.#out.write(`${this.#format(name, text).slice(0, width)}\n`);
    this.#drawn = this.#open.length;
  }
}
