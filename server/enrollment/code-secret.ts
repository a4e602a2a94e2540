/** Secret of an activation code. The store has only its hash. */
import { createHash, timingSafeEqual } from 'node:crypto';

export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex');

/**
 * Compares the secret with the stored hash in constant time. `hash`: null for an unknown code. The function then returns false, and takes
 * the same time.
 */
export function isSecret(secret: string, hash: string | null): boolean {
  const equal = timingSafeEqual(Buffer.from(hashOfSecret(secret), 'hex'), Buffer.from(hash ?? hashOfSecret(''), 'hex'));
  return hash !== null && equal;
}
