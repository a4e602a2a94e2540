/** Watches the free space of the data folder's disk, so that the server stops reporting "ready" before a write fails. */
import { statfs } from 'node:fs/promises';

/** Minimum free bytes. The write-ahead log alone can grow by 16 MB between two checkpoints. */
export const LEAST_FREE = 32 * 1024 * 1024;

export interface DiskSpace {
  full(): boolean;
  check(): Promise<boolean>;
  stop(): void;
}

const CHECK_INTERVAL = 10_000;

export async function watchDiskSpace(folder: string, onChange: (full: boolean) => void): Promise<DiskSpace> {
  let full = false;
  const check = async () => {
    const { bavail, bsize } = await statfs(folder);
    const now = bavail * bsize < LEAST_FREE;
    if (now !== full) onChange(now);
    full = now;
    return full;
  };
  await check();
  const timer = setInterval(() => void check().catch(() => undefined), CHECK_INTERVAL);
  timer.unref();
  return { full: () => full, check, stop: () => clearInterval(timer) };
}
