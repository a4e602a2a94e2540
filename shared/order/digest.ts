/** SHA-256 where Node runs. A browser has the same, only asynchronous: `web-digest.ts`. */
import { hash } from 'node:crypto';

/** Lower-case hex. What revisions, roots and lists name each other by. */
export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}
