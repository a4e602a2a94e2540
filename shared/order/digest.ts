/** SHA-256 under Node. `web-digest.ts` is the asynchronous version for browsers. */
import { hash } from 'node:crypto';

/** SHA-256 in lower-case hex. Revisions, approver sets and order lists refer to each other by this digest. */
export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}
