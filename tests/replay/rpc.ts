/**
 * Requests between a driver and its child processes over Node's IPC channel, in both directions. Each end has a typed table of handlers.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

/** Every handler takes one JSON value and returns one. */
export type Handlers = { readonly [name: string]: (given: never) => unknown };
type Given<H> = H extends (given: infer G) => unknown ? G : never;
type Answer<H> = H extends (given: never) => infer A ? Awaited<A> : never;

/** Caller of the other end's handlers. */
export type Call<H extends Handlers> = <K extends keyof H & string>(
  name: K,
  given: Given<H[K]>,
) => Promise<Answer<H[K]>>;

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

type Message = Request | Reply;

/** One end of a channel: answers requests and waits for its own responses. */
class End<H extends Handlers> {
  readonly #other: string;
  readonly #handlers: Handlers;
  readonly #send: (message: Message, failed: (error: Error) => void) => void;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #count = 0;

  /** `other`: name of the other end in errors. */
  constructor(other: string, handlers: Handlers, send: (message: Message, failed: (error: Error) => void) => void) {
    this.#other = other;
    this.#handlers = handlers;
    this.#send = send;
  }

  take(message: Message): void {
    if ('name' in message) void this.#answer(message);
    else this.#settle(message);
  }

  async #answer({ id, name, given }: Request): Promise<void> {
    // A caller that has gone needs no response.
    const reply = (rest: Omit<Reply, 'id'>) => this.#send({ id, ...rest }, () => undefined);
    try {
      const handler = this.#handlers[name];
      if (!handler) throw new Error(`nobody answers to ${name}`);
      reply({ value: await handler(given) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof Error && 'code' in error ? String(error.code) : null;
      process.stderr.write(`${name}: ${error instanceof Error ? error.stack : message}\n`);
      reply({ error: { message, code } });
    }
  }

  #settle({ id, value, error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(Object.assign(new Error(`${this.#other}: ${error.message}`), { code: error.code }));
    else waiting?.resolve(value);
  }

  call<K extends keyof H & string>(name: K, given: Given<H[K]>): Promise<Answer<H[K]>> {
    const id = ++this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#send({ id, name, given: given as never }, reject);
    // The handler behind the name has this type, which the channel's JSON cannot express.
    return promise as Promise<Answer<H[K]>>;
  }

  /** The other end is gone, so no pending response will come. */
  gone(why: Error): void {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}

/**
 * In the child process: answers requests until the driver goes away, and ends with it, at the latest when `last` is done. Returns the
 * caller of the driver.
 */
export function serve<P extends Handlers>(
  handlers: Handlers,
  last: () => Promise<void> = async () => undefined,
): Call<P> {
  const end = new End<P>('the driver', handlers, (message, failed) => {
    process.send?.(message, undefined, undefined, (error) => error && failed(error));
  });
  process.on('message', (message: Message) => end.take(message));
  process.on('disconnect', () => void last().finally(() => process.exit(0)));
  return end.call.bind(end);
}

export interface ChildOptions {
  /** Requests from the child to its driver. */
  readonly answers?: Handlers;
  /** In a session of its own, so that a Ctrl-C in the terminal reaches only the driver, which then ends the child. */
  readonly detached?: boolean;
  /** The child ended by itself. */
  readonly onKept?: (why: Error) => void;
}

/** A child process that answers `H`. Its output goes to the log file. */
export class Child<H extends Handlers> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #end: End<H>;
  #ended = false;
  #killed = false;
  #dismissed = false;

  constructor(
    name: string,
    module: string,
    logFile: string,
    { answers = {}, detached = false, onKept }: ChildOptions = {},
  ) {
    this.#name = name;
    const log = openSync(logFile, 'a');
    this.#process = fork(module, [], { stdio: ['ignore', log, log, 'ipc'], detached });
    closeSync(log);
    this.#end = new End<H>(name, answers, (message, failed) => {
      this.#process.send(message, (error) => error && failed(error));
    });
    this.#process.on('message', (message: Message) => this.#end.take(message));
    this.#process.on('exit', (code, signal) => {
      this.#ended = true;
      this.#killed = signal === 'SIGKILL';
      const why = new Error(`${this.#name} ended by itself (${signal ?? `exit ${code}`}); its log is ${logFile}`);
      this.#end.gone(why);
      if (!this.#dismissed) onKept?.(why);
    });
  }

  call<K extends keyof H & string>(name: K, given: Given<H[K]>): Promise<Answer<H[K]>> {
    if (this.#ended) return Promise.reject(new Error(`${this.#name} is not running`));
    return this.#end.call(name, given);
  }

  /** Releases the child, as if the driver had ended, and waits for its end. */
  async release(): Promise<void> {
    if (this.#ended) return;
    this.#dismissed = true;
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }

  /** kill -9, and waits for the end. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    this.#dismissed = true;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Ended by SIGKILL from any source. */
  get killed(): boolean {
    return this.#killed;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }
}
