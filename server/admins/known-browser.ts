/**
 * Cookie that marks a browser in which an account has signed in. A marked browser has its own limit of sign-in attempts, so that strangers
 * with the same IP address cannot delay the admin. New credentials invalidate the cookie.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { randomBase32 } from '../../shared/protocol/ids.ts';
import type { Sealer } from './ports.ts';
import { KNOWN_BROWSER } from './sign-in-limits.ts';

export const BROWSER_LASTS = 180 * 86_400_000;

const schema = z.strictObject({ account: z.string(), browser: z.string(), credentials: z.string(), at: z.number() });

interface AccountPassword {
  readonly account: string;
  readonly passwordHash: string;
}

const markOf = (passwordHash: string): string => createHash('sha256').update(passwordHash).digest('hex').slice(0, 16);

export function rememberBrowser(sealer: Sealer, { account, passwordHash }: AccountPassword, now: number): string {
  const facts = { account, browser: randomBase32(10), credentials: markOf(passwordHash), at: now };
  return sealer.seal(Buffer.from(JSON.stringify(facts)));
}

/** Identifier of the browser for the sign-in limits. Null if the cookie is missing, expired, or from another account. */
export function knownBrowser(
  sealer: Sealer,
  cookie: string | null,
  { account, passwordHash }: AccountPassword,
  now: number,
): string | null {
  if (cookie === null) return null;
  let facts: z.infer<typeof schema>;
  try {
    facts = schema.parse(JSON.parse(sealer.unseal(cookie).toString()));
  } catch {
    // A client can send any cookie. Ignore a cookie that this installation did not encrypt.
    return null;
  }
  const valid =
    facts.account === account && facts.credentials === markOf(passwordHash) && now - facts.at < BROWSER_LASTS;
  return valid ? `${KNOWN_BROWSER}${facts.browser}` : null;
}
