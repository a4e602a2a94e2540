/**
 * Sign-in of the command line through a browser, in the manner of RFC 8628. Unfinished sign-ins are in memory only: strangers can begin them,
 * so they must not write to the store. After a restart, the person begins again.
 */
import { randomInt } from 'node:crypto';
import { USER_CODE_LETTERS } from '../../shared/api/cli-sign-in.ts';
import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { RateLimiterMemory, RateLimiterRes } from '../rate-limiters.ts';
import { type OpenedSession, openSession } from './open-session.ts';
import type { Account, Session, SessionStore } from './ports.ts';
import { newSecret, sha256 } from './secrets.ts';

const TEN_MINUTES = 600;
const LASTS = TEN_MINUTES * 1000;
/** Seconds between two requests of the command line for the result. */
const INTERVAL = 2;
/** Sign-ins that one IP address or IPv6 /64 may begin in ten minutes. */
const BEGINS = 30;
/** Codes that one account may try in ten minutes. */
const ENTRIES = 30;
/** Maximum number of unfinished sign-ins. A guessed code then matches one of them with a probability of 1 in 12 million. */
const TOTAL = 2_000;
/** Maximum number of unfinished sign-ins from one source, so that a stranger cannot displace the sign-ins of others. */
const OF_SOURCE = 20;

interface PendingCliSignIn {
  readonly code: string;
  readonly host: string;
  readonly address: string;
  readonly source: string;
  readonly begunAt: number;
  decision: null | 'declined' | { readonly account: AccountId; readonly authenticatedAt: number };
}

export function createCliSignIn(ports: {
  readonly sessions: Pick<SessionStore, 'open'>;
  readonly account: (id: AccountId) => Promise<Account>;
  /** Clock for the field `at` of ledger entries. */
  readonly clock: Clock;
  readonly now: () => number;
}) {
  const { sessions, account: accountOf, clock, now } = ports;
  /** Unfinished sign-ins by the hash of their secret, oldest first. */
  const pending = new Map<string, PendingCliSignIn>();
  const begins = new RateLimiterMemory({ points: BEGINS, duration: TEN_MINUTES });
  const entries = new RateLimiterMemory({ points: ENTRIES, duration: TEN_MINUTES });

  function makeRoom(source: string): void {
    for (const [key, { begunAt }] of pending) {
      if (now() - begunAt < LASTS) break;
      pending.delete(key);
    }
    const own = [...pending].filter(([, each]) => each.source === source);
    const oldest =
      own.length >= OF_SOURCE ? own[0]?.[0] : pending.size >= TOTAL ? pending.keys().next().value : undefined;
    if (oldest !== undefined) pending.delete(oldest);
  }

  function newCode(): string {
    const letters = () => Array.from({ length: 4 }, () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)]);
    for (;;) {
      const code = `${letters().join('')}-${letters().join('')}`;
      if (![...pending.values()].some((each) => each.code === code)) return code;
    }
  }

  /** Finds the undecided sign-in with this code. Each call counts against the account's limit, so that guessing codes is useless. */
  async function withCode(code: string, { id }: Pick<Account, 'id'>): Promise<PendingCliSignIn> {
    await requireRate(entries, id, 'You entered too many codes. Try again in ten minutes.');
    const found = [...pending.values()].find((each) => each.code === code && now() - each.begunAt < LASTS);
    if (found?.decision === null) return found;
    throw new CordonError(
      'not_found',
      'The code is wrong, expired or already used. Run "cordon sign-in" again and enter the new code.',
    );
  }

  return {
    async begin(host: string, address: string) {
      const source = sourceNetwork(address);
      await requireRate(begins, source, 'Too many sign-ins began from your network. Try again in ten minutes.');
      makeRoom(source);
      const [code, secret] = [newCode(), newSecret()];
      pending.set(sha256(secret), { code, host: oneLine(host), address, source, begunAt: now(), decision: null });
      return { userCode: code, secret, expiresInSeconds: TEN_MINUTES, interval: INTERVAL };
    },

    async show(code: string, account: Account) {
      const { host, address, begunAt } = await withCode(code, account);
      return { code, host, address, begunAt, expiresAt: begunAt + LASTS };
    },

    /**
     * Approves the sign-in. The new session keeps the approving session's time of authentication. Otherwise, a chain of sign-ins could
     * replace a step-up.
     */
    async approve(code: string, { account, authenticatedAt }: Session): Promise<void> {
      const found = await withCode(code, account);
      found.decision = { account: account.id, authenticatedAt };
    },

    async decline(code: string, account: Account): Promise<void> {
      const found = await withCode(code, account);
      found.decision = 'declined';
    },

    /**
     * Result for the command line: null while the code waits, otherwise the new session, once. Throws `not_found` for an unknown, expired or
     * used secret, and `forbidden` if the person declined.
     */
    async finish(
      secret: string,
      browser: { readonly address: string; readonly userAgent: string | undefined },
    ): Promise<OpenedSession | null> {
      const key = sha256(secret);
      const found = pending.get(key);
      if (!found || now() - found.begunAt >= LASTS) {
        pending.delete(key);
        throw new CordonError('not_found', 'The code expired or was already used. Run "cordon sign-in" again.');
      }
      if (found.decision === null) return null;
      pending.delete(key);
      if (found.decision === 'declined') {
        throw new CordonError('forbidden', 'The person declined this sign-in in the console.');
      }
      const account = await accountOf(found.decision.account);
      if (account.status !== 'active') {
        throw new CordonError('account_disabled', 'The account is disabled. Ask an owner to enable it.');
      }
      const { authenticatedAt } = found.decision;
      const opening = { ...browser, account, replaces: null, authenticatedAt };
      const at = clock.now();
      const entry = { kind: 'session.allowed' as const, at, subject: account.id, public: {} };
      const userAgent = `cordon on ${found.host}`;
      return openSession(
        { open: (session, replaces) => sessions.open(session, replaces, entry) },
        { ...opening, userAgent },
        now(),
      );
    },
  };
}

async function requireRate(limit: RateLimiterMemory, key: string, detail: string): Promise<void> {
  try {
    await limit.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new CordonError('rate_limited', detail, { retryAfter: TEN_MINUTES });
  }
}
