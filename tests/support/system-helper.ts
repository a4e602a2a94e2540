/** The system helper as a process of its own, over a machine of its own for apt. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AskSystemHelper, systemHelper } from '../../agent/work/system-helper-client.ts';
import { AptMachine } from './apt-machine.ts';
import { programPath } from './programs.ts';
import { until } from './until.ts';

export const HELPER_ENTRY = programPath('agent/cordon-agent-system.js');

export class SystemHelper {
  readonly machine = new AptMachine();
  readonly #inside: readonly string[];
  readonly socket = this.machine.path('helper.sock');
  readonly ask: AskSystemHelper = systemHelper(this.socket);
  #process: ChildProcess | null = null;
  #log = '';

  /** `inside`: prefix of the helper's command line, such as that of a `SettingsMachine`. */
  constructor(inside: readonly string[] = []) {
    this.#inside = inside;
  }

  allow(
    packages: { allow: string[]; deny?: string[]; remove?: boolean } = { allow: ['*'] },
    signers: readonly string[] = [],
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const ownPackages = signers.length === 0 ? undefined : { signers: signers.map((publicKey) => ({ publicKey })) };
    writeFileSync(
      this.machine.path('system.json'),
      JSON.stringify({ packages, ownPackages, osUpdates: true, ...more }),
      {
        mode: 0o644,
      },
    );
  }

  get log(): string {
    return this.#log;
  }

  /** `options`: further options of the command line. */
  async start(options: readonly string[] = []): Promise<void> {
    const { machine } = this;
    const paths = ['--policy', machine.path('system.json'), '--state', machine.path('state'), '--socket', this.socket];
    const [program = '', ...args] = [...this.#inside, process.execPath, HELPER_ENTRY, 'run', ...paths, ...options];
    const started = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...machine.env },
      // A group of its own, so that `kill` also ends the package manager, as systemd does.
      detached: true,
    });
    started.stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    this.#process = started;
    await until(async () => {
      if (started.exitCode !== null) throw new Error(`the helper ended:\n${this.#log}`);
      const response = await this.ask({ op: 'status' });
      if (response.outcome !== 'ready') throw new Error('the helper is not ready');
    }, 20_000);
  }

  /** Kills the helper and the package manager that it runs. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (!running?.pid || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    process.kill(-running.pid, 'SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    this.machine.remove();
  }
}
