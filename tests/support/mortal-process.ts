/**
 * Loaded before a released program (`--import`). The process records its writes to SQLite, and dies before or after a chosen write. A test
 * talks to it through files of the folder in MORTAL_FOLDER, because the program knows nothing of the test.
 */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { type DeathAt, mortalWrites } from './mortal-writes.ts';

const folder = process.env['MORTAL_FOLDER'] ?? '';
const pathOf = (name: string, pid = process.pid) => join(folder, `${pid}.${name}`);

// Worker threads load this module too. The main thread alone watches the files.
if (folder !== '' && isMainThread) {
  await mortalWrites.writes(null);
  const timer = setInterval(async () => {
    const writes = await mortalWrites.writes(null);
    if (writes.length > 0) appendFileSync(pathOf('writes'), writes.map((write) => `${write}\n`).join(''));
    if (!existsSync(pathOf('death'))) return;
    const death: DeathAt = JSON.parse(readFileSync(pathOf('death'), 'utf8'));
    await mortalWrites.dieAt(death);
    rmSync(pathOf('death'));
  }, 20);
  timer.unref();
}

/** Writes that a process has made so far, in order. */
export function writesOf(home: string, pid: number): string[] {
  const file = join(home, `${pid}.writes`);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** Arms a process: it dies at the given write. Resolves when the process knows. */
export async function arm(home: string, pid: number, death: DeathAt): Promise<void> {
  const file = join(home, `${pid}.death`);
  writeFileSync(`${file}.tmp`, JSON.stringify(death));
  await rename(`${file}.tmp`, file);
  const deadline = Date.now() + 10_000;
  while (existsSync(file)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} did not take ${JSON.stringify(death)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
