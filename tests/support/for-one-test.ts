/** What a test has for itself, and what goes when it is over, the newest first. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const ends: (() => unknown)[] = [];

/** Once in a file of tests, at its top. */
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
