/** Rules of style that no linter has. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('lists the properties of an object one by one, instead of spreading a literal to keep them on one line', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { encoding: 'utf8' }).trim().split('\n');
  expect(files.length).toBeGreaterThan(1_000);
  expect(files.filter((file) => /^[^'"`/*]*\.{3}\{/m.test(readFileSync(file, 'utf8')))).toEqual([]);
});
