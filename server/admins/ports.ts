/** Ports of the admins module. Each method that changes a role also receives the ledger entry of the change. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, PersonId } from '../../shared/protocol/ids.ts';
import type { Grant } from './roles.ts';

export interface Sealer {
  seal(plain: Buffer): string;
  unseal(text: string): Buffer;
}

/** Raises an alert that every owner sees. */
export type RaiseAlert = (code: 'credential_reset_link' | 'credential_reset', detail: string) => Promise<void>;

export interface Mail {
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Resolves when the mail server has accepted the mail. Throws `mail_failed` with the reason. */
  send(mail: Mail): Promise<void>;
}

export interface Account {
  readonly id: AccountId;
  readonly person: PersonId;
  readonly email: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** False until the account holder has used the invitation. */
  readonly ready: boolean;
  readonly createdAt: number;
  /** Time at which the account holder proved the e-mail address with a mailed link. Null if the address is not proved. */
  readonly emailVerifiedAt: number | null;
  readonly grants: readonly Grant[];
}

/** Secrets of an account for sign-in. Only this module reads them. */
export interface Credentials {
  readonly account: Account;
  readonly passwordHash: string | null;
  readonly totpSealed: string | null;
}

export interface NewAccount {
  readonly id: AccountId;
  /** E-mail address for display and mail. */
  readonly email: string;
  /** Form of the e-mail address that identifies the account at sign-in. Unique among accounts. */
  readonly emailKey: string;
  readonly name: string;
  /** Value for the column `persons.subject`. The store creates the person if no person has this subject. */
  readonly subject: string;
  readonly at: number;
}

export interface Invitation {
  readonly hash: string;
  readonly expiresAt: number;
  /** Address that receives the invitation link; null if an admin sees the link. */
  readonly mailedTo: string | null;
}

/** Link with which a signed-in account holder proves the e-mail address that received the link. */
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
   * Creates the account. `by`: the account that creates the new account; null for the server. Throws `conflict` if the e-mail address
   * already has an account, and `not_found` for an unknown group.
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
  /** Raises `totp_last_step` to `step`. Returns false for an authenticator code that was used before. */
  useTotpStep(account: AccountId, step: number): Promise<boolean>;
  /** Adds a grant to an account. Throws `not_found` for an unknown group. */
  grant(account: AccountId, given: GivenGrant, at: number): Promise<void>;
  /** Removes a grant. Throws `not_found` if the account has no such grant, and `last_owner` if no owner could sign in afterward. */
  revoke(account: AccountId, grant: Grant, entry: EntryDraft<'role.revoked'>): Promise<void>;
  /**
   * Sets the account's status. Disabling also ends sessions and tokens, and removes the account's approvals of pending revisions, each with
   * its ledger entry. Throws `last_owner` as `revoke` does.
   */
  setStatus(account: AccountId, status: Account['status'], entry: RoleEntry): Promise<void>;
}

export interface InvitationStore {
  /** Replaces the first owner's invitation. Returns false, without a change, if any account exists. */
  inviteFirstOwner(invitation: Omit<Invitation, 'mailedTo'>): Promise<boolean>;
  /** Consumes the first owner's invitation and creates the account. Returns null if the hash is not the hash of the invitation. */
  redeemFirstOwner(
    hash: string,
    now: number,
    account: NewAccount,
    credentials: NewCredentials,
    entry: EntryDraft<'role.granted'>,
  ): Promise<Account | null>;
  /**
   * Replaces the account's open invitations. `by`: the account that sees the link; null if no account sees the link. `reset`: the ledger
   * entry, if the link replaces credentials.
   */
  invite(
    account: AccountId,
    invitation: Invitation,
    shown: { readonly by: AccountId | null; readonly at: number },
    reset: EntryDraft<'credentials.reset-link'> | null,
  ): Promise<void>;
  /**
   * Consumes the invitation and sets the credentials. Ends the account's sessions and tokens. A mailed link proves the e-mail address. Any
   * other link removes the proof, because another person may hold the account from now on. If the account had credentials, the change is a
   * reset, and `entry` makes its ledger entry. Returns null if the invitation is unknown, used or expired.
   */
  redeem(
    hash: string,
    now: number,
    credentials: NewCredentials,
    entry: (account: AccountId) => EntryDraft<'credentials.reset'>,
  ): Promise<{ readonly account: Account; readonly reset: boolean } | null>;
  /** True if the hash belongs to an open invitation, including the first owner's. Does not consume the invitation. */
  hasInvitation(hash: string, now: number): Promise<boolean>;
}

export interface VerificationStore {
  /** Replaces the account's open verification of its e-mail address. */
  openVerification(verification: AddressVerification): Promise<void>;
  /**
   * Consumes the verification of an e-mail address. Returns false if the verification is unknown, expired, for another account or for an
   * earlier address.
   */
  verifyAddress(account: AccountId, hash: string, now: number): Promise<boolean>;
}

export interface Session {
  readonly id: string;
  readonly account: Account;
  readonly createdAt: number;
  /** Time of the last sign-in or authenticator code in this session. */
  readonly authenticatedAt: number;
  /** Time of the admin's last request. Requests that a page repeats on a timer do not count. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  readonly address: string;
  readonly userAgent: string;
}

export interface NewSession extends Omit<Session, 'account' | 'authenticatedAt' | 'lastUsedAt'> {
  readonly account: AccountId;
  /** SHA-256 of the session cookie. */
  readonly hash: string;
  /** SHA-256 of the session's secret that only the page has. */
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
  /** Creates the session and ends the session `replaces`, so that no earlier session survives a sign-in. */
  open(session: NewSession, replaces: string | null): Promise<void>;
  /** Finds a session by the hash of its cookie. Returns null if the session has expired or the account is disabled. */
  session(hash: string, now: number): Promise<(Session & { readonly pageHash: string }) | null>;
  touch(id: string, now: number): Promise<void>;
  /** Records that the admin gave an authenticator code in the session with this cookie hash. */
  authenticated(hash: string, at: number): Promise<void>;
  /** Unexpired sessions of one account, or of all accounts, newest first. */
  sessions(account: AccountId | null, now: number): Promise<Owned<Omit<Session, 'account'>>[]>;
  /** Ends the session with this cookie hash. */
  close(hash: string): Promise<void>;
  /** Ends the session. Returns false if the account has no such session. */
  closeById(account: AccountId | null, id: string): Promise<boolean>;
  endAccess(account: AccountId): Promise<{ readonly sessions: number; readonly tokens: number }>;
}

export interface TokenStore {
  insertToken(token: Owned<ApiToken> & { readonly hash: string }): Promise<void>;
  tokens(account: AccountId | null): Promise<Owned<ApiToken>[]>;
  /** Deletes the token. Returns false if the account has no such token. */
  deleteToken(account: AccountId | null, id: string): Promise<boolean>;
  /** Returns the token's account and records the use. Null if the token is unknown or expired, or the account is disabled. */
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

/** Approver key with current facts about its holder. */
export interface KnownApproverKey extends ApproverKey {
  /** True if the account holder proved the e-mail address. */
  readonly verified: boolean;
}

export interface ApproverKeyStore {
  /** Registers the approver key. Throws `conflict` if another person has registered the key. A repeated registration changes nothing. */
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
