/** What the admins module asks of the store. Every verb that changes a role takes the leaf that says so. */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { AccountId, PersonId } from '../../shared/protocol/ids.ts';
import type { Grant } from './roles.ts';

export interface Account {
  readonly id: AccountId;
  readonly person: PersonId;
  readonly email: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** False until the invitation has been redeemed. */
  readonly ready: boolean;
  readonly createdAt: number;
  readonly grants: readonly Grant[];
}

/** What signing in needs besides. Never leaves this module. */
export interface Credentials {
  readonly account: Account;
  readonly passwordHash: string | null;
  readonly totpSealed: string | null;
}

export interface NewAccount {
  readonly id: AccountId;
  readonly email: string;
  readonly name: string;
  /** `persons.subject`: the person is made when nobody has it yet. */
  readonly subject: string;
  readonly at: number;
}

export interface Invitation {
  readonly hash: string;
  readonly expiresAt: number;
}

export interface NewCredentials {
  readonly passwordHash: string;
  readonly totpSealed: string;
}

export interface GivenGrant {
  readonly grant: Grant;
  readonly leaf: LeafDraft<'role.granted'>;
}

export type RoleLeaf = LeafDraft<'role.granted'> | LeafDraft<'role.revoked'>;

export interface AccountStore {
  /** Replaces the first owner's invitation. False, and nothing changed, when any account exists. */
  inviteFirstOwner(invitation: Invitation): Promise<boolean>;
  /** Uses the first owner's invitation up and makes the account; null when the hash is not that invitation. */
  redeemFirstOwner(
    hash: string,
    now: number,
    account: NewAccount,
    credentials: NewCredentials,
    leaf: LeafDraft<'role.granted'>,
  ): Promise<Account | null>;
  /** Throws `conflict` when the e-mail has an account, `not_found` as `grant` does. */
  create(account: NewAccount, invitation: Invitation, grants: readonly GivenGrant[]): Promise<Account>;
  /** Drops the account's open invitations and makes this one. */
  invite(account: AccountId, invitation: Invitation): Promise<void>;
  /** Uses the invitation up, once; sets the credentials and ends the account's sessions. Null when it is unknown, used or expired. */
  redeem(hash: string, now: number, credentials: NewCredentials): Promise<Account | null>;
  list(): Promise<Account[]>;
  find(id: AccountId): Promise<Account | null>;
  credentials(email: string): Promise<Credentials | null>;
  /** Moves `totp_last_step` up to `step`; false when it is there or further: the code was used. */
  useTotpStep(account: AccountId, step: number): Promise<boolean>;
  /** Throws `not_found` when there is no such group. */
  grant(account: AccountId, given: GivenGrant, at: number): Promise<void>;
  /** Throws `not_found` when there is no such grant, `last_owner` when nobody could then sign in as owner. */
  revoke(account: AccountId, grant: Grant, leaf: LeafDraft<'role.revoked'>): Promise<void>;
  /** Disabling also ends sessions and tokens; throws `last_owner` as `revoke` does. */
  setStatus(account: AccountId, status: Account['status'], leaf: RoleLeaf): Promise<void>;
}

export interface Session {
  readonly account: Account;
  readonly csrf: string;
  readonly expiresAt: number;
  /** When its holder last gave an authenticator code. */
  readonly authenticatedAt: number;
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** The token may perform destructive actions without a step-up sign-in. */
  readonly destructive: boolean;
}

export interface TokenHolder {
  readonly account: Account;
  readonly destructive: boolean;
}

export interface SessionStore {
  /** Makes the session and ends `replaces`, so that a session from before the sign-in is worth nothing after it. */
  open(
    session: { hash: string; account: AccountId; createdAt: number; expiresAt: number; csrf: string },
    replaces: string | null,
  ): Promise<void>;
  session(hash: string, now: number): Promise<Session | null>;
  /** Records that the session's holder gave an authenticator code. */
  authenticated(hash: string, at: number): Promise<void>;
  close(hash: string): Promise<void>;
  insertToken(token: ApiToken & { readonly account: AccountId; readonly hash: string }): Promise<void>;
  tokens(account: AccountId): Promise<ApiToken[]>;
  /** False when the account has no such token. */
  deleteToken(account: AccountId, id: string): Promise<boolean>;
  tokenAccount(hash: string, now: number): Promise<TokenHolder | null>;
}

export interface ApproverKey {
  readonly keyid: string;
  readonly person: PersonId;
  readonly account: AccountId;
  /** The account holder's. */
  readonly name: string;
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly registeredAt: number;
}

export interface ApproverKeyStore {
  /** Throws `conflict` when another person has registered the key. Registering one's own again changes nothing. */
  register(key: ApproverKey): Promise<void>;
  keys(): Promise<ApproverKey[]>;
}
