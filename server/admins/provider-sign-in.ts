/**
 * Sign-in with an identity provider. The account belongs to the provider's issuer and subject, and never to an e-mail address. The
 * provider's groups give roles at each sign-in.
 */
import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { RateLimiterMemory } from '../rate-limiters.ts';
import { isEmergencyOwner } from './grant-rules.ts';
import type { IdentityProvider, ProviderClaims, ProviderIdentityStore, ProviderRules } from './identity-provider.ts';
import { newAccount, roleEntry } from './new-account.ts';
import { type OpenedSession, openSession } from './open-session.ts';
import { mustUsePasskey, type PasskeyRule, passkeyRequired, requireNoPasskey } from './passkeys.ts';
import { createPendingSignIns, type PendingSignIn, type SignInPurpose } from './pending-sign-ins.ts';
import type { Account, RaiseAlert, Session, SessionStore } from './ports.ts';
import { grantsOfGroups } from './provider-roles.ts';
import type { Grant } from './roles.ts';
import { createWorkQueue } from './work-queue.ts';

/** Maximum sign-ins of one IP address or IPv6 /64 within ten minutes. Each one can cause requests to the provider. */
const BEGINS = 100;
const TEN_MINUTES = 600;
const CONFIRM_BY_PASSKEY = 'Confirm your identity with your passkey.';
/** Maximum difference between the clocks of server and provider, in milliseconds. */
const CLOCK_SKEW = 60_000;

export interface ProviderOptions {
  readonly rules: ProviderRules;
  readonly client: IdentityProvider;
  readonly identities: ProviderIdentityStore;
}

interface Browser {
  readonly address: string;
  readonly userAgent: string | undefined;
}

export type ProviderResult =
  | { readonly purpose: 'sign-in'; readonly signedIn: OpenedSession }
  | { readonly purpose: 'step-up'; readonly authenticatedAt: number }
  | { readonly purpose: 'link' };

export function createProviderSignIn(
  ports: ProviderOptions &
    PasskeyRule & {
      readonly sessions: Pick<SessionStore, 'open' | 'authenticatedById'>;
      readonly clock: Clock;
      readonly bus: Bus;
      readonly alert: RaiseAlert;
      readonly now: () => number;
    },
) {
  const { rules, client, identities, sessions, clock, bus, alert, now } = ports;
  const pending = createPendingSignIns(now);
  const begins = new RateLimiterMemory({ points: BEGINS, duration: TEN_MINUTES });
  const requests = createWorkQueue({ atOnce: 8, ofSource: 8, total: 64 });
  const signInOf = createProviderAccounts(ports);

  async function begin(purpose: SignInPurpose, address: string, session: string | null) {
    const source = sourceNetwork(address);
    await requireRate(begins, source);
    const { url, request } = await requests.run(source, () => client.begin(purpose === 'step-up'));
    return { url, cookie: pending.add({ purpose, request, session, source }) };
  }

  function takePending(cookie: string | null): PendingSignIn {
    const found = cookie === null ? null : pending.take(cookie);
    if (found) return found;
    throw refused(
      'The sign-in began in another browser, was already completed, or is older than 10 minutes. Start the sign-in again.',
    );
  }

  async function stepUp(claims: ProviderClaims, { begunAt }: PendingSignIn, { account, id }: Session): Promise<number> {
    requireSameIdentity(account, claims);
    await requireNoPasskey(ports, account, CONFIRM_BY_PASSKEY);
    if (claims.authenticatedAt === null || claims.authenticatedAt < begunAt - CLOCK_SKEW) {
      throw refused(`${rules.name} did not ask for your credentials again. Sign out there, then repeat the action.`);
    }
    const at = now();
    await sessions.authenticatedById(id, at);
    return at;
  }

  /**
   * Time of authentication in a new session. Throws `passkey_required` if the account must sign in with its passkey. A sign-in of an
   * account that only the provider may sign in counts as old. Its first grave action then needs a step-up with the passkey.
   */
  async function authenticatedAt(account: Account, claims: ProviderClaims): Promise<number> {
    if (!(await mustUsePasskey(ports, account))) return Math.min(now(), claims.authenticatedAt ?? 0);
    if (rules.onlyProvider && !isEmergencyOwner(account.grants)) return 0;
    throw passkeyRequired(`Your roles from ${rules.name} are up to date. Sign in with your passkey.`);
  }

  async function link({ identity }: ProviderClaims, { account }: Session): Promise<void> {
    const entry = { kind: 'identity.linked' as const, at: clock.now(), subject: account.id, public: {} };
    await identities.link(account.id, identity, now(), entry);
    bus.publish({ kind: 'accounts' });
    await alert('identity_linked', `${account.email} (${account.id}) can now sign in with ${rules.name}.`);
  }

  return {
    rules: { name: rules.name, onlyProvider: rules.onlyProvider },
    signOutUrl: () => client.signOutUrl(),

    /** Begins a sign-in. `cookie` binds the sign-in to this browser, so that no other browser can complete it. */
    begin: (address: string) => begin('sign-in', address, null),

    /** Begins a step-up or a link for a signed-in session. */
    beginInSession: async (purpose: 'step-up' | 'link', address: string, { id, account }: Session) => {
      if (purpose === 'step-up' && account.identity === null) {
        throw new CordonError(
          'step_up_required',
          `Your account is not linked to ${rules.name}. Enter an authenticator code.`,
        );
      }
      if (purpose === 'step-up') await requireNoPasskey(ports, account, CONFIRM_BY_PASSKEY);
      return begin(purpose, address, id);
    },

    /**
     * Completes a sign-in, a step-up or a link with the provider's response. `session`: returns the session of the request, which a step-up
     * and a link need. Throws `provider_refused`, `provider_unavailable`, `account_disabled`, `role_missing`, `passkey_required` or `identity_not_linked`.
     */
    async finish(
      response: string,
      {
        cookie,
        replaces,
        session,
        ...browser
      }: Browser & {
        readonly cookie: string | null;
        readonly replaces: string | null;
        readonly session: () => Promise<Session | null>;
      },
    ): Promise<ProviderResult> {
      const begun = takePending(cookie);
      const own = begun.purpose === 'sign-in' ? null : await session();
      if (begun.purpose !== 'sign-in' && own?.id !== begun.session) {
        throw refused('Another session began this confirmation. Repeat the action.');
      }
      const claims = await requests.run(begun.source, () => client.finish(response, begun.request));
      if (own === null) {
        const account = await signInOf(claims);
        const opening = { ...browser, account, replaces, authenticatedAt: await authenticatedAt(account, claims) };
        const signedIn = await openSession(sessions, opening, now());
        return { purpose: 'sign-in', signedIn };
      }
      if (begun.purpose === 'step-up') {
        return { purpose: 'step-up', authenticatedAt: await stepUp(claims, begun, own) };
      }
      await link(claims, own);
      return { purpose: 'link' };
    },
  };
}

/** Finds or creates the account of a proven identity, and gives it the roles of its groups. */
function createProviderAccounts({
  rules,
  identities,
  clock,
  bus,
  now,
}: ProviderOptions & { readonly clock: Clock; readonly bus: Bus; readonly now: () => number }) {
  const noRole = () =>
    new CordonError(
      'role_missing',
      `None of your groups at ${rules.name} gives a role in Cordon. Ask an admin of ${rules.name} to add you to a group, then sign in again.`,
    );

  async function existing(account: Account, grants: readonly Grant[]): Promise<Account> {
    if (account.status !== 'active') {
      throw new CordonError('account_disabled', 'Your account in Cordon is disabled. Ask an owner to enable it.');
    }
    const entry = (kind: 'role.granted' | 'role.revoked', grant: Grant) =>
      roleEntry(kind, clock.now(), account.id, grant);
    const signedIn = await identities.signIn(account.id, { grants, at: now(), entry });
    if (signedIn.changed) bus.publish({ kind: 'accounts' });
    if (signedIn.account.grants.length === 0) throw noRole();
    return signedIn.account;
  }

  return async function signInOf(claims: ProviderClaims): Promise<Account> {
    const { identity, email, name } = claims;
    const grants = grantsOfGroups(claims.groups, rules.roles);
    const known = await identities.accountOf(identity);
    if (known) return existing(known, grants);
    if (grants.length === 0) throw noRole();
    if (email === null) {
      throw refused(
        `${rules.name} sent no verified e-mail address. An admin must add the scope "email" and the address.`,
      );
    }
    const account = newAccount(email, name, now());
    const granted = grants.map((grant) => ({
      grant,
      entry: roleEntry('role.granted', clock.now(), account.id, grant),
    }));
    const created = await identities.createFor(identity, account, granted);
    if (created) {
      bus.publish({ kind: 'accounts' });
      return created;
    }
    // A parallel request of the same person has just created the account.
    const other = await identities.accountOf(identity);
    if (!other) throw new CordonError('internal', 'the account of an identity disappeared');
    return existing(other, grants);
  };
}

function requireSameIdentity({ identity }: Account, claims: ProviderClaims): void {
  const { issuer, subject } = claims.identity;
  if (identity?.issuer === issuer && identity.subject === subject) return;
  throw refused('You signed in at the provider as another person. Sign in there with the account of this session.');
}

async function requireRate(limit: RateLimiterMemory, source: string): Promise<void> {
  try {
    await limit.consume(source);
  } catch (error) {
    if (error instanceof Error) throw error;
    throw new CordonError('rate_limited', 'Too many sign-ins began from your network. Try again in ten minutes.', {
      retryAfter: TEN_MINUTES,
    });
  }
}

const refused = (detail: string) => new CordonError('provider_refused', detail);
