/** Resources of a single test. They are removed after the test, the newest first. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const ends: (() => unknown)[] = [];

/** Removes the resources after each test. Called once, at the top of a test file. */
export function endAllAfterEach(): void {
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
}

export const atTheEnd = (end: () => unknown): void => void ends.push(end);

export function folderForOneTest(): string {
  const made = mkdtempSync(join(tmpdir(), 'cordon-test-'));
  atTheEnd(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export function childForOneTest(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): ChildProcess {
  atTheEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  });
  return child;
}
