import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { emailKey } from './email.ts';
import { isEmergencyOwner } from './grant-rules.ts';
import { knownBrowser } from './known-browser.ts';
import { openBrowserSession, type SignedIn, type SignInOrigin } from './open-session.ts';
import { type PasskeyRule, recoveryHash, requireNoPasskey } from './passkeys.ts';
import { passwordMatches } from './passwords.ts';
import type { Account, AccountStore, RaiseAlert, RecoveryCodeStore, Sealer, SessionStore } from './ports.ts';
import { sha256 } from './secrets.ts';
import { KNOWN_BROWSER, type SignInLimits } from './sign-in-limits.ts';
import { totpStep } from './totp.ts';

interface SignInRequest extends SignInOrigin {
  readonly email: string;
  readonly password: string;
  readonly totp: string | undefined;
  /** Recovery code, given instead of the authenticator code. */
  readonly recoveryCode?: string | undefined;
  readonly browser: string | null;
}

export function createSignIn(
  ports: PasskeyRule & {
    readonly accounts: Pick<AccountStore, 'credentials' | 'useTotpStep'>;
    readonly sessions: Pick<SessionStore, 'open' | 'authenticated'>;
    readonly recoveryCodes: Pick<RecoveryCodeStore, 'use'>;
    readonly alert: RaiseAlert;
    /** Clock for the field `at` of ledger entries. */
    readonly clock: Clock;
    readonly sealer: Sealer;
    readonly browserSealer: Sealer;
    readonly limits: SignInLimits;
    /** True if only owners may sign in with a password. */
    readonly onlyProvider: boolean;
    readonly now: () => number;
  },
) {
  const { accounts, sessions, recoveryCodes, alert, clock, sealer, browserSealer, limits, now } = ports;

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

  /** Uses up a recovery code after a correct password. Returns false if the account has no such unused code. */
  async function spendRecoveryCode({ id, email }: Account, code: string, address: string): Promise<boolean> {
    const entry = { kind: 'credentials.recovery-code', at: clock.now(), subject: id, public: {} } as const;
    if (!(await recoveryCodes.use(id, recoveryHash(code), now(), entry))) return false;
    await alert(
      'recovery_code_used',
      `A recovery code of ${email} (${id}) was used to sign in from ${address}. If this was not the account holder, end the account's access and send a reset link.`,
    );
    return true;
  }

  /**
   * Checks one sign-in attempt. The server checks the password before the second factor. Therefore only a person who knows the password can
   * use up the limit for wrong codes.
   */
  async function verified(
    email: string,
    { password, second, source, address }: { password: string; second: SecondFactor; source: string; address: string },
  ): Promise<{ readonly account: Account; readonly passwordHash: string; readonly byRecoveryCode: boolean }> {
    const known = await accounts.credentials(email);
    const right = await limits.hash(source, () => passwordMatches(known?.passwordHash ?? null, password));
    if (!right || !known?.passwordHash || !known.totpSealed || known.account.status !== 'active') throw wrong();
    const { account, passwordHash, totpSealed } = known;
    if (!(await limits.mayTryCode(email, source))) throw wrong();
    if ('recoveryCode' in second) {
      if (await spendRecoveryCode(account, second.recoveryCode, address)) {
        return { account, passwordHash, byRecoveryCode: true };
      }
      await limits.wrongCode(email, source);
      throw wrong();
    }
    const step = await stepOf(totpSealed, second.totp);
    if (step === null) {
      await limits.wrongCode(email, source);
      throw wrong();
    }
    await requireUnusedCode(accounts, account.id, step);
    await requireNoPasskey(ports, account, 'Sign in with your passkey, or with your password and a recovery code.');
    return { account, passwordHash, byRecoveryCode: false };
  }

  return {
    /**
     * Signs an admin in with a password. Throws `credentials_wrong` for any wrong credential, and `totp_reused` for an authenticator code
     * that was used before.
     */
    async signIn(request: SignInRequest): Promise<SignedIn> {
      const second = secondFactorOf(request);
      const email = emailKey(request.email);
      const source = (await knownSource(email, request.browser)) ?? sourceNetwork(request.address);
      const { password, address } = request;
      const found = await limits.attempt(email, source, () => verified(email, { password, second, source, address }));
      if (ports.onlyProvider) requireEmergencyOwner(found.account, 'a password');
      return openBrowserSession(ports, found, request);
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
      await requireNoPasskey(ports, request.account, 'Confirm your identity with your passkey.');
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

type SecondFactor = { readonly totp: string } | { readonly recoveryCode: string };

function secondFactorOf({ totp, recoveryCode }: Pick<SignInRequest, 'totp' | 'recoveryCode'>): SecondFactor {
  if (totp !== undefined) return { totp };
  if (recoveryCode !== undefined) return { recoveryCode };
  throw new CordonError('totp_required', 'Enter the six-digit code of the authenticator app.');
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
/** Throws `provider_required` unless the account is an owner who may sign in without the identity provider. */
export function requireEmergencyOwner({ grants }: Pick<Account, 'grants'>, credential: string): void {
  if (isEmergencyOwner(grants)) return;
  throw new CordonError(
    'provider_required',
    `This installation allows ${credential} only for owners. Sign in with the identity provider.`,
  );
}
