/**
 * Lock of the agent's folder, which only one process at a time may change. The lock is a SQLite lock on a separate file, so the operating
 * system releases it when the process ends, even after a crash.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CordonError } from '../../shared/errors.ts';

/** Locks the folder, and returns the function that unlocks the folder. Throws `conflict` when another process has the lock. */
export function lockHome(home: string): () => void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = new DatabaseSync(join(home, 'agent.lock'));
  try {
    file.exec('pragma busy_timeout = 0');
    // SQLite locks an empty file by writing to it, which fails on a full disk. Once the file has a page, SQLite locks it without writing.
    const version = file.prepare('pragma user_version').get()?.user_version;
    if (version === 0) file.exec('pragma user_version = 1');
    file.exec('begin exclusive');
  } catch (error) {
    file.close();
    if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error;
    throw new CordonError(
      'conflict',
      `Another agent uses ${home}. Check it with \`cordon-agent status\`, or stop it first.`,
      {},
      error,
    );
  }
  return () => file.close();
}

const SQLITE_BUSY = 5;
