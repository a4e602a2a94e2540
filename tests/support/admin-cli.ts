/** `cordon` as admins run it: a process for each command, signed in with a token. Knows no more of the server than they do. */
import { programPath } from './programs.ts';
import { type Ended, type RunOptions, runProgram } from './run-program.ts';

const ENTRY = programPath('server/cordon.js');

export interface AdminCli {
  (args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Its `--json` answer. Fails the test when the command does. */
  json<T>(args: readonly string[], options?: RunOptions): Promise<T>;
}

/** `folder` is taken for the admin's own configuration. */
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
