/**
 * Processes of scripts. Each process of a script inherits the variable CORDON_SCRIPT with the id of its command. The agent therefore also
 * finds a process that left the process group of the script, and one that a killed agent left behind.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Name of the variable in the environment of every process of a script. */
export const MARK = 'CORDON_SCRIPT';

/** Kills all processes of the script of this command (Linux only). Returns their number. */
export function killProcessesOf(command: string): number {
  if (!existsSync('/proc/self/environ')) return 0;
  let killed = 0;
  // The list is read several times, because a process may start another one in the meantime.
  for (let found = 1, rounds = 0; found > 0 && rounds < 20; rounds += 1) {
    found = processesWith(`${MARK}=${command}`).filter(kill).length;
    killed += found;
  }
  return killed;
}

/** Processes whose environment has this entry, such as `CORDON_SCRIPT=cmd_…`. */
export function processesWith(entry: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(entry));
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // The process has ended, or belongs to another user.
    return [];
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
