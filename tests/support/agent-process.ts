/**
 * The agent as users run it: processes of `cordon-agent` over one home folder in the temporary folder. A test can kill the agent with -9,
 * start it again, and read its files.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AgentStatus } from '../../agent/agent.ts';
import { sendControlRequest } from '../../agent/control/control.ts';
import type { LinkState } from '../../agent/link/link.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { DeviceTls } from './gateway-world.ts';
import { programPath } from './programs.ts';
import { type Ended, type RunOptions, runProgram } from './run-program.ts';
import { until } from './until.ts';

const ENTRY = programPath('agent/cordon-agent.js');
/** Without this file, each agent's inventory would make apt-get read the lists of all packages of Debian. */
const NO_PACKAGE_LISTS = join(import.meta.dirname, 'no-package-lists.conf');

export class AgentProcess {
  readonly home: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #entry: string;
  #daemon: ChildProcess | null = null;
  #log = '';

  readonly #inside: readonly string[];

  /** `entry`: another program with the same command line. `inside`: prefix of the daemon's command line. */
  constructor(
    env: NodeJS.ProcessEnv = {},
    home = mkdtempSync(join(tmpdir(), 'cordon-agent-')),
    entry = ENTRY,
    inside: readonly string[] = [],
  ) {
    this.home = home;
    this.#entry = entry;
    this.#inside = inside;
    // Without INVOCATION_ID the agent restarts by itself, also where the tests run as a service. It does not ask for this machine's
    // location.
    this.#env = {
      INVOCATION_ID: undefined,
      CORDON_AGENT_GEOCLUE: 'off',
      CORDON_AGENT_LOG: 'info',
      APT_CONFIG: NO_PACKAGE_LISTS,
      ...env,
    };
  }

  /** Runs one command and waits for its end. */
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

  /** Starts the daemon. The function `connected` waits for its connection. */
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

  /** Log of the daemon since its start. */
  get log(): string {
    return this.#log;
  }

  /** Process identifier of the daemon; undefined before its start. */
  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  /** Exit code of the daemon; null while it runs, or if a signal ended it. */
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

  /** Status of the agent, as `status --json` prints it. A running daemon responds over its socket, which starts no process. */
  async status(): Promise<AgentStatus> {
    const answered = await sendControlRequest(this.path('agent.sock'), { op: 'status', shown: false });
    if (answered) return answered.ok as AgentStatus;
    const { code, out, err } = await this.cli(['status', '--json']);
    if (code !== 0) throw new Error(`status ended with ${code}: ${err}`);
    const status: AgentStatus = JSON.parse(out);
    return status;
  }

  /** Newest state of the connection in the daemon's log. */
  get linkState(): string | null {
    return this.#log.match(/(?<="state":")\w+/g)?.at(-1) ?? null;
  }

  /** Waits until the connection has this state. The state comes from the log, because a status command starts a process. */
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

  /** The device's TLS credentials, for a client other than our agent. `server`: base URL of the device listener. */
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

  /** Reads the agent's store while the daemon runs. */
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
