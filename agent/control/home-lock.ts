/**
 * One process at a time may change an agent's home: the daemon while it runs, an enrolment while it lasts. The lock is SQLite's own on a
 * file of its own, so the operating system gives it back however the holder ends.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CordonError } from '../../shared/errors.ts';

/** Returns the release. Throws `conflict` when another process has it. */
export function lockHome(home: string): () => void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = new DatabaseSync(join(home, 'agent.lock'));
  try {
    file.exec('pragma busy_timeout = 0; begin exclusive');
  } catch (error) {
    file.close();
    if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error;
    throw new CordonError(
      'conflict',
      `An agent runs in ${home} already: look at it with \`cordon-agent status\`, or stop it first.`,
      {},
      error,
    );
  }
  return () => file.close();
}

const SQLITE_BUSY = 5;
