/** Ports of the admins module to the identity provider (OpenID Connect), and to the store of the identities that it has proven. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Account, Identity, NewAccount, NewGrant, RoleEntry } from './ports.ts';
import type { Grant } from './roles.ts';

/** Facts about a person from a verified ID token. */
export interface ProviderClaims {
  readonly identity: Identity;
  readonly email: string | null;
  readonly name: string;
  readonly groups: readonly string[];
  /** Time at which the person entered credentials at the provider, in Unix milliseconds. Null if the provider does not state it. */
  readonly authenticatedAt: number | null;
}

/** Secrets of one authorization request. The server keeps them, and the browser never sees the nonce and the verifier. */
export interface ProviderRequest {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface IdentityProvider {
  /**
   * Prepares an authorization request. `fresh`: the provider must ask for the credentials again, even if the browser is signed in there.
   * Throws `provider_unavailable`.
   */
  begin(fresh: boolean): Promise<{ readonly url: string; readonly request: ProviderRequest }>;
  /**
   * Checks the provider's response, and exchanges its code for claims. `response`: query of the redirect URI. Throws `provider_refused` for
   * a response that does not belong to the request or that the provider did not sign, and `provider_unavailable`.
   */
  finish(response: string, request: ProviderRequest): Promise<ProviderClaims>;
  /** URL that signs the browser out at the provider. Null if the provider has none, or if the server has not read its metadata yet. */
  signOutUrl(): string | null;
}

export interface RoleMapping extends Grant {
  readonly providerGroup: string;
}

export interface ProviderRules {
  readonly name: string;
  /** True if only owners may sign in with a password, for an emergency. */
  readonly onlyProvider: boolean;
  readonly roles: readonly RoleMapping[];
}

export interface GrantsOfProvider {
  readonly grants: readonly Grant[];
  readonly at: number;
  readonly entry: (kind: 'role.granted' | 'role.revoked', grant: Grant) => RoleEntry;
}

export interface ProviderIdentityStore {
  accountOf(identity: Identity): Promise<Account | null>;
  /**
   * Creates an account for the identity with its roles. Returns null if another request has created it. Throws `identity_not_linked` if
   * the e-mail address belongs to an account or to the holder of an account.
   */
  createFor(identity: Identity, account: NewAccount, grants: readonly NewGrant[]): Promise<Account | null>;
  /**
   * Replaces the roles that the provider gave the account, each change with its ledger entry. Roles that an owner granted remain. If the
   * account then has no role, the transaction also ends its sessions and tokens.
   */
  signIn(
    account: AccountId,
    roles: GrantsOfProvider,
  ): Promise<{ readonly account: Account; readonly changed: boolean }>;
  /**
   * Links an account to an identity. Throws `conflict` if the identity belongs or belonged to another account, or if the account has
   * another identity.
   */
  link(account: AccountId, identity: Identity, at: number, entry: LinkEntry): Promise<void>;
  /**
   * Removes the link of the account and the roles that the provider gave it. The identity stays reserved for the account, so that one person
   * never has two accounts. Throws `conflict` for an account without a link.
   */
  unlink(account: AccountId, unlinking: Unlinking): Promise<void>;
}

export type LinkEntry = EntryDraft<'identity.linked' | 'identity.unlinked'>;

export interface Unlinking {
  readonly at: number;
  readonly entry: LinkEntry;
  readonly revoked: (grant: Grant) => RoleEntry;
  /** True if the transaction also ends the sessions and tokens of the account. */
  readonly end: boolean;
}
