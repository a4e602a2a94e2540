/** SHA-256 under Node. `web-digest.ts` is the asynchronous version for browsers. */
import { hash } from 'node:crypto';

export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}
