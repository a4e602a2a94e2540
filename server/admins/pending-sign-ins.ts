/**
 * Sign-ins that wait for the identity provider's response. They are in memory only: strangers can begin them, so they must not write to the
 * store, and after a restart a person begins again.
 */
import type { ProviderRequest } from './identity-provider.ts';
import { newSecret, sha256 } from './secrets.ts';

export const PENDING_LASTS = 10 * 60_000;
/** Maximum number of pending sign-ins from one IP address or IPv6 /64, so that a stranger cannot displace the sign-ins of others. */
const OF_SOURCE = 20;
const TOTAL = 2_000;

export type SignInPurpose = 'sign-in' | 'step-up' | 'link';

export interface PendingSignIn {
  readonly purpose: SignInPurpose;
  readonly request: ProviderRequest;
  /** Session that began a step-up or a link; null for a sign-in. */
  readonly session: string | null;
  readonly source: string;
  readonly begunAt: number;
}

export function createPendingSignIns(now: () => number) {
  /** Pending sign-ins by the hash of their cookie, oldest first. */
  const pending = new Map<string, PendingSignIn>();

  function makeRoom(source: string): void {
    for (const [key, { begunAt }] of pending) {
      if (now() - begunAt < PENDING_LASTS) break;
      pending.delete(key);
    }
    const own = [...pending].filter(([, each]) => each.source === source);
    const oldest =
      own.length >= OF_SOURCE ? own[0]?.[0] : pending.size >= TOTAL ? pending.keys().next().value : undefined;
    if (oldest !== undefined) pending.delete(oldest);
  }

  return {
    /** Stores a sign-in. Returns the cookie that binds it to the browser. */
    add(signIn: Omit<PendingSignIn, 'begunAt'>): string {
      makeRoom(signIn.source);
      const cookie = newSecret();
      pending.set(sha256(cookie), { ...signIn, begunAt: now() });
      return cookie;
    },
    /** Removes and returns a sign-in, so that its response works only once. Null if the sign-in is unknown, used or expired. */
    take(cookie: string): PendingSignIn | null {
      const key = sha256(cookie);
      const found = pending.get(key);
      pending.delete(key);
      return found && now() - found.begunAt < PENDING_LASTS ? found : null;
    },
  };
}
