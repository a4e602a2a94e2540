/**
 * Challenges for passkeys. The server stores no pending challenge, so unauthenticated requests cannot fill its memory. It seals each
 * challenge with purpose, time and owner, and the browser returns the sealed challenge. The server remembers used challenges until they
 * expire. A restart makes all pending challenges invalid, because the used ones are forgotten.
 */
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { randomBase32 } from '../../shared/protocol/ids.ts';
import type { Sealer } from './ports.ts';
import { newSecret } from './secrets.ts';

/** Milliseconds after which a challenge expires. A person may have to fetch a security key. */
const LASTS = 5 * 60_000;
/** Maximum number of used challenges in memory. Only successful uses count, and each needs a passkey. */
const MOST_USED = 10_000;

type ChallengePurpose = 'sign-in' | 'step-up' | 'register' | 'action';

const schema = z.strictObject({
  challenge: z.enum(['sign-in', 'step-up', 'register', 'action']),
  nonce: z.string(),
  owner: z.string(),
  at: z.number(),
  start: z.string(),
});

export interface Challenge {
  readonly nonce: string;
  /** Sealed challenge for the browser. */
  readonly token: string;
}

export type PasskeyChallenges = ReturnType<typeof createPasskeyChallenges>;

export function createPasskeyChallenges({ sealer, now }: { readonly sealer: Sealer; readonly now: () => number }) {
  const start = randomBase32(10);
  const used = new Map<string, number>();

  return {
    /**
     * Issues a challenge. `owner`: text to which the challenge is bound, such as an account and an action. A challenge for another owner is
     * refused.
     */
    issue(challenge: ChallengePurpose, owner: string): Challenge {
      const nonce = newSecret();
      const facts = { challenge, nonce, owner, at: now(), start };
      return { nonce, token: sealer.seal(Buffer.from(JSON.stringify(facts))) };
    },

    /** Nonce of the sealed challenge. Throws `passkey_invalid` for an unknown or expired challenge, or one of another purpose or owner. */
    open(token: string | null, challenge: ChallengePurpose, owner: string): string {
      const facts = unsealed(sealer, token);
      const age = now() - (facts?.at ?? 0);
      const valid = facts?.challenge === challenge && facts.owner === owner && facts.start === start;
      if (valid && age >= 0 && age < LASTS) return facts.nonce;
      throw new CordonError('passkey_invalid', 'The request for the passkey is older than 5 minutes. Try again.');
    },

    /** Marks a challenge as used, after the passkey was verified. Throws `passkey_invalid` if the challenge was used before. */
    use(nonce: string): void {
      const at = now();
      for (const [old, since] of used) {
        if (at - since < LASTS && at >= since) break;
        used.delete(old);
      }
      if (used.has(nonce)) {
        throw new CordonError('passkey_invalid', 'This response of the passkey was used before. Try again.');
      }
      if (used.size >= MOST_USED) throw new CordonError('rate_limited', 'Too many sign-ins. Try again in 5 minutes.');
      used.set(nonce, at);
    },
  };
}

function unsealed(sealer: Sealer, token: string | null): z.infer<typeof schema> | null {
  if (token === null) return null;
  try {
    return schema.parse(JSON.parse(sealer.unseal(token).toString()));
  } catch {
    // A client can send any text. Refuse a challenge that this installation did not seal.
    return null;
  }
}
