/**
 * Stop of a long-running program on SIGTERM or SIGINT, or when the npm process that started it has ended.
 *
 * Signal handlers are explicit, because process 1 of a container has no default action for signals. The shell between npm and the program
 * ends without forwarding a signal, so the program also watches its parent processes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';

export interface StopSignals {
  /**
   * Promise that resolves to the reason of the first stop request. A stop request before the call of `ready` ends the program at once, so
   * the promise does not resolve.
   */
  readonly requested: Promise<string>;
  /** Declares that the program can now finish its work at a stop request. A stop request before this call ends the program at once. */
  ready(): void;
  /** Requests a stop from within the program, with the same deadline as for a signal. */
  request(why: string): void;
  /** Removes the signal handlers, for a program that ends by itself. */
  release(): void;
}

/**
 * Milliseconds during which a repeated signal is part of the same stop request, because npm and a terminal may each deliver it. A later
 * signal ends the program at once.
 */
const SAME_REQUEST = 1_000;
const CHECK_EVERY = 500;

/** Starts to watch for stop requests. `within`: milliseconds after which the program ends although its work is not finished. */
export function listenForStop(options: { readonly within: number; readonly log: (text: string) => void }): StopSignals {
  const requested = Promise.withResolvers<string>();
  let ready = false;
  let requestedAt: number | null = null;

  const requestStop = (why: string, code: number) => {
    if (!ready) process.exit(code);
    const now = performance.now();
    if (requestedAt !== null && now - requestedAt > SAME_REQUEST) {
      options.log(`${why}: this is the second request; ending now`);
      process.exit(code);
    }
    if (requestedAt !== null) return;
    requestedAt = now;
    setTimeout(() => {
      options.log(`the work did not finish within ${options.within / 1000} seconds; ending now`);
      process.exit(1);
    }, options.within).unref();
    requested.resolve(why);
  };

  const handlers = (['SIGTERM', 'SIGINT'] as const).map((signal) => {
    const handler = () => requestStop(signal, 128 + constants.signals[signal]);
    process.on(signal, handler);
    return () => void process.off(signal, handler);
  });
  const watch = startedByNpm()
    ? onParentExit(() => {
        if (requestedAt === null) requestStop('npm has ended', 128 + constants.signals.SIGTERM);
      })
    : undefined;
  return {
    requested: requested.promise,
    ready: () => {
      ready = true;
    },
    request: (why) => requestStop(why, 1),
    release: () => {
      watch?.();
      for (const stop of handlers) stop();
    },
  };
}

/**
 * Calls `onExit` when the parent process has ended. If the parent is a shell, also calls `onExit` when the process that started the shell has
 * ended, because a shell may outlive npm. Returns a function that ends the watch.
 */
export function onParentExit(onExit: () => void): () => void {
  const parents = parentsOf();
  const timer = setInterval(() => {
    if (parentsOf() === parents) return;
    clearInterval(timer);
    onExit();
  }, CHECK_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}

interface Process {
  readonly command: string;
  readonly parent: number;
}

const SHELLS = /^(sh|dash|bash|ash|zsh|ksh)$/;

/** Returns the id of the parent process and, if the parent is a shell, also the id of the shell's parent. */
function parentsOf(): string {
  const parent = processOf(process.ppid);
  return parent && SHELLS.test(parent.command) ? `${process.ppid} ${parent.parent}` : String(process.ppid);
}

/**
 * Checks whether npm started this program, directly or through a shell. npm names its process after the script, such as `npm start`, so the
 * name of the process begins with `npm`.
 */
function startedByNpm(): boolean {
  const parent = processOf(process.ppid);
  const above = parent && SHELLS.test(parent.command) ? processOf(parent.parent) : parent;
  return above?.command.startsWith('npm') ?? false;
}

/** Returns the command and the parent of a process from /proc; null if the process has ended, and on systems other than Linux. */
function processOf(pid: number): Process | null {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return null;
  try {
    // /proc/PID/stat has the form `pid (command) state parent …`. The command may contain spaces and parentheses.
    const [, command = '', parent] = /\((.*)\) \S (\d+) /s.exec(readFileSync(stat, 'utf8')) ?? [];
    return { command, parent: Number(parent) };
  } catch (error) {
    // The process ended while its files in /proc were read.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
