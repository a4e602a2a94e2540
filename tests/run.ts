/**
 * `npm test`: the whole product on SQLite, and on every real part that this machine has. What was left out is said in one line each;
 * under CI leaving anything out has failed already (`tests/support/tools.ts`). `--faults` runs the long fault tests instead.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'cordon-test-'));
const leftOut = join(folder, 'left-out');
const results = join(folder, 'results.json');
const faults = process.argv.includes('--faults');
const given = process.argv.slice(2).filter((arg) => arg !== '--faults');

const { status } = spawnSync(
  'vitest',
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...given],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CORDON_LEFT_OUT: leftOut, ...(faults ? { CORDON_FAULTS: '100' } : {}) },
  },
);

const summary = z.object({ numPassedTests: z.int(), numFailedTests: z.int(), numPendingTests: z.int() });
if (existsSync(leftOut)) {
  const lines = new Set(readFileSync(leftOut, 'utf8').split('\n').filter(Boolean));
  console.log('\nLeft out, because this machine lacks it:');
  for (const line of [...lines].sort()) console.log(`  ${line}`);
}
if (existsSync(results)) {
  const { numPassedTests, numFailedTests, numPendingTests } = summary.parse(JSON.parse(readFileSync(results, 'utf8')));
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
