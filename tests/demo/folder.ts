/** The demo's folder: all that it keeps, removed at the end. */
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
/** Who made the folder: the number of its process. */
const MAKER = 'pid';
/** Files that are held in memory (Linux). */
const MEMORY = '/dev/shm';
const ROOM = 256 * 1024 * 1024;
const ROOM_PER_DEVICE = 50 * 1024;

/** In memory where there is room, since nothing of it is to last and a database that waits for no disk is up sooner; else where temporary files go. */
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
    // There is no such place, or it is not ours to write to.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes what demos left behind of which every process was killed. Returns how many. */
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
    // Somebody else's process of that number is one too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
