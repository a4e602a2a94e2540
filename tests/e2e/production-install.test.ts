/** The production install that server/OPERATIONS.md describes: its size, and a server and an agent that run from it without the build tools. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensurePage } from '../../agent/page/build.ts';
import { ensureConsole } from '../../server/console/build.ts';
import { setUp } from '../support/operator.ts';
import { runProgram } from '../support/run-program.ts';
import { startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const MIB = 2 ** 20;
/** The install with development dependencies took 692 MiB when it was split. */
const MOST = 692 / 2;
/** The pinned Node is most of this size. A machine with its own Node 26 needs no copy. */
const MOST_WITHOUT_NODE = 120;

let folder: string;
let installed: string;
let program: string;

beforeAll(async () => {
  await ensureConsole((line) => console.log(line));
  await ensurePage((line) => console.log(line));
  folder = mkdtempSync(join(tmpdir(), 'cordon-production-'));
  installed = join(folder, 'cordon');
  program = join(installed, 'node_modules/.bin/node');
  // Copies the checkout with the built pages.
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']).toString();
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(file));
  for (const path of [...files, 'server/console/dist', 'agent/page/client/dist']) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(path, join(installed, path), { recursive: true });
  }
  execFileSync('npm', ['ci', '--omit=dev', '--prefer-offline'], { cwd: installed, stdio: 'pipe' });
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Size on disk in blocks, as `du` counts it. */
function sizeOf(path: string): number {
  const entry = lstatSync(path);
  const own = entry.blocks * 512;
  return entry.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), own) : own;
}

it('a production install is less than half as large as an install with build tools', () => {
  const modules = join(installed, 'node_modules');
  const node = readdirSync(modules).filter((name) => name.startsWith('node-'));
  const total = Math.round(sizeOf(modules) / MIB);
  const withoutNode = Math.round(
    (sizeOf(modules) - node.reduce((sum, name) => sum + sizeOf(join(modules, name)), 0)) / MIB,
  );
  console.log(`production install: ${total} MiB, ${withoutNode} MiB of it without Node`);
  for (const left of ['vite', 'typescript', '@mantine', '@tabler', 'react', 'vitest', '@biomejs']) {
    expect(existsSync(join(modules, left)), left).toBe(false);
  }
  expect(total).toBeLessThan(MOST);
  expect(withoutNode).toBeLessThan(MOST_WITHOUT_NODE);
  const operations = readFileSync(join(installed, 'server/OPERATIONS.md'), 'utf8').replaceAll('\n', ' ');
  const stated = /A server or a device needs (\d+) MiB:.*? (\d+) MiB are the pinned Node\..*? leaves (\d+) MiB/.exec(
    operations,
  );
  // A new version of a package may change a size by a few MiB.
  for (const [index, size] of [total, total - withoutNode, withoutNode].entries()) {
    expect(
      Math.abs(Number(stated?.[index + 1]) - size),
      `size ${index + 1} in server/OPERATIONS.md: ${size} MiB`,
    ).toBeLessThan(10);
  }
});

it('a production install runs a server with its console, and an agent that enrolls, connects and opens its page', async () => {
  const server = await startServerProcess({ CORDON_BUILD_CONSOLE: 'true' }, { program, installed });
  const home = join(folder, 'agent');
  const agent = (...args: string[]) =>
    runProgram(program, ['agent/cordon-agent.js', '--home', home, ...args], {
      cwd: installed,
      env: { CORDON_AGENT_GEOCLUE: 'off' },
    });
  let daemon: ReturnType<typeof spawn> | null = null;
  try {
    expect(server.output()).not.toMatch(/build/i);
    const page = await fetch(`${server.admin}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const operator = await setUp(server.admin, server.firstOwner);
    const group = await operator.group('embassies');
    const { link } = await operator.code({ user: 'Zoe', group, home: 'SE' });
    expect(await agent('enroll', link)).toMatchObject({ code: 0 });
    daemon = spawn(program, ['agent/cordon-agent.js', '--home', home, 'run'], {
      cwd: installed,
      stdio: 'ignore',
      env: { ...process.env, INVOCATION_ID: undefined, CORDON_AGENT_GEOCLUE: 'off' },
    });
    await until(async () => {
      const { out } = await agent('status');
      if (!/connection +connected/.test(out)) throw new Error(out);
    }, 60_000);
    expect(await agent('open')).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^http:\/\//) });
  } finally {
    if (daemon?.exitCode === null) {
      const ended = once(daemon, 'exit');
      daemon.kill();
      await ended;
    }
    await server.remove();
  }
});

it('a production install keeps pages that were built from other sources, and reports how to build missing pages', async () => {
  const build = (...args: string[]) => runProgram(program, args, { cwd: installed });
  rmSync(join(installed, 'server/console/dist/.built-from'));
  const byHand = await build('server/console/build.ts');
  expect(byHand).toMatchObject({ code: 1, err: expect.stringMatching(/run "npm ci && npm run console"/) });
  const server = await startServerProcess({ CORDON_BUILD_CONSOLE: 'true' }, { program, installed });
  expect(server.output()).toMatch(/The console is not built\. The build tools are not installed here\./);
  await server.remove();
});
