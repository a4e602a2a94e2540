/** The released `cordon-witness` in a separate process with a temporary folder. A test can kill it with -9 and start it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { PROJECT } from './programs.ts';
import { type Ended, runProgram } from './run-program.ts';

const ENTRY = join(PROJECT, 'server/cordon-witness.js');

export interface WitnessProcess {
  readonly home: string;
  readonly name: string;
  /** Verifier key of the witness. */
  readonly key: string;
  readonly url: string;
  readonly process: ChildProcess;
  output(): string;
  cli(args: readonly string[]): Promise<Ended>;
  /** Adds a log: `VERIFIER-KEY` or `VERIFIER-KEY ORIGIN`. The witness reads the list when it starts. */
  addLog(line: string): void;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/** Creates a witness. The caller starts it. `mortal`: the process can kill itself between store and response (`mortal-witness.ts`). */
export async function createWitnessProcess({
  name = 'witness.example.org/w1',
  mortal = false,
  flags = [],
}: {
  readonly name?: string;
  readonly mortal?: boolean;
  readonly flags?: readonly string[];
} = {}): Promise<WitnessProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-witness-'));
  const home = join(folder, 'home');
  const listen = `127.0.0.1:${await freePort()}`;
  const cli = (args: readonly string[]) => runProgram(process.execPath, [ENTRY, '--home', home, ...args]);
  const { code, out, err } = await cli(['init', '--name', name]);
  if (code !== 0) throw new Error(`init ended with ${code}: ${err}`);
  let output = '';
  let child: ChildProcess | null = null;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  return {
    home,
    name,
    key: out.split('\n')[0] ?? '',
    url: `${flags.includes('--certificate') ? 'https' : 'http'}://${listen}`,
    get process() {
      if (!child) throw new Error('the witness was not started');
      return child;
    },
    output: () => output,
    cli,
    addLog: (line) => appendFileSync(join(home, 'logs'), `${line}\n`),
    async start() {
      const preload = mortal ? ['--import', join(import.meta.dirname, 'mortal-witness.ts')] : [];
      const started = spawn(
        process.execPath,
        [...preload, ENTRY, '--home', home, 'run', '--listen', listen, ...flags],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      child = started;
      output = '';
      await new Promise<void>((resolve, reject) => {
        const read = (chunk: Buffer) => {
          output += chunk.toString();
          if (/^ready$/m.test(output)) resolve();
        };
        started.stdout.on('data', read);
        started.stderr.on('data', read);
        started.once('exit', (ended) => reject(new Error(`the witness ended with ${ended}:\n${output}`)));
      });
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async remove() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
