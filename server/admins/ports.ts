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
  /** As given; displayed, and used for mail. */
  readonly email: string;
  /** Finds the account at sign-in. Unique. */
  readonly emailKey: string;
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
  /**
   * Records `by` as the account that created this one and was shown its invitation; null: the server itself made it. Throws `conflict` when the e-mail
   * has an account, `not_found` as `grant` does.
   */
  create(
    account: NewAccount,
    invitation: Invitation,
    grants: readonly GivenGrant[],
    by: AccountId | null,
  ): Promise<Account>;
  /**
   * Drops the account's open invitations and makes this one. Records `by`, who is shown the link. `reset`: the ledger entry, when the account has
   * credentials that the link replaces.
   */
  invite(
    account: AccountId,
    invitation: Invitation,
    shown: { readonly by: AccountId | null; readonly at: number },
    reset: LeafDraft<'credentials.reset-link'> | null,
  ): Promise<void>;
  /**
   * Uses the invitation up, once, and sets the credentials. Ends the account's sessions and tokens. When it had credentials before, this is a reset, and
   * `leaf` makes its ledger entry. Null when the invitation is unknown, used or expired.
   */
  redeem(
    hash: string,
    now: number,
    credentials: NewCredentials,
    leaf: (account: AccountId) => LeafDraft<'credentials.reset'>,
  ): Promise<{ readonly account: Account; readonly reset: boolean } | null>;
  /** Whether an open invitation, or the first owner's, has this hash. Uses nothing up. */
  hasInvitation(hash: string, now: number): Promise<boolean>;
  list(): Promise<Account[]>;
  find(id: AccountId): Promise<Account | null>;
  credentials(emailKey: string): Promise<Credentials | null>;
  /** Moves `totp_last_step` up to `step`; false when it is there or further: the code was used. */
  useTotpStep(account: AccountId, step: number): Promise<boolean>;
  /** Throws `not_found` when there is no such group. */
  grant(account: AccountId, given: GivenGrant, at: number): Promise<void>;
  /** Throws `not_found` when there is no such grant, `last_owner` when nobody could then sign in as owner. */
  revoke(account: AccountId, grant: Grant, leaf: LeafDraft<'role.revoked'>): Promise<void>;
  /**
   * Disabling also ends sessions and tokens, and removes the account's approvals of everything that is pending, each with its ledger entry. Throws
   * `last_owner` as `revoke` does.
   */
  setStatus(account: AccountId, status: Account['status'], leaf: RoleLeaf): Promise<void>;
}

export interface Session {
  readonly id: string;
  readonly account: Account;
  readonly createdAt: number;
  /** The last time that the admin gave credentials in this session. */
  readonly authenticatedAt: number;
  /** The last request that an admin caused; a page's own polling does not count. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  /** From where the admin signed in. */
  readonly address: string;
  readonly userAgent: string;
}

export interface NewSession extends Omit<Session, 'account' | 'authenticatedAt' | 'lastUsedAt'> {
  readonly account: AccountId;
  /** SHA-256 of the cookie. */
  readonly hash: string;
  /** SHA-256 of the half that the page keeps. */
  readonly pageHash: string;
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** The token may perform destructive actions without a step-up sign-in. */
  readonly destructive: boolean;
  readonly lastUsedAt: number | null;
  readonly lastAddress: string | null;
}

export interface TokenHolder {
  readonly account: Account;
  readonly destructive: boolean;
}

/** A session or token with the account that holds it. */
export type Owned<T> = T & { readonly account: AccountId };

export interface SessionStore {
  /** Makes the session and ends `replaces`, so that a session from before the sign-in is worth nothing after it. */
  open(session: NewSession, replaces: string | null): Promise<void>;
  /** By the hash of its cookie. Null when it has expired, or the account is disabled. */
  session(hash: string, now: number): Promise<(Session & { readonly pageHash: string }) | null>;
  touch(id: string, now: number): Promise<void>;
  /** Records that the admin gave an authenticator code in the session with this cookie's hash. */
  authenticated(hash: string, at: number): Promise<void>;
  /** Unexpired sessions of one account, or of all, newest first. */
  sessions(account: AccountId | null, now: number): Promise<Owned<Omit<Session, 'account'>>[]>;
  /** By the hash of its cookie. */
  close(hash: string): Promise<void>;
  /** False when there is no such session, or it is not this account's. */
  closeById(account: AccountId | null, id: string): Promise<boolean>;
  insertToken(token: Owned<ApiToken> & { readonly hash: string }): Promise<void>;
  /** Tokens of one account, or of all. */
  tokens(account: AccountId | null): Promise<Owned<ApiToken>[]>;
  /** False when there is no such token, or it is not this account's. */
  deleteToken(account: AccountId | null, id: string): Promise<boolean>;
  /** Records the use. Null when the token is unknown or expired, or the account disabled. */
  tokenAccount(hash: string, now: number, address: string): Promise<TokenHolder | null>;
  /** Ends every session and token of the account. */
  endAccess(account: AccountId): Promise<{ readonly sessions: number; readonly tokens: number }>;
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
