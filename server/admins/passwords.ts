/** Password hashes with argon2id (RFC 9106), with parameters that OWASP recommends: 19 MiB of memory, two passes, one lane. */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { CordonError } from '../../shared/errors.ts';

export const SHORTEST_PASSWORD = 12;
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export async function hashPassword(password: string): Promise<string> {
  if ([...password.normalize('NFKC')].length < SHORTEST_PASSWORD) {
    throw new CordonError('invalid_input', `A password must have at least ${SHORTEST_PASSWORD} characters.`, {
      path: 'password',
    });
  }
  return hash(password.normalize('NFKC'), COST);
}

/**
 * Hash that the server checks if no account has the given e-mail address. The response time then does not reveal which addresses have
 * accounts.
 */
let dummyHash: Promise<string> | null = null;

export async function passwordMatches(stored: string | null, password: string): Promise<boolean> {
  dummyHash ??= hash(randomBytes(32), COST);
  const matches = await verify(stored ?? (await dummyHash), password.normalize('NFKC'));
  return matches && stored !== null;
}
