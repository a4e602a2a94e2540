/** Folder with all data of the demo, removed when the demo ends. */
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'cordon-demo-';
/** File with the process identifier of the demo that created the folder. */
const MAKER = 'pid';
/** File system in memory (Linux). */
const MEMORY = '/dev/shm';
const ROOM = 256 * 1024 * 1024;
const ROOM_PER_DEVICE = 50 * 1024;

/**
 * Creates the folder in memory if there is room, because the data is temporary and a database without disk syncs starts sooner. Otherwise
 * in the temporary folder.
 */
export function makeFolder(devices: number): string {
  const inMemory = process.env['TMPDIR'] === undefined && hasRoom(MEMORY, ROOM + devices * ROOM_PER_DEVICE);
  const folder = mkdtempSync(join(inMemory ? MEMORY : tmpdir(), PREFIX));
  writeFileSync(join(folder, MAKER), String(process.pid));
  return folder;
}

function hasRoom(place: string, bytes: number): boolean {
  try {
    accessSync(place, constants.W_OK);
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize >= bytes;
  } catch (error) {
    // The parent folder does not exist, or this user may not write to it.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes the folders of demos that were killed. Returns their number. */
export function removeAbandoned(): number {
  const places = [tmpdir(), MEMORY].filter((place) => statSync(place, { throwIfNoEntry: false }) !== undefined);
  const folders = places.flatMap((place) => readdirSync(place).map((name) => ({ name, folder: join(place, name) })));
  const abandoned = folders.filter(({ name, folder }) => {
    const maker = join(folder, MAKER);
    if (!name.startsWith(PREFIX) || !statSync(maker, { throwIfNoEntry: false })) return false;
    return !lives(Number(readFileSync(maker, 'utf8')));
  });
  for (const { folder } of abandoned) removeFolder(folder);
  return abandoned.length;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Whether a process with this identifier runs, also one of another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
