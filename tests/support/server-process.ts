/**
 * The released server in a separate process with a temporary data folder, started as an admin starts it. A test can kill it with -9 and
 * start it again with the same folder and ports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSPHRASE, prepareKeyFolder } from './custody.ts';
import { freePort } from './free-port.ts';
import { programPath } from './programs.ts';

export interface ServerProcess {
  readonly home: string;
  /** Environment variables with the server's folder and addresses, for a second server beside it. */
  readonly env: Readonly<Record<string, string>>;
  /** Base URLs of the three listeners, such as `https://localhost:PORT`. */
  readonly device: string;
  readonly public: string;
  readonly admin: string;
  /** Link of the first owner, printed by the first start. */
  readonly firstOwner: string;
  readonly process: ChildProcess;
  /** Output of the server so far. */
  output(): string;
  kill(): Promise<void>;
  /** Stops the server with SIGTERM, so that it drains. */
  stop(): Promise<void>;
  /**
   * Starts the server. `changed`: environment variables for this start only. `entry`: file to start instead of the bundle, for a server whose
   * source modules a preloaded module patches. Rejects with the output if the server ends before it is ready.
   */
  start(changed?: Record<string, string>, entry?: string): Promise<void>;
  /** Ends the server and removes its folder. */
  remove(): Promise<void>;
}

/** Starts a server process. `program`: another Node. `installed`: folder of another installation of Cordon. */
export async function startServerProcess(
  environment: Record<string, string> = {},
  { program = process.execPath, installed }: { readonly program?: string; readonly installed?: string } = {},
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-server-'));
  const [device, open, admin] = [await freePort(), await freePort(), await freePort()];
  const home = join(folder, 'home');
  const env = {
    CORDON_HOME: home,
    CORDON_PASSPHRASE_FILE: join(folder, 'passphrase'),
    CORDON_BIND: '127.0.0.1',
    CORDON_DEVICE_PORT: String(device),
    CORDON_PUBLIC_PORT: String(open),
    CORDON_ADMIN_PORT: String(admin),
    CORDON_LOG: 'warn',
    CORDON_BUILD_CONSOLE: 'false',
    ...environment,
  };
  if (!('CORDON_HOME' in environment) && !('CORDON_PASSPHRASE' in environment)) {
    prepareKeyFolder(join(home, 'keys'));
    writeFileSync(env.CORDON_PASSPHRASE_FILE, PASSPHRASE, { mode: 0o600 });
  }
  let output = '';
  let child: ChildProcess;
  let firstOwner = '';

  const usual = installed === undefined ? programPath('server/start.js') : 'server/start.js';
  async function start(changed: Record<string, string> = {}, entry: string = usual): Promise<void> {
    child = spawn(program, [entry], {
      ...(installed !== undefined && { cwd: installed }),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...env,
        ...changed,
      },
    });
    const started = new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk.toString();
        if (/^ready$/m.test(output)) resolve();
      };
      output = '';
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${output}`)));
    });
    await started;
    firstOwner ||= /First owner: (\S+)/.exec(output)?.[1] ?? '';
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    home,
    env,
    device: `https://localhost:${device}`,
    public: `https://localhost:${open}`,
    admin: `http://127.0.0.1:${admin}`,
    firstOwner,
    get process() {
      return child;
    },
    output: () => output,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start,
    remove: async () => {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
