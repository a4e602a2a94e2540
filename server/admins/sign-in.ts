import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { emailKey } from './email.ts';
import { knownBrowser, rememberBrowser } from './known-browser.ts';
import { passwordMatches } from './passwords.ts';
import type { Account, AccountStore, Sealer, SessionStore } from './ports.ts';
import { isEmergencyOwner } from './roles.ts';
import { sha256 } from './secrets.ts';
import { type OpenedSession, openSession } from './session-opening.ts';
import { KNOWN_BROWSER, type SignInLimits } from './sign-in-limits.ts';
import { totpStep } from './totp.ts';

/** `browser`: value of the cookie that marks the browser as known. */
export interface SignedIn extends OpenedSession {
  readonly browser: string;
}

interface SignInRequest {
  readonly email: string;
  readonly password: string;
  readonly totp: string | undefined;
  readonly address: string;
  readonly userAgent?: string | undefined;
  readonly replaces: string | null;
  readonly browser: string | null;
}

export function createSignIn(ports: {
  readonly accounts: Pick<AccountStore, 'credentials' | 'useTotpStep'>;
  readonly sessions: Pick<SessionStore, 'open' | 'authenticated'>;
  readonly sealer: Sealer;
  readonly browserSealer: Sealer;
  readonly limits: SignInLimits;
  /** True if only owners may sign in with a password. */
  readonly onlyProvider: boolean;
  readonly now: () => number;
}) {
  const { accounts, sessions, sealer, browserSealer, limits, now } = ports;

  const stepOf = (sealed: string, totp: string) => totpStep(sealer.unseal(sealed).toString(), totp, now());

  /**
   * Identifier of the browser if the account signed in with it before; otherwise null. Known browsers have their own limit of sign-in
   * attempts.
   */
  async function knownSource(email: string, cookie: string | null): Promise<string | null> {
    const known = cookie === null ? null : await accounts.credentials(email);
    if (!known?.passwordHash) return null;
    return knownBrowser(browserSealer, cookie, { account: known.account.id, passwordHash: known.passwordHash }, now());
  }

  /**
   * Checks one sign-in attempt. The server checks the password before the authenticator code. Therefore only a person who knows the
   * password can use up the limit for wrong codes.
   */
  async function verified(
    email: string,
    { password, totp, source }: { readonly password: string; readonly totp: string; readonly source: string },
  ): Promise<{ readonly account: Account; readonly passwordHash: string }> {
    const known = await accounts.credentials(email);
    const right = await limits.hash(source, () => passwordMatches(known?.passwordHash ?? null, password));
    if (!right || !known?.passwordHash || !known.totpSealed || known.account.status !== 'active') throw wrong();
    const { account, passwordHash, totpSealed } = known;
    if (!(await limits.mayTryCode(email, source))) throw wrong();
    const step = await stepOf(totpSealed, totp);
    if (step === null) {
      await limits.wrongCode(email, source);
      throw wrong();
    }
    await requireUnusedCode(accounts, account.id, step);
    return { account, passwordHash };
  }

  return {
    /** Throws `credentials_wrong` for any wrong credential, and `totp_reused` for an authenticator code that was used before. */
    async signIn(request: SignInRequest): Promise<SignedIn> {
      if (request.totp === undefined)
        throw new CordonError('totp_required', 'Give the six-digit code of the authenticator app too.');
      const email = emailKey(request.email);
      const source = (await knownSource(email, request.browser)) ?? sourceNetwork(request.address);
      const { password, totp } = request;
      const { account, passwordHash } = await limits.attempt(email, source, () =>
        verified(email, { password, totp, source }),
      );
      if (ports.onlyProvider && !isEmergencyOwner(account.grants)) throw passwordsOff();
      const at = now();
      const browser = rememberBrowser(browserSealer, { account: account.id, passwordHash }, at);
      const { address, userAgent, replaces } = request;
      const opened = await openSession(sessions, { account, address, userAgent, replaces, authenticatedAt: at }, at);
      return { ...opened, browser };
    },

    /**
     * Accepts a new authenticator code, so that the session may perform grave actions for some minutes. Returns the time of the acceptance.
     * Throws `credentials_wrong` for a wrong code, `rate_limited` after too many wrong codes, and `totp_reused` for a code that was used
     * before.
     */
    async stepUp(request: {
      readonly account: Account;
      readonly totp: string;
      readonly token: string;
    }): Promise<number> {
      const session = sha256(request.token);
      // The limit of wrong codes applies per session, so that one session cannot use up the limit of another session.
      const source = `${KNOWN_BROWSER}${session}`;
      const email = emailKey(request.account.email);
      return limits.attempt(email, source, async () => {
        if (!(await limits.mayTryCode(email, source))) {
          throw new CordonError('rate_limited', 'Too many wrong codes in this session. Sign in again.');
        }
        const known = await accounts.credentials(email);
        const step = known?.totpSealed ? await stepOf(known.totpSealed, request.totp) : null;
        if (step === null) {
          await limits.wrongCode(email, source);
          throw new CordonError('credentials_wrong', 'The code is wrong. Enter the current code of the app.');
        }
        await requireUnusedCode(accounts, request.account.id, step);
        const at = now();
        await sessions.authenticated(session, at);
        return at;
      });
    },
  };
}

async function requireUnusedCode(
  accounts: Pick<AccountStore, 'useTotpStep'>,
  account: AccountId,
  step: number,
): Promise<void> {
  if (await accounts.useTotpStep(account, step)) return;
  throw new CordonError('totp_reused', 'This code was used before. Wait for the next code (30 seconds at most).');
}

/** Use the same error text for every cause. A specific text could confirm a guessed password. */
const wrong = () =>
  new CordonError(
    'credentials_wrong',
    'E-mail, password and code do not match. After several wrong codes, a new browser cannot sign in for 15 minutes.',
  );

/** The caller has proven the password and the code, so this text confirms no guess. */
const passwordsOff = () =>
  new CordonError(
    'provider_required',
    'This installation allows a password only for owners. Sign in with the identity provider.',
  );
