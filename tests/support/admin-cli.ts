/** The command line `cordon` as admins run it: one process per command, signed in with a token. */
import { programPath } from './programs.ts';
import { type Ended, type RunOptions, runProgram } from './run-program.ts';

const ENTRY = programPath('server/cordon.js');

export interface AdminCli {
  (args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Runs a command with `--json` and returns its output. Fails the test if the command fails. */
  json<T>(args: readonly string[], options?: RunOptions): Promise<T>;
}

/** Prepares a command line. `folder`: the admin's configuration folder. */
export function adminCli(admin: string, folder: string, env: NodeJS.ProcessEnv = {}): AdminCli {
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runProgram(process.execPath, [ENTRY, '--server', admin, ...args], {
      ...options,
      env: { XDG_CONFIG_HOME: folder, ...env, ...options.env },
    });
  async function json<T>(args: readonly string[], options?: RunOptions): Promise<T> {
    const { code, out, err } = await run([...args, '--json'], options);
    if (code !== 0) throw new Error(`cordon ${args.join(' ')} ended with ${code}: ${err}`);
    return JSON.parse(out);
  }
  return Object.assign(run, { json });
}
