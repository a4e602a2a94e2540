/**
 * Reads files whose path comes from a policy, a command or a user. A pipe or a device at such a path never ends a read, and a network share
 * may never answer. Each call of Node on files occupies one of the four threads of libuv, which also resolve host names. The reads here
 * therefore follow each other, and after one that does not end the next ones are refused. So a path blocks at most one thread.
 */
import { constants, openSync, type Stats } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RegularFile {
  readonly content: Buffer;
  readonly stats: Pick<Stats, 'mode' | 'uid' | 'gid'>;
}

export interface ReadLimits {
  /** Maximum bytes of the file. */
  readonly most: number;
  /** True to follow a link at the end of the path, for a path that the user has chosen. */
  readonly followLink?: boolean;
  /** Milliseconds from the start of the read to its end. The time in which the read waits for earlier reads does not count. */
  readonly within?: number;
}

const WITHIN = 10_000;
/** Limits for a file that the user of the device attaches or stores. */
export const USER_FILE: ReadLimits = { most: 256 * 1024 * 1024, followLink: true, within: 60_000 };
const CHUNK = 256 * 1024;

/** O_NONBLOCK: the opening of a pipe returns at once. O_NOCTTY: a terminal does not become the one of this process. Windows has neither. */
const SAFE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

let last: Promise<unknown> = Promise.resolve();
/** True while a read runs that has exceeded its time. */
let isStuck = false;

/** Returns the content of a regular file. Rejects for everything else, for a larger file, and after the deadline. */
export function readRegularFile(path: string, limits: ReadLimits): Promise<RegularFile> {
  const read = last.then(() => readInTurn(path, limits));
  last = read.catch(() => undefined);
  return read;
}

async function readInTurn(path: string, limits: ReadLimits): Promise<RegularFile> {
  if (isStuck) throw new Error('an earlier read of a file has not ended yet');
  const read = readNow(path, limits);
  const { within = WITHIN } = limits;
  const timer = new AbortController();
  const late = sleep(within, null, { signal: timer.signal }).catch(() => null);
  const found = await Promise.race([read, late]).finally(() => timer.abort());
  if (found !== null) return found;
  isStuck = true;
  const ended = () => {
    isStuck = false;
  };
  void read.then(ended, ended);
  throw new Error(`the file did not answer within ${within / 1000} seconds`);
}

async function readNow(path: string, { most, followLink = false }: ReadLimits): Promise<RegularFile> {
  // The type is known before the opening, because the opening of a device can change the state of the device.
  requireRegular(await (followLink ? stat(path) : lstat(path)), most);
  const handle = await open(path, SAFE | (followLink ? 0 : (constants.O_NOFOLLOW ?? 0)));
  try {
    const stats = await handle.stat();
    // Another program may have replaced the file since.
    requireRegular(stats, most);
    const chunks: Buffer[] = [];
    let size = 0;
    // A file of the kernel states the size 0, and a file may grow.
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(CHUNK, most + 1)), 0);
      if (bytesRead === 0) return { content: Buffer.concat(chunks), stats };
      size += bytesRead;
      if (size > most) throw tooLarge(most);
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Opens a file as `readRegularFile` does, for code that reads synchronously. The caller checks the type of the descriptor. */
export const openWithoutWaiting = (path: string): number => openSync(path, SAFE);

export function requireRegular(stats: Pick<Stats, 'size' | 'isFile'>, most: number): void {
  if (!stats.isFile()) throw new Error('it is not a file');
  if (stats.size > most) throw tooLarge(most);
}

const tooLarge = (most: number): Error =>
  new Error(
    most < 1024 * 1024 ? `it is larger than ${most / 1024} KiB` : `it is larger than ${most / 1024 / 1024} MiB`,
  );
