/** Runs a program of the package manager: without a shell, with a fixed environment and a deadline. Keeps only the end of the output. */
import { spawn } from 'node:child_process';

export interface ToolResult {
  /** Exit code; null if a signal ended the program. */
  readonly code: number | null;
  readonly out: string;
  /** Last lines of standard output and standard error. */
  readonly tail: string;
}

export interface ToolOptions {
  /** Milliseconds until the program gets SIGTERM, and a minute later SIGKILL. */
  readonly within: number;
  /** Maximum bytes of standard output. The run fails if there is more output. */
  readonly most?: number;
  /** Gets standard output, which is then absent from the result. An exception ends the program, and the run fails with it. */
  readonly onOutput?: (chunk: Buffer) => void;
}

export type RunTool = (file: string, args: readonly string[], options: ToolOptions) => Promise<ToolResult>;

const LONGEST_TAIL = 4096;
const MOST = 4 * 1024 * 1024;
const KILL_AFTER = 60_000;

/** Creates the function that runs programs. `environment`: variables that every program gets in addition, such as APT_CONFIG. */
export function toolRunner(environment: Readonly<Record<string, string>>): RunTool {
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    LANGUAGE: 'C',
    DEBIAN_FRONTEND: 'noninteractive',
    DEBIAN_PRIORITY: 'critical',
    APT_LISTCHANGES_FRONTEND: 'none',
    NEEDRESTART_MODE: 'l',
    ...environment,
  };
  return (file, args, { within, most = MOST, onOutput }) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, [...args], { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      let tail = '';
      let over = false;
      let refused: { readonly error: unknown } | null = null;
      let killing: NodeJS.Timeout | undefined;
      const end = () => {
        child.kill('SIGTERM');
        // A program of its own that `child` has started, such as a decompressor, would write on without an end.
        if (onOutput) child.stdout.destroy();
        killing ??= setTimeout(() => child.kill('SIGKILL'), KILL_AFTER);
      };
      const deadline = setTimeout(end, within);
      const keep = (text: string) => {
        tail = (tail + text).slice(-LONGEST_TAIL);
      };
      const pass = (chunk: Buffer) => {
        try {
          if (refused === null) onOutput?.(chunk);
        } catch (error) {
          refused = { error };
          end();
        }
      };
      if (onOutput) child.stdout.on('data', pass);
      else {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          keep(text);
          if (out.length + text.length <= most) out += text;
          else over = true;
        });
      }
      child.stderr.setEncoding('utf8').on('data', keep);
      const ended = () => {
        clearTimeout(deadline);
        clearTimeout(killing);
      };
      child.once('error', (error) => {
        ended();
        reject(error);
      });
      child.once('close', (code) => {
        ended();
        if (refused !== null) reject(refused.error);
        else if (over) reject(new Error(`${file} printed more than ${most} bytes`));
        else resolve({ code, out, tail });
      });
    });
}
