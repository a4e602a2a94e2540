/**
 * `npm test`: tests the whole product on SQLite, and with every real component that this machine has. It prints one line for each component
 * that is missing; under CI a missing component is a failure (`tests/support/tools.ts`), and so is a skipped test. A test that writes into
 * the source tree is a failure under CI, and a printed line elsewhere, where an editor may be the cause. `--faults` runs the long fault
 * tests instead. The tests start servers, agents and command lines hundreds of times: all processes of one run start from bundles and share
 * a cache of compiled code.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { bundlePrograms } from './support/bundle-programs.ts';
import { changedPaths, listSourceTree } from './support/source-tree.ts';

/** Memory-backed file system (Linux). Agents and servers in it start with a fifth less CPU time, because no write waits for a disk. */
const MEMORY = '/dev/shm';
/** Generous limit: bundles, browser profiles and data folders of all tests stay until the end of the run. */
const ROOM = 4 * 2 ** 30;

const folder = mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), 'cordon-'));
// Other users reach their own folders in it: PostgreSQL refuses to run as root.
chmodSync(folder, 0o711);
const leftOut = join(folder, 'left-out');
const results = join(folder, 'results.json');
const faults = process.argv.includes('--faults');
const given = process.argv.slice(2).filter((arg) => arg !== '--faults');

const project = join(import.meta.dirname, '..');
const before = listSourceTree(project);
// Several test files would build them at the same time.
if (given.length === 0) {
  for (const build of ['server/console/build.ts', 'agent/page/build.ts']) {
    spawnSync(process.execPath, [build], { cwd: project, stdio: 'inherit' });
  }
}
const programs = join(folder, 'programs');
await bundlePrograms(programs);
const { status } = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...given],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...(folder.startsWith(MEMORY) ? { TMPDIR: folder } : {}),
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      ...process.env,
      CORDON_LEFT_OUT: leftOut,
      CORDON_TEST_PROGRAMS: programs,
      ...(faults ? { CORDON_FAULTS: '100' } : {}),
    },
  },
);

const SLOWEST_FILES = 15;
const summary = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});
if (existsSync(leftOut)) {
  const lines = new Set(readFileSync(leftOut, 'utf8').split('\n').filter(Boolean));
  console.log('\nLeft out, because this machine lacks it:');
  for (const line of [...lines].sort()) console.log(`  ${line}`);
}
const skipped: string[] = [];
if (existsSync(results)) {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = summary.parse(
    JSON.parse(readFileSync(results, 'utf8')),
  );
  for (const { name, assertionResults } of testResults) {
    for (const { fullName, status } of assertionResults) {
      if (status !== 'passed' && status !== 'failed') skipped.push(`${relative(project, name)}: ${fullName}`);
    }
  }
  const slowest = testResults
    .map(({ name, startTime, endTime }) => ({ name, seconds: Math.round((endTime - startTime) / 1000) }))
    .sort((a, b) => b.seconds - a.seconds);
  console.log('\nSlowest test files, in seconds:');
  for (const { name, seconds } of slowest.slice(0, SLOWEST_FILES)) {
    console.log(`  ${String(seconds).padStart(4)}  ${relative(project, name)}`);
  }
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;

// With a pattern of names, vitest counts every other test as skipped.
const isSelection = given.some((arg) => /^(-t|--testNamePattern)\b/.test(arg));
if (process.env['CI'] && !isSelection && skipped.length > 0) {
  console.log('\nThese tests were skipped. Under CI every test must run:');
  for (const title of skipped.slice(0, 50)) console.log(`  ${title}`);
  process.exitCode = 1;
}

const written = changedPaths(before, listSourceTree(project));
if (written.length > 0) {
  console.log('\nThese files of the source tree changed while the tests ran. Tests write into temporary folders only:');
  for (const path of written.slice(0, 50)) console.log(`  ${path}`);
  if (process.env['CI']) process.exitCode = 1;
}

/** Not if TMPDIR names another folder. Tests run programs from the temporary folder, which some machines do not allow in memory. */
function hasRoom(): boolean {
  try {
    if (process.env['TMPDIR'] !== undefined) return false;
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    const options = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === MEMORY);
    return bavail * bsize >= ROOM && options?.includes('noexec') === false;
  } catch {
    return false;
  }
}
