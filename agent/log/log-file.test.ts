import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLogFile } from './log-file.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cordon-log-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

it('keeps the newest lines within two files, also after a restart', () => {
  const file = join(folder(), 'agent.log');
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}\n`);
  for (const line of lines.slice(0, 30)) openLogFile(file, 100).write(line);
  const log = openLogFile(file, 100);
  for (const line of lines.slice(30)) log.write(line);
  const kept = log.read();
  expect(lines.join('').endsWith(kept)).toBe(true);
  expect(kept.length).toBeGreaterThan(100);
  expect(kept.length).toBeLessThanOrEqual(200);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('ignores a file that cannot be written', () => {
  const file = join(folder(), 'agent.log');
  mkdirSync(file);
  const log = openLogFile(file, 10);
  for (let index = 0; index < 5; index += 1) expect(() => log.write('line\n')).not.toThrow();
});
