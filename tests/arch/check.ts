/**
 * `npm run check`: types, format and lint, import rules, unused code, wording, and whether an installed package is tracked. Then it prints
 * the size of the code by top folder. It runs all checks even when one fails, and exits 1 if any failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';

/** Checks in the order of their start: the longest first, so that no core waits for one at the end. */
const CHECKS: readonly { name: string; command: string; args: string[] }[] = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  {
    name: 'import rules',
    command: 'depcruise',
    args: [
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err-long',
      'server',
      'agent',
      'shared',
      'certs',
      'tests',
    ],
  },
  { name: 'unused code', command: 'knip', args: ['--no-progress'] },
  // The console's configuration has no types of Node. Parts of shared/ that pages import must not use Node's globals either.
  { name: 'types of the console', command: 'tsc', args: ['-p', 'server/console'] },
  { name: 'wording', command: 'node', args: ['tests/arch/check-wording.ts'] },
  { name: 'types of the page', command: 'tsc', args: ['-p', 'agent/page/client'] },
  { name: 'format and lint', command: 'biome', args: ['ci', '--error-on-warnings', '--colors=off', '.'] },
];

let failed = 0;

async function check({ name, command, args }: (typeof CHECKS)[number]): Promise<void> {
  const started = performance.now();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (code === 0) return;
  failed++;
  console.log(`${stdout}${stderr}`.trimEnd());
}

const waiting = [...CHECKS];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await check(next);
  }),
);

// A link that was added before `.gitignore` excluded it stays tracked. A tracked link of this name empties the folder wherever the commit
// is merged.
const installed = spawnSync('git', ['ls-files', '--', 'node_modules'], { encoding: 'utf8' }).stdout.trim() !== '';
if (installed) {
  failed++;
  console.log(
    'FAIL node_modules is tracked: git rm --cached node_modules, then amend the commit that added it, before any merge',
  );
}

const tracked = spawnSync('git', ['ls-files', '-z', '--', '*.ts', '*.tsx', '*.js'], { encoding: 'utf8' });
const lines = new Map<string, { code: number; tests: number }>();
for (const file of tracked.stdout.split('\0').filter((name) => name.includes('/') && existsSync(name))) {
  const top = file.slice(0, file.indexOf('/'));
  const entry = lines.get(top) ?? { code: 0, tests: 0 };
  const count = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '').length;
  if (top === 'tests' || file.endsWith('.test.ts')) entry.tests += count;
  else entry.code += count;
  lines.set(top, entry);
}
console.log('\nlines that are not blank      code    tests');
let total = { code: 0, tests: 0 };
for (const [top, { code, tests }] of [...lines].sort()) {
  console.log(`  ${top.padEnd(22)} ${String(code).padStart(9)}${String(tests).padStart(9)}`);
  total = { code: total.code + code, tests: total.tests + tests };
}
console.log(`  ${'all'.padEnd(22)} ${String(total.code).padStart(9)}${String(total.tests).padStart(9)}`);
process.exitCode = failed > 0 ? 1 : 0;
