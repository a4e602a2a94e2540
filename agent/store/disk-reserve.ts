/**
 * Disk space that only orders may use (ADR 36): a file of random bytes, so that compressing file systems allocate its blocks too. On a full
 * disk, the agent shrinks the file, does the work, and grows the file again. Shrinking and work happen in one synchronous call, so that no
 * other work of this process can use the space.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type DiskSpace, FIRST_RELEASE, growth, isOutOfSpace } from './disk-space.ts';

export interface DiskReserve {
  /**
   * Runs `work`. On a full disk, frees a part of the reserve file and runs `work` again, until it succeeds or the reserve file is empty.
   * `work` must therefore leave no changes when it throws. If space was freed, `compact` then frees the temporary space of `work`.
   */
  run<T>(work: () => T, compact?: () => void): T;
  /**
   * Fills the reserve file, which keeps disk space for orders, in slices. Other work can run between two slices. Does not reject on a full
   * disk.
   */
  build(): Promise<void>;
  space(): DiskSpace;
  remove(): void;
}

const SLICE = 1024 * 1024;
const SMALLEST_WRITE = 4096;

export function openDiskReserve({ file, size }: { readonly file: string; readonly size: number }): DiskReserve {
  const reserved = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

  const space = (): DiskSpace => {
    // Free space is `bavail`, because `bfree` includes blocks that ext4 reserves for root.
    const { bavail, bsize } = statfsSync(dirname(file));
    return { free: bavail * bsize, reserved: reserved(), size };
  };

  const withFile = (flags: string, use: (handle: number) => void) => {
    const handle = openSync(file, flags, 0o600);
    try {
      use(handle);
    } finally {
      closeSync(handle);
    }
  };

  const release = (bytes: number) =>
    withFile('r+', (handle) => {
      ftruncateSync(handle, Math.max(0, reserved() - bytes));
      // A journaling file system frees the blocks only with its next commit, which `fsync` causes.
      fsyncSync(handle);
    });

  const grow = (bytes: number) => {
    try {
      withFile('a', (handle) => {
        let left = bytes;
        for (let most = Math.min(SLICE, bytes); left > 0 && most >= 1; ) {
          try {
            left -= writeSync(handle, randomBytes(Math.min(most, left)));
          } catch (error) {
            if (!isOutOfSpace(error)) throw error;
            most = most > SMALLEST_WRITE ? most >> 1 : 0;
          }
        }
        fsyncSync(handle);
      });
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
    }
  };

  return {
    run(work, compact) {
      let released = false;
      const withSpace = <T>(attempt: () => T): T => {
        for (let step = FIRST_RELEASE; ; step *= 2) {
          try {
            return attempt();
          } catch (error) {
            if (!isOutOfSpace(error) || reserved() === 0) throw error;
            release(step);
            released = true;
          }
        }
      };
      try {
        const result = withSpace(work);
        if (released && compact) compactWith(withSpace, compact);
        return result;
      } finally {
        if (released) grow(size - reserved());
      }
    },

    async build() {
      for (;;) {
        const bytes = Math.min(SLICE, growth(space()));
        const before = reserved();
        if (bytes > 0) grow(bytes);
        if (reserved() <= before) return;
        await turn();
      }
    },

    space,
    remove: () => rmSync(file, { force: true }),
  };
}

/** Compacts the write-ahead log. An error for lack of space is ignored, because the data of `work` is already durable. */
function compactWith(withSpace: (attempt: () => void) => void, compact: () => void): void {
  try {
    withSpace(compact);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
  }
}

export const NO_RESERVE: Pick<DiskReserve, 'run'> = { run: (work) => work() };
