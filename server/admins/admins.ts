/**
 * Admin accounts: identity, sign-in and roles, without HTTP and SQL. All times are real time, except the field `at` of ledger entries.
 */
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createAccounts } from './accounts.ts';
import { createActionConfirmation } from './action-confirmation.ts';
import { createApproverKeys } from './approver-keys.ts';
import { createCliSignIn } from './cli-sign-in.ts';
import { createCustomRoles } from './custom-roles.ts';
import { createIdentityLinks } from './identity-links.ts';
import type { IdentityProvider, ProviderIdentityStore, ProviderRules } from './identity-provider.ts';
import { createInvitations } from './invitations.ts';
import { createPasskeyChallenges } from './passkey-challenges.ts';
import { createPasskeySignIn } from './passkey-sign-in.ts';
import { createPasskeyRegistration, createPasskeys, type PasskeyPolicy } from './passkeys.ts';
import type { AdminStores, RaiseAlert, Sealer } from './ports.ts';
import { createProviderSignIn } from './provider-sign-in.ts';
import { createSessions } from './sessions.ts';
import { createSignIn } from './sign-in.ts';
import { createSignInLimits, type SignInLimits } from './sign-in-limits.ts';
import { createTokens } from './tokens.ts';

const SESSION_IDLE = 3_600_000;

export interface AdminsPorts {
  readonly stores: AdminStores & { readonly identities: ProviderIdentityStore };
  /** Encrypts the TOTP secrets under the installation's passphrase. A copy of the database alone therefore allows no sign-in. */
  readonly sealer: Sealer;
  /** Clock for the field `at` of ledger entries. The demo can advance this clock. All other times are real time. */
  readonly clock: Clock;
  readonly bus: Bus;
  readonly organization: string;
  readonly limits?: SignInLimits;
  readonly browserSealer: Sealer;
  /** Milliseconds after which an unused session ends. Default: one hour. */
  readonly sessionIdle?: number | undefined;
  readonly alert: RaiseAlert;
  /** Identity provider (OpenID Connect) with its rules; absent if the installation has none. */
  readonly provider?: { readonly rules: ProviderRules; readonly client: IdentityProvider } | undefined;
  /** Rules for passkeys. Without them, no passkey works. */
  readonly passkeyPolicy?: PasskeyPolicy;
  /** Real time, which does not follow a jump of the machine's clock. Tests replace it to advance the TOTP time step. */
  readonly now?: () => number;
}

export type Admins = ReturnType<typeof createAdmins>;

export function createAdmins(options: AdminsPorts) {
  const { stores, sessionIdle: idle = SESSION_IDLE, bus, provider } = options;
  const now = options.now ?? Date.now;
  const changed = () => bus.publish({ kind: 'accounts' });
  const ports = {
    ...options,
    ...stores,
    limits: options.limits ?? createSignInLimits(),
    policy: options.passkeyPolicy ?? { site: null, required: false },
    challenges: createPasskeyChallenges({ sealer: options.browserSealer, now }),
    changed,
    now,
    idle,
  };
  const accounts = createAccounts(ports);
  const registration = createPasskeyRegistration(ports);
  return {
    ...accounts,
    ...createInvitations(ports),
    ...createSignIn({ ...ports, onlyProvider: provider?.rules.onlyProvider ?? false }),
    ...createPasskeySignIn({ ...ports, onlyProvider: provider?.rules.onlyProvider ?? false }),
    ...createPasskeys(ports, registration),
    ...createActionConfirmation(ports),
    passkeyOptions: registration.passkeyOptions,
    /** Sign-in with the identity provider; null if the installation has none. */
    provider: provider ? createProviderSignIn({ ...ports, ...provider }) : null,
    ...createSessions({ ...ports, account: accounts.account }),
    ...createIdentityLinks({
      ...ports,
      account: accounts.account,
      onlyProvider: provider?.rules.onlyProvider ?? false,
    }),
    /** Sign-in of the command line through a browser. */
    cliSignIn: createCliSignIn({ ...ports, account: accounts.account }),
    ...createTokens(ports),
    ...createCustomRoles({ ...ports, mappings: provider?.rules.roles ?? [] }),
    ...createApproverKeys({ ...ports, verifyPasskey: registration.verifyPasskey }),
  };
}
