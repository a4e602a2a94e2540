/**
 * Modules that a command line loads before it responds. The start takes as long as its modules: an import of the database drivers, of the
 * daemon or of all commands triples it. The limits leave room for a few files and for no further package.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { COMMAND_GROUPS } from '../../server/cli/commands.ts';
import { runInProcess } from '../support/in-process-cli.ts';
import { runProgram } from '../support/run-program.ts';

/** Writes the address of each loaded file to standard error when the process ends. */
const HOOK = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
process.on('exit', () => process.stderr.write('LOADED ' + JSON.stringify(loaded.filter((url) => url.startsWith('file:')))));
`;

const PROJECT = join(import.meta.dirname, '../..');
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'cordon-loaded-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function run(program: string, ...args: string[]) {
  const preload = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const { err } = await runProgram(process.execPath, ['--import', preload, program, ...args], {
    env: { HOME: home, XDG_CONFIG_HOME: home, CORDON_AGENT_HOME: join(home, 'agent') },
  });
  const loaded: string[] = JSON.parse(/LOADED (.*)$/.exec(err)?.[1] ?? '[]');
  const packages = new Set(loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
  return { files: loaded.length, packages: [...packages].sort(), err };
}

it.each([
  ['server/cordon.js --version', 160],
  ['server/cordon.js --help', 160],
  ['server/cordon.js orders list --help', 230],
  ['server/cordon.js orders list --server http://127.0.0.1:1', 230],
  ['agent/cordon-agent.js --version', 185],
  ['agent/cordon-agent.js status --help', 185],
  ['agent/cordon-agent.js status', 185],
])('%s loads at most %i files of Cordon, commander and zod', async (line, most) => {
  const [program = '', ...args] = line.split(' ');
  const { files, packages } = await run(program, ...args);
  expect(packages).toEqual(['commander', 'zod']);
  expect(files).toBeGreaterThan(0);
  expect(files).toBeLessThanOrEqual(most);
});

it.each(['server/cordon.js', 'server/start.js', 'agent/cordon-agent.js'])(
  '%s starts from the cache without the TypeScript compiler of Node',
  async (program) => {
    const report = `process.on('exit', () => process.stderr.write('BUILT IN ' + process.moduleLoadList.join()));`;
    const preload = `data:text/javascript,${encodeURIComponent(report)}`;
    const own = join(home, program.replace('/', '-'));
    const start = () =>
      runProgram(process.execPath, ['--import', preload, program, '--version'], {
        env: { HOME: own, NODE_COMPILE_CACHE: undefined },
      });
    expect((await start()).err).toContain('internal/deps/amaro');
    const again = await start();
    expect(again).toMatchObject({ code: 0, err: expect.stringContaining('BUILT IN ') });
    expect(again.err).not.toContain('amaro');
  },
);

it.each([
  [
    'server/main.ts',
    ['@rapideditor/country-coder', 'age-encryption', 'better-sse', 'nodemailer', 'openid-client', 'otplib', 'pg'],
  ],
  [
    'agent/daemon.ts',
    ['@rapideditor/country-coder', 'express', 'mcc-mnc-list', 'node-forge', 'nodemailer', 'postal-mime'],
  ],
])('%s starts without undici and the packages %j', async (module, unneeded) => {
  const file = pathToFileURL(join(PROJECT, module)).href;
  const report = `import ${JSON.stringify(file)}; process.stderr.write('BUILT IN ' + process.moduleLoadList.join());`;
  const { packages, err } = await run('--input-type=module', '--eval', report);
  expect(packages).toContain('zod');
  expect(packages.filter((name) => unneeded.includes(name))).toEqual([]);
  expect(/BUILT IN (.*?)LOADED/s.exec(err)?.[1]?.split(',')).not.toContain('NativeModule internal/deps/undici/undici');
  expect(err).toContain('BUILT IN ');
});

it('keeps compiled code in the folder that a unit names, also if the service is killed', async () => {
  const folder = join(home, 'unit');
  const cache = pathToFileURL(join(PROJECT, 'shared/compile-cache.js')).href;
  // The timer of the cache ends at once here, and the process dies before an orderly exit.
  const killed = `globalThis.setTimeout = (task) => (task(), { unref() {} });
    (await import(${JSON.stringify(cache)})).keepCompiledCode(); process.kill(process.pid, 'SIGKILL');`;
  await runProgram(process.execPath, ['--input-type=module', '--eval', killed], {
    env: { HOME: '/dev/null', NODE_COMPILE_CACHE: folder },
  });
  expect(readdirSync(folder, { recursive: true }).length).toBeGreaterThan(1);
});

it('each command is defined by the module that the table names', async () => {
  for (const { commands } of COMMAND_GROUPS) {
    for (const name of Object.keys(commands)) {
      const asOption = await runInProcess([name, '--help'], { HOME: home });
      expect(asOption).toMatchObject({ code: 0, out: expect.stringContaining(`Usage: cordon ${name}`) });
      // The module must define more than the description, which the table has already.
      const [, usage = ''] = /^Usage: (.*)/.exec(asOption.out) ?? [];
      const bare = ['sign-out', 'health', 'openapi', 'mail-connector'].includes(name);
      expect([usage, bare || / \[command\]|</.test(usage) || /--(?!help|json)[a-z]/.test(asOption.out)]).toEqual([
        usage,
        true,
      ]);
      expect((await runInProcess(['help', name], { HOME: home })).out).toBe(asOption.out);
    }
  }
});
