/** Sign-in and step-up with a passkey. The browser computes the challenge (`shared/order/passkey-challenge.ts`). */
import { createHash } from 'node:crypto';
import type { PasskeyResponse } from '../../shared/api/passkeys.ts';
import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import { type PasskeyStatement, statementBytes, statementText } from '../../shared/order/passkey-challenge.ts';
import { openBrowserSession, type SignedIn, type SignInOrigin } from './open-session.ts';
import type { PasskeyChallenges } from './passkey-challenges.ts';
import { verifyAuthentication } from './passkey-verification.ts';
import { type PasskeysPorts, requireSite, userIdOf } from './passkeys.ts';
import type { Account, Passkey, PasskeyStore, RaiseAlert, Sealer, SessionStore } from './ports.ts';
import { sha256 } from './secrets.ts';
import { requireEmergencyOwner } from './sign-in.ts';
import { KNOWN_BROWSER, type SignInLimits } from './sign-in-limits.ts';

type Purpose = 'sign-in' | 'step-up';

interface Verified {
  readonly account: Account;
  readonly passwordHash: string;
}

export function createPasskeySignIn(
  ports: Pick<PasskeysPorts, 'passkeys' | 'challenges' | 'policy' | 'now'> & {
    readonly sessions: Pick<SessionStore, 'open' | 'authenticated'>;
    readonly browserSealer: Sealer;
    readonly limits: SignInLimits;
    readonly alert: RaiseAlert;
    /** True if only owners may sign in without the identity provider. */
    readonly onlyProvider: boolean;
  },
) {
  const { passkeys, challenges, policy, sessions, limits, now } = ports;

  /** Verifies the passkey's response to a challenge. Throws `passkey_invalid`. */
  async function verified(
    response: PasskeyResponse,
    nonce: string,
    { purpose, own }: { readonly purpose: Purpose; readonly own: Account | null },
  ): Promise<Verified> {
    const site = requireSite(policy);
    const known = await passkeys.find(response.id);
    const { account, passkey, passwordHash } = known ?? {};
    if (!account || !passkey || account.status !== 'active' || !passwordHash || (own && own.id !== account.id)) {
      throw new CordonError(
        'passkey_invalid',
        'The server does not know this passkey. Choose another one, or sign in with your password.',
      );
    }
    if (passkey.purpose !== 'sign-in') {
      throw new CordonError(
        'passkey_invalid',
        'This passkey signs approvals. It cannot sign you in. Choose your passkey for sign-in.',
      );
    }
    const { userHandle } = response.response;
    if (userHandle !== undefined && userHandle !== userIdOf(account, 'sign-in')) {
      throw new CordonError('passkey_invalid', 'The passkey belongs to another account. Choose another one.');
    }
    const challenge = challengeOf({ purpose, nonce });
    const counter = await verifyAuthentication(response, challenge, { site, publicKey: passkey.publicKey });
    challenges.use(nonce);
    await useCounter(ports, { passkey, account }, counter);
    return { account, passwordHash };
  }

  return {
    /** Challenge for a sign-in. Each browser gets the sealed challenge as a cookie. */
    passkeySignInChallenge() {
      const site = requireSite(policy);
      const challenge = challenges.issue('sign-in', '');
      return { ...challenge, rpId: site.rpId, origin: site.origin(), credentials: [] };
    },

    async signInByPasskey(
      request: SignInOrigin & { readonly challenge: string | null; readonly response: PasskeyResponse },
    ): Promise<SignedIn> {
      const nonce = challenges.open(request.challenge, 'sign-in', '');
      const found = await limits.attempt(`passkey ${sha256(request.response.id)}`, sourceNetwork(request.address), () =>
        verified(request.response, nonce, { purpose: 'sign-in', own: null }),
      );
      if (ports.onlyProvider) requireEmergencyOwner(found.account, 'a passkey');
      return openBrowserSession(ports, found, request);
    },

    /** Challenge for a step-up in a session, whose cookie is `session`. */
    passkeyStepUpChallenge: (account: Account, session: string) =>
      challengeFor(ports, account, 'step-up', stepUpOwner(account, session)),

    /** Performs a step-up. Returns the start of the time in which the session may perform grave actions. */
    async stepUpByPasskey(request: {
      readonly account: Account;
      readonly session: string;
      readonly token: string;
      readonly response: PasskeyResponse;
    }): Promise<number> {
      const { account, session, token, response } = request;
      const nonce = challenges.open(token, 'step-up', stepUpOwner(account, session));
      const hash = sha256(session);
      return limits.attempt(account.id, `${KNOWN_BROWSER}${hash}`, async () => {
        await verified(response, nonce, { purpose: 'step-up', own: account });
        const at = now();
        await sessions.authenticated(hash, at);
        return at;
      });
    },
  };
}

export interface CounterPorts {
  readonly passkeys: PasskeyStore;
  readonly alert: RaiseAlert;
  readonly now: () => number;
}

/** Stores the counter of a verified assertion. Throws `passkey_invalid` and raises an alert if the counter did not increase. */
export async function useCounter(
  { passkeys, alert, now }: CounterPorts,
  { passkey, account }: { readonly passkey: Passkey; readonly account: Account },
  counter: number,
): Promise<void> {
  if (await passkeys.use(passkey.id, counter, now())) return;
  await alert(
    'passkey_copied',
    `The counter of the passkey ${JSON.stringify(passkey.name)} of ${account.email} (${account.id}) did not increase. A copy of the passkey may exist. The server refused it.`,
  );
  throw new CordonError(
    'passkey_invalid',
    'The counter of this passkey did not increase, so a copy of the passkey may exist. Sign in with another passkey or a recovery code, and remove this passkey.',
  );
}

/** Challenge for the account's passkeys on this site. Throws `passkey_required` if the account has none. */
export async function challengeFor(
  {
    passkeys,
    challenges,
    policy,
  }: Pick<PasskeysPorts, 'passkeys' | 'policy'> & { readonly challenges: PasskeyChallenges },
  account: Account,
  purpose: 'step-up' | 'action',
  owner: string,
) {
  const site = requireSite(policy);
  const own = (await passkeys.list(account.id)).filter((each) => each.purpose === 'sign-in' && each.rpId === site.rpId);
  if (own.length === 0) {
    throw new CordonError(
      'passkey_required',
      'You have no passkey for sign-in on this site. Add one under "Your account".',
    );
  }
  const credentials = own.map(({ credential }) => credential);
  return { ...challenges.issue(purpose, owner), rpId: site.rpId, origin: site.origin(), credentials };
}

const stepUpOwner = ({ id }: Account, session: string) => `${id} ${sha256(session)}`;

const challengeOf = (statement: PasskeyStatement): string =>
  createHash('sha256')
    .update(statementBytes(statementText(statement)))
    .digest('base64url');
