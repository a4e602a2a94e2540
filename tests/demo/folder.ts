/** The demo's folder: all that it keeps, in the machine's place for temporary files, removed at the end. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'cordon-demo-';
/** Who made the folder: the number of its process. */
const MAKER = 'pid';

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  writeFileSync(join(folder, MAKER), String(process.pid));
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what demos left behind whose machine lost its power. Returns how many. */
export function removeAbandoned(): number {
  const abandoned = readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const maker = join(folder, MAKER);
      return statSync(maker, { throwIfNoEntry: false }) !== undefined && !lives(Number(readFileSync(maker, 'utf8')));
    });
  for (const folder of abandoned) removeFolder(folder);
  return abandoned.length;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process of that number is one too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
