/**
 * Recognizes a browser in which an account signed in before. The browser keeps a sealed cookie. It opens nothing: it only gives the browser
 * a rate limit of its own, so that strangers at the same address do not delay its admin. New credentials void it.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { randomBase32 } from '../../shared/protocol/ids.ts';
import { KNOWN_BROWSER } from './sign-in-limits.ts';

export const BROWSER_LASTS = 180 * 86_400_000;

const schema = z.strictObject({ account: z.string(), browser: z.string(), credentials: z.string(), at: z.number() });

export interface BrowserSealer {
  seal(plain: Buffer): string;
  unseal(text: string): Buffer;
}

interface Holder {
  readonly account: string;
  readonly passwordHash: string;
}

/** Digest of the credentials: a reset changes it. */
const markOf = (passwordHash: string): string => createHash('sha256').update(passwordHash).digest('hex').slice(0, 16);

export function rememberBrowser(sealer: BrowserSealer, { account, passwordHash }: Holder, now: number): string {
  const facts = { account, browser: randomBase32(10), credentials: markOf(passwordHash), at: now };
  return sealer.seal(Buffer.from(JSON.stringify(facts)));
}

/** The source under which the limits count this browser; null for a cookie that is missing, old, or another account's. */
export function knownBrowser(
  sealer: BrowserSealer,
  cookie: string | null,
  { account, passwordHash }: Holder,
  now: number,
): string | null {
  if (cookie === null) return null;
  let facts: z.infer<typeof schema>;
  try {
    facts = schema.parse(JSON.parse(sealer.unseal(cookie).toString()));
  } catch {
    // Anybody can send any cookie: one that this installation did not seal counts as none.
    return null;
  }
  const valid =
    facts.account === account && facts.credentials === markOf(passwordHash) && now - facts.at < BROWSER_LASTS;
  return valid ? `${KNOWN_BROWSER}${facts.browser}` : null;
}
