/**
 * `npm test`: tests the whole product on SQLite, and with every real component that this machine has. It prints one line for each component
 * that is missing; under CI a missing component is a failure (`tests/support/tools.ts`), and so is a skipped test. A test that writes into
 * the source tree is a failure under CI, and a printed line elsewhere, where an editor may be the cause. A test file that fails in a whole run
 * runs once more, alone, at the end of its stage. If it passes then, the run passes and names the file, which is a defect to repair.
 * `--faults` runs the long fault tests instead. The tests start servers, agents and command lines hundreds of times: all processes of one run
 * start from bundles and share a cache of compiled code.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms } from './support/bundle-programs.ts';
import { changedPaths, listSourceTree } from './support/source-tree.ts';
import { filesForSecondTry, readStageReport, type StageReport } from './support/stage-report.ts';

/** Memory-backed file system (Linux). Agents and servers in it start with a fifth less CPU time, because no write waits for a disk. */
const MEMORY = '/dev/shm';
/** Generous limit: bundles, browser profiles and data folders of all tests stay until the end of the run. */
const ROOM = 4 * 2 ** 30;

/** Parts of a whole run, as arguments of vitest. The tests of the last part take longest, so they run only if the others have passed. */
const STAGES = [
  ['--project', 'together', '--project', 'alone'],
  ['--project', 'programs'],
] as const;
/** Maximum number of failed test files that run a second time in a whole run. */
const SECOND_TRIES = 3;
const SLOWEST_FILES = 15;

const folder = mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), 'cordon-'));
// Other users reach their own folders in it: PostgreSQL refuses to run as root.
chmodSync(folder, 0o711);
const leftOut = join(folder, 'left-out');
const faults = process.argv.includes('--faults');
const given = process.argv.slice(2).filter((arg) => arg !== '--faults');
const isWholeRun = given.length === 0 && !faults;

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

const REPORTER = join(import.meta.dirname, 'support', 'stage-report.ts');

/** Runs vitest. The report is null if vitest ended before it wrote one. */
function runVitest(args: readonly string[]): { readonly passed: boolean; readonly report: StageReport | null } {
  const file = join(folder, 'report.json');
  rmSync(file, { force: true });
  const { status } = spawnSync('vitest', ['run', '--reporter=default', `--reporter=${REPORTER}`, ...args], {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...(folder.startsWith(MEMORY) ? { TMPDIR: folder } : {}),
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      ...process.env,
      CORDON_STAGE_REPORT: file,
      CORDON_LEFT_OUT: leftOut,
      CORDON_TEST_PROGRAMS: programs,
      ...(faults ? { CORDON_FAULTS: '100' } : {}),
    },
  });
  return { passed: status === 0, report: existsSync(file) ? readStageReport(file) : null };
}

/** Result of each test file by path. A second try replaces the first. */
const files = new Map<string, StageReport['files'][number]>();
const secondTries: string[] = [];
const record = (report: StageReport | null) => {
  for (const file of report?.files ?? []) files.set(file.path, file);
};

/** Runs a part of the tests, and runs a few failed test files once more. Returns whether all files passed in their last try. */
function runStage(args: readonly string[]): boolean {
  const { passed, report } = runVitest(args);
  record(report);
  if (passed || report === null || !isWholeRun) return passed;
  const repeated = filesForSecondTry(report, SECOND_TRIES - secondTries.length);
  return (
    repeated.length > 0 &&
    repeated.every((path) => {
      console.log(`\nSecond try: ${path}`);
      const again = runVitest([...args, path]);
      record(again.report);
      if (again.passed) secondTries.push(path);
      return again.passed;
    })
  );
}

let passed = (isWholeRun ? STAGES : [given]).every(runStage);

if (existsSync(leftOut)) {
  const lines = new Set(readFileSync(leftOut, 'utf8').split('\n').filter(Boolean));
  console.log('\nLeft out, because this machine lacks it:');
  for (const line of [...lines].sort()) console.log(`  ${line}`);
}
rmSync(folder, { recursive: true, force: true });

const results = [...files.values()];
console.log('\nSlowest test files, in seconds:');
for (const { path, seconds } of results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_FILES)) {
  console.log(`  ${seconds.toFixed(0).padStart(4)}  ${path}`);
}
const skipped = results.flatMap(({ path, skippedTests }) => skippedTests.map((name) => `${path}: ${name}`));
const sum = (of: 'passedTests' | 'failedTests') => results.reduce((total, file) => total + file[of], 0);
console.log(
  `\n${results.length} files: ${sum('passedTests')} tests passed, ${sum('failedTests')} failed, ${skipped.length} skipped`,
);
for (const path of secondTries) console.log(`passed on the second try: ${path}`);

// With a pattern of names, vitest counts every other test as skipped.
const isSelection = given.some((arg) => /^(-t|--testNamePattern)\b/.test(arg));
if (process.env['CI'] && !isSelection && skipped.length > 0) {
  console.log('\nThese tests were skipped. Under CI every test must run:');
  for (const title of skipped.slice(0, 50)) console.log(`  ${title}`);
  passed = false;
}

const written = changedPaths(before, listSourceTree(project));
if (written.length > 0) {
  console.log('\nThese files of the source tree changed while the tests ran. Tests write into temporary folders only:');
  for (const path of written.slice(0, 50)) console.log(`  ${path}`);
  if (process.env['CI']) passed = false;
}
process.exitCode = passed ? 0 : 1;

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
