/** The build of the console by the real Vite, on a small console in a temporary project. It never leaves an incomplete build. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { until } from '../support/until.ts';

/** A build has a low priority, so it may take long on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let project: string;
let folder: string;
let dist: string;
const running: ChildProcess[] = [];

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'cordon-build-'));
  folder = join(project, 'server/console');
  dist = join(folder, 'dist');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(project, 'shared/pages'), { recursive: true });
  for (const file of ['server/console/build.ts', 'shared/pages/build.ts']) copyFileSync(file, join(project, file));
  symlinkSync(resolve('node_modules'), join(project, 'node_modules'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'package-lock.json'), '{}');
  writeFileSync(join(folder, 'vite.config.ts'), 'export default { root: import.meta.dirname };');
  writeFileSync(join(folder, 'index.html'), '<script type="module" src="/main.ts"></script>');
  writeFileSync(join(folder, 'main.ts'), "import { words } from '../../shared/words.ts';\ndocument.title = words;\n");
  writeFileSync(join(project, 'shared/words.ts'), `export const words: string = '${'first '.repeat(300)}';\n`);
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await until(() => rmSync(project, { recursive: true, force: true }));
});

function start(): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const child = spawn(process.execPath, [join(folder, 'build.ts')], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk));
  const ended = once(child, 'close').then(([code]) => ({ code, output }));
  return { child, ended };
}
const build = () => start().ended;

const scripts = () => readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js'));
const script = () => {
  const [name = '', ...others] = scripts();
  expect(others).toEqual([]);
  return readFileSync(join(dist, 'assets', name), 'utf8');
};
const leftovers = () => readdirSync(folder).filter((name) => name.startsWith('dist-'));

it('builds without an earlier build or after a change of a source, and otherwise reports that the build is up to date', async () => {
  const first = await build();
  expect([first.code, first.output.split('\n').length]).toEqual([0, 3]);
  expect(first.output).toMatch(/^Building the console/);
  expect(script()).toContain('first first');
  expect(statSync(dist).mode & 0o777).toBe(0o755);
  const [name = ''] = scripts();
  const text = readFileSync(join(dist, 'assets', name));
  expect(brotliDecompressSync(readFileSync(join(dist, 'assets', `${name}.br`)))).toEqual(text);
  expect(gunzipSync(readFileSync(join(dist, 'assets', `${name}.gz`)))).toEqual(text);

  const { mtimeMs } = statSync(dist);
  expect((await build()).output).toMatch(/^The build in .* is up to date\.\n$/);
  // The date of a file does not matter, because a checkout changes all dates.
  utimesSync(join(folder, 'main.ts'), new Date(), new Date());
  expect((await build()).output).toContain('is up to date');
  expect(statSync(dist).mtimeMs).toBe(mtimeMs);

  writeFileSync(join(project, 'shared/words.ts'), "export const words = 'second';\n");
  expect((await build()).code).toBe(0);
  expect(script()).toContain('second');
  writeFileSync(join(folder, 'words.test.ts'), 'a test is no source');
  mkdirSync(join(project, 'shared/.editor'));
  writeFileSync(join(project, 'shared/.editor/words.ts'), 'what is hidden is no source');
  expect((await build()).output).toContain('is up to date');
  appendFileSync(join(project, 'package-lock.json'), '\n');
  expect((await build()).output).toMatch(/^Building/);
  expect(leftovers()).toEqual([]);
});

it('leaves one complete console when several builds run at once', async () => {
  const building = [build(), build(), build()];
  await Promise.race(building);
  const { ino: first } = statSync(dist);
  const results = await Promise.all(building);
  expect(results.map(({ code, output }) => [code, code === 0 ? '' : output])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ]);
  expect(script()).toContain('first');
  // The first build that finished stays in place, so that requests always find a console.
  expect(statSync(dist).ino).toBe(first);
  expect(leftovers()).toEqual([]);
  expect((await build()).output).toContain('is up to date');
});

it('keeps the earlier console when a build fails, and reports the reason', async () => {
  await build();
  writeFileSync(join(folder, 'main.ts'), "import { gone } from './gone.ts';\ndocument.title = gone;\n");
  const { code, output } = await build();
  expect(code).toBe(1);
  expect(output).toMatch(/Building the console failed[\s\S]*gone\.ts/);
  expect(script()).toContain('first');
  expect(leftovers()).toEqual([]);
});

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'case 54: a build whose starter ends by %s keeps the earlier console',
  async (signal) => {
    await build();
    writeFileSync(join(project, 'shared/words.ts'), "export const words = 'second';\n");
    const { child, ended } = start();
    await until(() => expect(leftovers()).toHaveLength(1), 60_000, 5);
    child.kill(signal);
    await ended;
    // The build process sees that the channel closed, and removes its unfinished output.
    await until(() => expect(leftovers()).toEqual([]));
    expect(script()).toContain('first');
    expect((await build()).code).toBe(0);
    expect(script()).toContain('second');
  },
);
