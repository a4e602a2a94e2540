/**
 * Runs the programs of the operating system that the inventory reads: without a shell, with a deadline, and with a limit for the output.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ProgramLimits {
  /** Milliseconds after which the program is killed. */
  readonly within?: number;
  /** Maximum bytes of output. */
  readonly most?: number;
  /** Exit codes other than 0 that do not count as a failure. */
  readonly codes?: readonly number[];
  /** Exit code that means that the program is not installed. */
  readonly missing?: number;
}

const WITHIN = 30_000;
const MOST = 16 * 1024 * 1024;

/** Returns the standard output; null if the program is not installed. Rejects if the program fails, or exceeds a limit. */
export type RunProgram = (file: string, args: readonly string[], limits?: ProgramLimits) => Promise<string | null>;

export const runProgram: RunProgram = (file, args, { within = WITHIN, most = MOST, codes = [], missing } = {}) =>
  new Promise((resolve, reject) => {
    const options = {
      timeout: within,
      maxBuffer: most,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
      windowsHide: true,
    } as const;
    const child = execFile(file, [...args], options, (error, stdout) => {
      if (!error) resolve(stdout);
      else if (error.code === 'ENOENT' || (missing !== undefined && error.code === missing)) resolve(null);
      else if (typeof error.code === 'number' && codes.includes(error.code)) resolve(stdout);
      else
        reject(new Error(`${file} failed: ${error.killed ? 'it did not end in time' : error.message.split('\n')[0]}`));
    });
    child.stdin?.end();
  });

/** Runs a program with untranslated messages. `env` ends with code 127 if the program is not installed (POSIX, `env`). */
export const runUntranslated: RunProgram = async (file, args, limits = {}) => {
  const run = (...variables: string[]) =>
    runProgram('env', ['LC_ALL=C', ...variables, file, ...args], { ...limits, missing: 127 });
  if (file !== 'flatpak') return run();
  try {
    return await run();
  } catch {
    // flatpak creates folders of the user, also to read the system installation. The agent's user under systemd has no home to write to.
    const folder = await mkdtemp(join(tmpdir(), 'cordon-flatpak-'));
    try {
      return await run(`XDG_DATA_HOME=${folder}`, `XDG_CACHE_HOME=${folder}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
};
