/**
 * Ports of the admins module to the store and the mail server. Each method that changes a role also receives the ledger entry of the
 * change.
 */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, PersonId } from '../../shared/protocol/ids.ts';
import type { Grant } from './roles.ts';

export interface Sealer {
  seal(plain: Buffer): string;
  unseal(text: string): Buffer;
}

/** Raises an alert that all owners see. */
export type RaiseAlert = (code: 'credential_reset_link' | 'credential_reset', detail: string) => Promise<void>;

export interface Mail {
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Mails a message. Resolves when the mail server has accepted the mail. Throws `mail_failed` with the reason of a refusal. */
  send(mail: Mail): Promise<void>;
}

export interface Account {
  readonly id: AccountId;
  readonly person: PersonId;
  readonly email: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** True if the account holder has used the invitation, so that the account has credentials. */
  readonly ready: boolean;
  readonly createdAt: number;
  /** Time at which the account holder verified the e-mail address with a mailed link. Null for an unverified address. */
  readonly emailVerifiedAt: number | null;
  readonly grants: readonly Grant[];
}

/** Password hash and encrypted TOTP secret of an account. Only the admins module reads them. */
export interface Credentials {
  readonly account: Account;
  readonly passwordHash: string | null;
  readonly totpSealed: string | null;
}

export interface NewAccount {
  readonly id: AccountId;
  /** E-mail address as the admin typed it, for display and mail. */
  readonly email: string;
  /** Normalized e-mail address that identifies the account at sign-in. It is unique among accounts. */
  readonly emailKey: string;
  readonly name: string;
  /** Value of the column `persons.subject`. If no person has this subject, the store creates a person. */
  readonly subject: string;
  readonly at: number;
}

export interface Invitation {
  readonly hash: string;
  readonly expiresAt: number;
  /** Address to which the server mails the invitation link; null if the server does not mail it and an admin passes it on. */
  readonly mailedTo: string | null;
}

/** Pending verification of an account's e-mail address by a mailed link. The account holder must be signed in to use the link. */
export interface AddressVerification {
  readonly account: AccountId;
  readonly hash: string;
  readonly email: string;
  readonly expiresAt: number;
}

export interface NewCredentials {
  readonly passwordHash: string;
  readonly totpSealed: string;
}

export interface GivenGrant {
  readonly grant: Grant;
  readonly entry: EntryDraft<'role.granted'>;
}

export type RoleEntry = EntryDraft<'role.granted'> | EntryDraft<'role.revoked'>;

export interface AccountStore {
  /**
   * Creates an account. `by`: the admin's account that creates it; null if the server itself creates it. Throws `conflict` if an account
   * has the e-mail address, and `not_found` if the group of a grant does not exist.
   */
  create(
    account: NewAccount,
    invitation: Invitation,
    grants: readonly GivenGrant[],
    by: AccountId | null,
  ): Promise<Account>;
  list(): Promise<Account[]>;
  find(id: AccountId): Promise<Account | null>;
  credentials(emailKey: string): Promise<Credentials | null>;
  /**
   * Stores the TOTP time step of a used authenticator code. Returns false, without a change, if the account has already used a code of this
   * step or of a newer one.
   */
  useTotpStep(account: AccountId, step: number): Promise<boolean>;
  /** Adds a grant to an account. Throws `not_found` if the group of the grant does not exist. */
  grant(account: AccountId, given: GivenGrant, at: number): Promise<void>;
  /**
   * Removes a grant. Throws `not_found` if the account has no such grant. Throws `last_owner` if no owner with credentials would remain.
   */
  revoke(account: AccountId, grant: Grant, entry: EntryDraft<'role.revoked'>): Promise<void>;
  /**
   * Sets the account's status. When an account is disabled, the store also ends its sessions and tokens. The store removes the account's
   * approvals of pending revisions, each with a ledger entry. Throws `last_owner` if no owner with credentials would remain.
   */
  setStatus(account: AccountId, status: Account['status'], entry: RoleEntry): Promise<void>;
}

export interface InvitationStore {
  /** Creates the first owner's invitation, which replaces an earlier one. Returns false, without a change, if an account already exists. */
  inviteFirstOwner(invitation: Omit<Invitation, 'mailedTo'>): Promise<boolean>;
  /** Consumes the first owner's invitation and creates the first owner's account. Returns null if `hash` does not match the invitation. */
  redeemFirstOwner(
    hash: string,
    now: number,
    account: NewAccount,
    credentials: NewCredentials,
    entry: EntryDraft<'role.granted'>,
  ): Promise<Account | null>;
  /**
   * Creates an invitation, which replaces the account's unused invitations. `by`: the account that sees the link; null if no account sees
   * the link. `reset`: the ledger entry for a link that replaces credentials; null for a new account.
   */
  invite(
    account: AccountId,
    invitation: Invitation,
    shown: { readonly by: AccountId | null; readonly at: number },
    reset: EntryDraft<'credentials.reset-link'> | null,
  ): Promise<void>;
  /**
   * Consumes the invitation, sets the credentials, and ends the account's sessions and tokens. A mailed link verifies the e-mail address. A
   * link that an admin passed on removes the verification, because another person may now hold the account. If the account already had
   * credentials, the change is a credential reset, and `entry` creates its ledger entry. Returns null if the invitation is unknown, used or
   * expired.
   */
  redeem(
    hash: string,
    now: number,
    credentials: NewCredentials,
    entry: (account: AccountId) => EntryDraft<'credentials.reset'>,
  ): Promise<{ readonly account: Account; readonly reset: boolean } | null>;
  /** True if an unused invitation has this hash. The first owner's invitation is included. The function does not consume the invitation. */
  hasInvitation(hash: string, now: number): Promise<boolean>;
}

export interface VerificationStore {
  /** Creates a pending verification, which replaces the account's earlier pending verification. */
  openVerification(verification: AddressVerification): Promise<void>;
  /**
   * Consumes a pending verification and marks the e-mail address as verified. Returns false if the verification is unknown or expired,
   * belongs to another account, or is for an earlier address of the account.
   */
  verifyAddress(account: AccountId, hash: string, now: number): Promise<boolean>;
}

export interface Session {
  readonly id: string;
  readonly account: Account;
  readonly createdAt: number;
  /** Time of the last sign-in or authenticator code in this session. */
  readonly authenticatedAt: number;
  /** Time of the admin's last request. Automatic requests of an open page do not count. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  readonly address: string;
  readonly userAgent: string;
}

export interface NewSession extends Omit<Session, 'account' | 'authenticatedAt' | 'lastUsedAt'> {
  readonly account: AccountId;
  /** SHA-256 of the session cookie. */
  readonly hash: string;
  /** SHA-256 of the CSRF token, the session's second secret, which only the page has. */
  readonly pageHash: string;
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** True if the token may perform destructive actions without a step-up sign-in. */
  readonly destructive: boolean;
  readonly lastUsedAt: number | null;
  readonly lastAddress: string | null;
}

export interface TokenHolder {
  readonly account: Account;
  readonly destructive: boolean;
}

export type Owned<T> = T & { readonly account: AccountId };

export interface SessionStore {
  /** Creates the session and ends the session `replaces`. A browser therefore has only one session after a sign-in. */
  open(session: NewSession, replaces: string | null): Promise<void>;
  /**
   * Finds a session by the hash of its cookie. Returns null if no session matches, if the session has expired, or if its account is
   * disabled.
   */
  session(hash: string, now: number): Promise<(Session & { readonly pageHash: string }) | null>;
  touch(id: string, now: number): Promise<void>;
  /** Records that the admin gave an authenticator code in the session with this cookie hash. */
  authenticated(hash: string, at: number): Promise<void>;
  /** Unexpired sessions, newest first. `account`: the account of the sessions; null for the sessions of all accounts. */
  sessions(account: AccountId | null, now: number): Promise<Owned<Omit<Session, 'account'>>[]>;
  /** Ends the session with this cookie hash. */
  close(hash: string): Promise<void>;
  /** Ends a session by its id. Returns false if the account has no such session. */
  closeById(account: AccountId | null, id: string): Promise<boolean>;
  endAccess(account: AccountId): Promise<{ readonly sessions: number; readonly tokens: number }>;
}

export interface TokenStore {
  insertToken(token: Owned<ApiToken> & { readonly hash: string }): Promise<void>;
  tokens(account: AccountId | null): Promise<Owned<ApiToken>[]>;
  /** Deletes an API token by its id. Returns false if the account has no such token. */
  deleteToken(account: AccountId | null, id: string): Promise<boolean>;
  /**
   * Finds the account of an API token and records the use of the token. Returns null if the token is unknown or expired, or if the account
   * is disabled.
   */
  tokenAccount(hash: string, now: number, address: string): Promise<TokenHolder | null>;
}

export interface ApproverKey {
  readonly keyid: string;
  readonly person: PersonId;
  readonly account: AccountId;
  readonly name: string;
  /** Public key: DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly registeredAt: number;
}

/** Approver key, with the holder's current name and account data. */
export interface KnownApproverKey extends ApproverKey {
  /** True if the account holder has verified the e-mail address. */
  readonly verified: boolean;
}

export interface ApproverKeyStore {
  /**
   * Registers an approver key. Throws `conflict` if another person has registered the same key. Registering a key twice for one person
   * changes nothing.
   */
  register(key: ApproverKey): Promise<void>;
  keys(): Promise<KnownApproverKey[]>;
}

export interface AdminStores {
  readonly accounts: AccountStore;
  readonly invitations: InvitationStore;
  readonly verifications: VerificationStore;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly approverKeys: ApproverKeyStore;
}
