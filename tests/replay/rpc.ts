/** Requests between the driver and its child processes over Node's IPC channel: one table of handlers, typed on both ends. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

/** Every handler takes one JSON value and gives one. */
export type Handlers = { readonly [name: string]: (given: never) => unknown };
type Given<H> = H extends (given: infer G) => unknown ? G : never;
type Answer<H> = H extends (given: never) => infer A ? Awaited<A> : never;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly given: never;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code: string | null };
}

/** In the child: answers requests until the driver goes away, and ends with it. */
export function serve(handlers: Handlers): void {
  process.on('message', async ({ id, name, given }: Request) => {
    const reply = (rest: Omit<Reply, 'id'>) => void process.send?.({ id, ...rest });
    try {
      reply({ value: await handlers[name]?.(given) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof Error && 'code' in error ? String(error.code) : null;
      process.stderr.write(`${name}: ${error instanceof Error ? error.stack : message}\n`);
      reply({ error: { message, code } });
    }
  });
  process.on('disconnect', () => process.exit(0));
}

/** A child process that answers `H`. Its output goes to the log file. */
export class Child<H extends Handlers> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #count = 0;
  #ended = false;

  constructor(name: string, module: string, logFile: string) {
    this.#name = name;
    const log = openSync(logFile, 'a');
    this.#process = fork(module, [], { stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.#process.on('message', ({ id, value, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(Object.assign(new Error(`${this.#name}: ${error.message}`), { code: error.code }));
      else waiting?.resolve(value);
    });
    this.#process.on('exit', (code, signal) => {
      this.#ended = true;
      const why = new Error(`${this.#name} ended by itself (${signal ?? `exit ${code}`}); its log is ${logFile}`);
      for (const { reject } of this.#waiting.values()) reject(why);
      this.#waiting.clear();
    });
  }

  call<K extends keyof H & string>(name: K, given: Given<H[K]>): Promise<Answer<H[K]>> {
    if (this.#ended) return Promise.reject(new Error(`${this.#name} is not running`));
    const id = ++this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#process.send({ id, name, given }, (error) => error && reject(error));
    // The handler behind the name has this type; the channel's JSON cannot say so.
    return promise as Promise<Answer<H[K]>>;
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }
}
