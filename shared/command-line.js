/** Preparation that each command line runs before it loads its commands. */
import { keepCompiledCode } from './compile-cache.js';

/** Ends the program quietly if the reader of its output closes the pipe (`cordon … | head`), and enables the cache of compiled code. */
export function prepareCommandLine() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
  keepCompiledCode();
}
