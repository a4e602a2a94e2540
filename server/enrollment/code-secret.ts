/** Secret of an activation code. The store has only its hash. */
import { createHash, timingSafeEqual } from 'node:crypto';

export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex');

/** Compares in constant time. `hash`: stored hash; null for an unknown code, which takes the same time and is never equal. */
export function isSecret(secret: string, hash: string | null): boolean {
  const equal = timingSafeEqual(Buffer.from(hashOfSecret(secret), 'hex'), Buffer.from(hash ?? hashOfSecret(''), 'hex'));
  return hash !== null && equal;
}
