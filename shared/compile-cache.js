/**
 * Cache of compiled code for every program. Plain JavaScript: the first TypeScript file that Node reads without a cache loads Node's
 * TypeScript compiler, which costs 30 MiB of memory and a tenth of a second for the life of the process.
 */
import { mkdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache, getCompileCacheDir } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds after the start by which a service has loaded its modules. */
const LOADED = 10_000;

/**
 * Keeps compiled code in the user's own cache folder, because another user could put code into Node's default folder in `/tmp`. A program
 * without a writable home folder starts without a cache. `NODE_DISABLE_COMPILE_CACHE` and `NODE_COMPILE_CACHE` keep their meaning.
 */
export function keepCompiledCode() {
  // With `NODE_COMPILE_CACHE`, Node has enabled the cache already. Units set the variable, because a service has no home folder.
  if (getCompileCacheDir() === undefined) {
    const folder = join(homedir(), '.cache', 'cordon', 'compiled');
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch {
      return;
    }
    enableCompileCache(folder);
  }
  // Node writes the cache only when the process exits by itself. A killed service never does.
  setTimeout(flushCompileCache, LOADED).unref();
}
