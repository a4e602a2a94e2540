/**
 * Runs one program to its end, and returns its output and exit code. A failure of the program does not throw, because some tests expect it.
 */
import { spawn } from 'node:child_process';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until the program is killed. */
  readonly within?: number;
}

export function runProgram(
  program: string,
  args: readonly string[],
  { input, env = {}, cwd, within = 30_000 }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'pipe',
      env: { ...process.env, ...env },
      timeout: within,
      killSignal: 'SIGKILL',
      ...(cwd === undefined ? {} : { cwd }),
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    // A program that fails before it has read all its input closes its end of the pipe. Its exit code tells why.
    child.stdin.on('error', (error) => (err += `\n${error.message}`));
    child.stdin.end(input);
    child.once('close', (code) => resolve({ code: code ?? -1, out, err }));
  });
}
