/**
 * Processes of scripts. Each process of a script inherits the resource limit RLIMIT_LOCKS, which Linux stores but no longer uses. The agent
 * sets it to a number of the command, and the script's system-call filter refuses to change it. The agent therefore also finds a process
 * that left the process group of the script and cleared its environment, and one that a killed agent left behind.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Milliseconds in which the agent ends the processes of a script. Meanwhile it does nothing else. */
const WITHIN = 2000;
/** Number of lists without a process of the script after which the agent is done. A process that starts another one and ends may miss a list. */
const EMPTY_LISTS = 3;

/** Value of RLIMIT_LOCKS for the script of a command: 48 bits, so that no two scripts have the same number. */
export const markOf = (command: string): number =>
  Number.parseInt(createHash('sha256').update(command).digest('hex').slice(0, 12), 16);

/** Kills all processes of the script of this command (Linux only). */
export function killProcessesOf(command: string): void {
  const late = performance.now() + WITHIN;
  for (let empty = 0; empty < EMPTY_LISTS && performance.now() < late; empty += 1) {
    for (const pid of eachProcessOf(command)) {
      empty = -1;
      kill(pid);
    }
  }
}

/** Processes of the script of this command, also those that its processes started. */
export const processesOf = (command: string): number[] => [...eachProcessOf(command)];

/** Newest processes first, so that little time passes between the list and the signal to a process that starts others. */
function* eachProcessOf(command: string): Generator<number> {
  if (!existsSync('/proc/self/limits')) return;
  const mark = String(markOf(command));
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  for (const pid of pids.toSorted((one, other) => other - one)) {
    const isMarked = /^Max file locks +\d+ +(\d+)/m.exec(read(`/proc/${pid}/limits`))?.[1] === mark;
    if (isMarked && !hasEnded(read(`/proc/${pid}/status`))) yield pid;
  }
}

/** True for a process that only waits for its parent (zombie). While other threads run, the process has not ended with its first thread. */
const hasEnded = (status: string): boolean => /^State:\t[ZX]/m.test(status) && /^Threads:\t[01]$/m.test(status);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has ended, or this machine hides processes of other users.
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended.
  }
}
