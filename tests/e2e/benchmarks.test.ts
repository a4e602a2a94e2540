/** Runs `npm run bench -- --smoke`, so that a change of the product cannot break a benchmark unseen. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ACCEPTED_MISSES } from '../bench/accepted-misses.ts';
import { PEER_FIGURES } from '../bench/peer-figures.ts';
import { runProgram } from '../support/run-program.ts';

const BENCH = join(import.meta.dirname, '../bench/bench.ts');

it('every benchmark works in its smallest extent, and the tables of figures name only benchmarks', async () => {
  const { code, out, err } = await runProgram(process.execPath, [BENCH, '--smoke'], { within: 480_000 });
  expect(code, `${out}\n${err}`).toBe(0);
  const names = out.split('\n').flatMap((line) => /^(\S+) +works/.exec(line)?.[1] ?? []);
  expect(names).toContain('mail-burst');
  expect(names).toEqual(expect.arrayContaining([...Object.keys(ACCEPTED_MISSES), ...Object.keys(PEER_FIGURES)]));
}, 500_000);

it('a wrong name of a benchmark is refused with the list of names', async () => {
  const { code, err } = await runProgram(process.execPath, [BENCH, '--only', 'verdict', '--only', 'mailburst']);
  expect(code).toBe(1);
  expect(err).toMatch(/there is no benchmark mailburst: .*mail-burst/);
});
