/**
 * The agent as people run it: `cordon-agent` as processes of its own over one home folder in the temporary folder. It can be killed with
 * -9 and started again; what it holds on the disk can be looked at.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AgentStatus } from '../../agent/agent.ts';
import { askControl } from '../../agent/control/control.ts';
import type { LinkState } from '../../agent/link/link.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { DeviceTls } from './gateway-world.ts';
import { programPath } from './programs.ts';
import { type Ended, type RunOptions, runProgram } from './run-program.ts';
import { until } from './until.ts';

const ENTRY = programPath('agent/cordon-agent.js');

export class AgentProcess {
  readonly home: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #entry: string;
  #daemon: ChildProcess | null = null;
  #log = '';

  readonly #inside: readonly string[];

  /** `entry`: another program that runs the same command line. `inside`: in front of the daemon's command line. */
  constructor(
    env: NodeJS.ProcessEnv = {},
    home = mkdtempSync(join(tmpdir(), 'cordon-agent-')),
    entry = ENTRY,
    inside: readonly string[] = [],
  ) {
    this.home = home;
    this.#entry = entry;
    this.#inside = inside;
    // Not as somebody's service, even where the tests run in one: it restarts itself. Nor where that machine is.
    this.#env = { INVOCATION_ID: undefined, CORDON_AGENT_GEOCLUE: 'off', CORDON_AGENT_LOG: 'info', ...env };
  }

  /** One command of the command line, to its end. */
  cli(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return runProgram(process.execPath, [this.#entry, '--home', this.home, ...args], {
      ...options,
      env: { ...this.#env, ...options.env },
    });
  }

  async enroll(link: string): Promise<void> {
    const { code, err } = await this.cli(['enroll', link]);
    if (code !== 0) throw new Error(`enroll ended with ${code}: ${err}`);
  }

  /** Starts the daemon; `connected` waits until it is. */
  run(): ChildProcess {
    this.#log = '';
    const [program = '', ...args] = [...this.#inside, process.execPath, this.#entry, '--home', this.home, 'run'];
    const daemon = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.#env },
    });
    daemon.stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    this.#daemon = daemon;
    return daemon;
  }

  /** What the daemon has logged since it was started. */
  get log(): string {
    return this.#log;
  }

  /** The exit code of the daemon, or null while it runs or when a signal ended it. */
  get exitCode(): number | null {
    return this.#daemon?.exitCode ?? null;
  }

  get running(): boolean {
    const daemon = this.#daemon;
    return daemon !== null && daemon.exitCode === null && daemon.signalCode === null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon || !this.running) return;
    const ended = once(daemon, 'exit');
    daemon.kill(signal);
    await ended;
  }
  kill = (): Promise<void> => this.#end('SIGKILL');
  stop = (): Promise<void> => this.#end('SIGTERM');

  /** As `status --json` prints it. A running daemon is asked over its socket, which costs no process. */
  async status(): Promise<AgentStatus> {
    const answered = await askControl(this.path('agent.sock'), { op: 'status', shown: false });
    // The types of our own daemon.
    if (answered) return answered.ok as AgentStatus;
    const { code, out, err } = await this.cli(['status', '--json']);
    if (code !== 0) throw new Error(`status ended with ${code}: ${err}`);
    const status: AgentStatus = JSON.parse(out);
    return status;
  }

  /** What the daemon said last of its link. */
  get linkState(): string | null {
    return this.#log.match(/(?<="state":")\w+/g)?.at(-1) ?? null;
  }

  /** Until the link is so; read from the log, since asking costs a process. */
  async link(state: LinkState, within = 20_000): Promise<AgentStatus> {
    await until(() => {
      if (this.linkState !== state) throw new Error(`the link is ${this.linkState}, not ${state}:\n${this.#log}`);
    }, within);
    return this.status();
  }

  connected = (within?: number): Promise<AgentStatus> => this.link('connected', within);

  get device() {
    const { device } = JSON.parse(readFileSync(this.path('identity/enrollment.json'), 'utf8'));
    return deviceIdSchema.parse(device);
  }

  /** The device's own credentials, for a client that is not our agent. `server`: the base URL of the device listener. */
  tls(server: string): DeviceTls {
    const { hostname, port } = new URL(server);
    return {
      host: '127.0.0.1',
      servername: hostname,
      port: Number(port),
      ca: readFileSync(this.path('identity/root.pem'), 'utf8'),
      key: readFileSync(this.path('identity/key.pem'), 'utf8'),
      cert: readFileSync(this.path('identity/chain.pem'), 'utf8'),
    };
  }

  path(name: string): string {
    return join(this.home, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Reads the agent's own store, beside the daemon. */
  query(sql: string, ...values: string[]): Record<string, unknown>[] {
    const store = new DatabaseSync(this.path('agent.db'), { readOnly: true, timeout: 5000 });
    try {
      return store.prepare(sql).all(...values);
    } finally {
      store.close();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.home, { recursive: true, force: true });
  }
}
