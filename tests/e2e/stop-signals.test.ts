/**
 * The end of server and agent: a signal to npm or to process 1 of a container, a signal during the start, a second signal, and a drain that
 * does not end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { openWorld } from '../support/e2e-world.ts';
import { freePort } from '../support/free-port.ts';
import { ownPostgres } from '../support/own-postgres.ts';
import { startServerProcess } from '../support/server-process.ts';
import { needed, posix } from '../support/tools.ts';
import { until } from '../support/until.ts';

const namespaces = needed(
  'root on Linux',
  'run the tests as root, for process 1 of a container',
  process.platform === 'linux' && process.getuid?.() === 0,
);
const url = process.env['CORDON_TEST_DATABASE_URL'];
const postgres = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', Boolean(url));

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Started {
  readonly child: ChildProcess;
  readonly ports: readonly number[];
  /** Data folder of the server. */
  readonly home: string;
  output(): string;
  until(words: RegExp): Promise<void>;
}

/** Starts a server by a custom command, in a process group that ends with the test. */
async function startBy(command: string, args: readonly string[]): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-stopping-'));
  const ports = [await freePort(), await freePort(), await freePort()];
  const [device, open, admin] = ports;
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CORDON_HOME: join(folder, 'home'),
      CORDON_PASSPHRASE_FILE: join(folder, 'passphrase'),
      CORDON_BIND: '127.0.0.1',
      CORDON_DEVICE_PORT: String(device),
      CORDON_PUBLIC_PORT: String(open),
      CORDON_ADMIN_PORT: String(admin),
      CORDON_BUILD_CONSOLE: 'false',
      CORDON_LOG: 'warn',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const { pid } = child;
  closing.push(() => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    child,
    ports,
    home: join(folder, 'home'),
    output: () => output,
    until: (words) => until(() => expect(output).toMatch(words), 60_000),
  };
}

async function isOpen(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const allFree = (ports: readonly number[]) =>
  until(async () => {
    expect(await Promise.all(ports.map(isOpen))).toEqual(ports.map(() => false));
  });

/** The process below `pid` whose command line contains these words. `pid` may be its shell, its npm, or the process itself. */
function descendant(pid: number, words: RegExp): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      parents.set(Number(name), Number(parent));
      if (!words.test(command)) continue;
      for (let at = Number(name); at > 1; at = parentOf(at)) if (at === pid) return Number(name);
    } catch (error) {
      // The process has ended already.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
  throw new Error(`no process under ${pid} is ${words}`);
}

function parentOf(pid: number): number {
  const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  return Number(parent);
}

const DRAINS = /SIGTERM: the server asks devices to reconnect, then stops/;
const SERVER = [process.execPath, 'server/start.js'] as const;

describe.skipIf(!posix().present)('the server', () => {
  it('stops, drains and frees its ports when npm gets SIGTERM', async () => {
    const { child, ports, output, until: printed } = await startBy('npm', ['start']);
    await printed(/^ready$/m);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await allFree(ports);
    expect(output()).toMatch(DRAINS);
  });

  it.skipIf(!namespaces.present).each([
    ['the server itself', [...SERVER], /^(?!unshare).*start\.js/],
    ['npm', ['npm', 'start'], /^npm start/],
  ] as const)('stops and drains as process 1 of a container: %s', async (_what, command, words) => {
    const {
      child,
      ports,
      output,
      until: printed,
    } = await startBy('unshare', ['--pid', '--fork', '--mount-proc', ...command]);
    await printed(/^ready$/m);
    const ended = once(child, 'exit');
    process.kill(descendant(child.pid ?? 0, words), 'SIGTERM');
    await ended;
    await allFree(ports);
    expect(output()).toMatch(DRAINS);
  });

  it.skipIf(!namespaces.present)('stops as process 1 during its start', async () => {
    const { child, home, output } = await startBy('unshare', ['--pid', '--fork', '--mount-proc', ...SERVER]);
    // The first file of a start. The keys and tables follow it, and take the longest.
    await until(() => expect(existsSync(join(home, 'cordon.lock'))).toBe(true), 60_000, 10);
    const ended = once(child, 'exit');
    process.kill(descendant(child.pid ?? 0, /^(?!unshare).*start\.js/), 'SIGTERM');
    await ended;
    expect(/^ready$/m.test(output())).toBe(DRAINS.test(output()));
  });

  it('tells its devices to reconnect later', async () => {
    const { server, enrolled, remove } = await openWorld();
    closing.push(remove);
    const agent = await enrolled();
    agent.run();
    await agent.connected();
    const ended = once(server.process, 'exit');
    server.process.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    const status = await agent.link('waiting');
    expect(agent.log).toMatch(/The server closed the connection \(1001, going_away\)/);
    expect(status.device).toBe(agent.device);
  });

  it.skipIf(!postgres.present)(
    'ends at a second signal, or after eight seconds, when its database does not respond',
    async () => {
      const database = await ownPostgres(url ?? '');
      closing.push(database.drop);
      const server = await startServerProcess({ CORDON_DATABASE_URL: database.url });
      closing.push(server.remove);
      const blocker = new pg.Client(database.url);
      await blocker.connect();
      closing.push(() => blocker.end());
      for (const [second, code, words] of [
        [true, 143, /SIGTERM: this is the second request; ending now/],
        [false, 1, /the work did not finish within 8 seconds; ending now/],
      ] as const) {
        // The server's ledger and lists wait for these tables.
        await blocker.query(
          'begin; lock table ledger_entries, checkpoints, meta, order_lists in access exclusive mode',
        );
        await until(async () => {
          const { rowCount } = await blocker.query("select 1 from pg_stat_activity where wait_event_type = 'Lock'");
          expect(rowCount).toBeGreaterThan(0);
        });
        const ended = once(server.process, 'exit');
        server.process.kill('SIGTERM');
        await until(() => expect(server.output()).toMatch(DRAINS));
        if (second) {
          // A second signal within a second comes from the terminal and from npm, and does not force the end.
          server.process.kill('SIGTERM');
          await new Promise((resolve) => setTimeout(resolve, 1_200));
          expect(server.process.exitCode).toBeNull();
          server.process.kill('SIGTERM');
        }
        expect((await ended)[0]).toBe(code);
        expect(server.output()).toMatch(words);
        await blocker.query('rollback');
        if (second) await server.start();
      }
    },
  );
});

describe.skipIf(!posix().present)('the agent', () => {
  it('stops when the npx that started it gets SIGTERM, and as process 1 of a container', async () => {
    const { enrolled, remove } = await openWorld();
    closing.push(remove);
    const agent = await enrolled();
    const commands: [string, string[], RegExp][] = [
      ['npx', ['cordon-agent', '--home', agent.home, 'run'], /^npm exec/],
      ...(namespaces.present
        ? [
            [
              'unshare',
              [
                '--pid',
                '--fork',
                '--mount-proc',
                process.execPath,
                'agent/cordon-agent.js',
                '--home',
                agent.home,
                'run',
              ],
              /^(?!unshare).*cordon-agent\.js/,
            ] satisfies [string, string[], RegExp],
          ]
        : []),
    ];
    for (const [command, args, words] of commands) {
      const child = spawn(command, args, {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, CORDON_AGENT_GEOCLUE: 'off' },
      });
      let log = '';
      child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
      await until(() => expect(log).toContain('"state":"connected"'), 60_000);
      process.kill(descendant(child.pid ?? 0, words), 'SIGTERM');
      await until(() => expect(log).toContain('"state":"stopped"'), 20_000);
      // The lock of the agent's home folder is free again.
      await until(async () => expect((await agent.cli(['status'])).out).toMatch(/not running/), 20_000);
    }
  });
});
