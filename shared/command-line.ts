/** Preparation that each command line runs before it loads its commands. */
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Prepares the process of a command line. The program ends quietly when the reader of its output has closed the pipe (`cordon … | head`).
 * Compiled code is cached in the user's own cache folder, which halves the start time. Node's default folder is in `/tmp`, where another
 * user could place code. Without a writable home folder, there is no cache. `NODE_DISABLE_COMPILE_CACHE` and `NODE_COMPILE_CACHE` keep
 * their meaning.
 */
export function prepareCommandLine(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
  const folder = join(homedir(), '.cache', 'cordon', 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    return;
  }
  enableCompileCache(folder);
}
