/**
 * Ports of the admins module to the store and the mail server. A method that changes a role also receives the ledger entry of the change.
 */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, CustomRoleId, PersonId } from '../../shared/protocol/ids.ts';
import type { CustomRoleStore } from './custom-role-ports.ts';
import type { Grant, HeldGrant } from './roles.ts';

export interface Sealer {
  seal(plain: Buffer): string;
  unseal(text: string): Buffer;
}

export type RaiseAlert = (
  code:
    | 'credential_reset_link'
    | 'credential_reset'
    | 'identity_linked'
    | 'identity_unlinked'
    | 'recovery_code_used'
    | 'passkey_copied',
  detail: string,
) => Promise<void>;

export interface Mail {
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  /** Identifier for the field Message-ID, so that a repeated mail is recognized. Default: a random one. */
  readonly id?: string;
}

export interface Mailer {
  /** Resolves when the mail server has accepted the mail. Throws `mail_failed` with the reason why the mail server refused the mail. */
  send(mail: Mail): Promise<void>;
}

export interface Account {
  readonly id: AccountId;
  readonly person: PersonId;
  readonly email: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  /** True if the account holder can sign in: the account has a password, or a link to the identity provider. */
  readonly ready: boolean;
  /** True if the account holder has a password and an authenticator. */
  readonly password: boolean;
  readonly createdAt: number;
  /** Time at which the account holder used a mailed verification link; null for an unverified address. */
  readonly emailVerifiedAt: number | null;
  /** Identity with which the account holder signs in at the identity provider; null without one. */
  readonly identity: AccountIdentity | null;
  readonly grants: readonly HeldGrant[];
}

/** Identifier of a person at an identity provider. Only both parts together are unique (OpenID Connect Core, section 2). */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export interface AccountIdentity extends Identity {
  readonly linkedAt: number;
  readonly signedInAt: number;
}

/** Password hash and encrypted TOTP secret of an account. Only the admins module reads them. */
export interface Credentials {
  readonly account: Account;
  readonly passwordHash: string | null;
  readonly totpSealed: string | null;
}

export interface NewAccount {
  readonly id: AccountId;
  readonly email: string;
  /** Normalized e-mail address, unique among accounts. It identifies the account at sign-in. */
  readonly emailKey: string;
  readonly name: string;
  /**
   * Identifier of the person who owns the account, formed from the e-mail address (column `persons.subject`). If no person has this
   * identifier, the store creates a person.
   */
  readonly subject: string;
  readonly at: number;
}

export interface Invitation {
  readonly hash: string;
  readonly expiresAt: number;
  /** Address to which the server mails the invitation link; null if an admin passes the link on. */
  readonly mailedTo: string | null;
}

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

export interface NewGrant {
  readonly grant: Grant;
  readonly entry: EntryDraft<'role.granted'>;
}

export type RoleEntry = EntryDraft<'role.granted'> | EntryDraft<'role.revoked'>;

export interface AccountStore {
  /**
   * Creates an account. `by`: the admin's account; null if the server itself creates the account. Throws `conflict` if an account has the
   * e-mail address, and `not_found` if the group of a grant does not exist.
   */
  create(
    account: NewAccount,
    invitation: Invitation,
    grants: readonly NewGrant[],
    by: AccountId | null,
  ): Promise<Account>;
  list(): Promise<Account[]>;
  find(id: AccountId): Promise<Account | null>;
  credentials(emailKey: string): Promise<Credentials | null>;
  /**
   * Stores the TOTP time step of a used authenticator code. Returns false, without a change, if the account has already used a code of this
   * or a newer time step.
   */
  useTotpStep(account: AccountId, step: number): Promise<boolean>;
  /**
   * Adds a grant with its ledger entry. A grant from the identity provider becomes the owner's grant, also with the entry, because the
   * role then no longer lapses. An owner's grant that exists already stays, without an entry.
   */
  grant(account: AccountId, granted: NewGrant, at: number): Promise<void>;
  /** Removes a grant. Throws `not_found` if the account lacks the grant, and `last_owner` if no owner with credentials would remain. */
  revoke(account: AccountId, grant: Grant, entry: EntryDraft<'role.revoked'>): Promise<void>;
  /**
   * Disabling an account also ends its sessions and tokens, and removes its approvals of pending revisions, each with a ledger entry.
   * Throws `last_owner` if no owner with credentials would remain.
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
   * the link. `reset`: ledger entry for a credential reset link; null for a new account.
   */
  invite(
    account: AccountId,
    invitation: Invitation,
    shown: { readonly by: AccountId | null; readonly at: number },
    reset: EntryDraft<'credentials.reset-link'> | null,
  ): Promise<void>;
  /**
   * Consumes the invitation, sets the credentials, and ends the account's sessions, tokens, recovery codes and passkeys for sign-in. Its
   * approver keys stay. A mailed link verifies the e-mail address. A
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
  /** True if an unused invitation has this hash, including the first owner's invitation. The invitation stays unused. */
  hasInvitation(hash: string, now: number): Promise<boolean>;
}

export interface VerificationStore {
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
  readonly authenticatedAt: number;
  /** Time of the admin's last request. Automatic requests of an open page do not count. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
  readonly address: string;
  readonly userAgent: string;
  /** True if a recovery code opened the session, and no step-up followed. */
  readonly byRecoveryCode: boolean;
}

export interface NewSession extends Omit<Session, 'account' | 'lastUsedAt'> {
  readonly account: AccountId;
  readonly hash: string;
  /**
   * SHA-256 of the CSRF token, the session's second secret. Only the console in the browser has the token, so other websites cannot send
   * valid requests.
   */
  readonly pageHash: string;
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly destructive: boolean;
  /** Custom role to whose rights the token is limited; null for all rights of its account. */
  readonly role: CustomRoleId | null;
  readonly lastUsedAt: number | null;
  readonly lastAddress: string | null;
}

export interface TokenAccount {
  readonly account: Account;
  readonly destructive: boolean;
  /** Id of the token. */
  readonly token: string;
}

export type Owned<T> = T & { readonly account: AccountId };

export interface SessionStore {
  /**
   * Creates the session and ends the session `replaces`, so that a browser has only one session. `entry`: ledger entry of a sign-in that a
   * person allowed in another session.
   */
  open(session: NewSession, replaces: string | null, entry?: EntryDraft<'session.allowed'>): Promise<void>;
  /** Finds a session by the hash of its cookie. Returns null for an expired session and for a disabled account. */
  session(hash: string, now: number): Promise<(Session & { readonly pageHash: string }) | null>;
  touch(id: string, now: number): Promise<void>;
  /** Stores the time of a step-up, after which the session no longer counts as opened by a recovery code. */
  authenticated(hash: string, at: number): Promise<void>;
  authenticatedById(id: string, at: number): Promise<void>;
  /** Unexpired sessions, newest first. `account`: null for the sessions of all accounts. */
  sessions(account: AccountId | null, now: number): Promise<Owned<Omit<Session, 'account'>>[]>;
  close(hash: string): Promise<void>;
  closeById(account: AccountId | null, id: string): Promise<boolean>;
  endAccess(account: AccountId): Promise<{ readonly sessions: number; readonly tokens: number }>;
}

export interface TokenStore {
  /** Stores a new API token. Throws `not_found` if the token's custom role does not exist. */
  insertToken(token: Owned<ApiToken> & { readonly hash: string }): Promise<void>;
  tokens(account: AccountId | null): Promise<Owned<ApiToken>[]>;
  deleteToken(account: AccountId | null, id: string): Promise<boolean>;
  /**
   * Finds the account of an API token, with grants that give at most the rights of the token's role, and records the use of the token. Returns null for an unknown or expired token, and for a disabled
   * account.
   */
  tokenAccount(hash: string, now: number, address: string): Promise<TokenAccount | null>;
}

export interface ApproverKey {
  readonly keyid: string;
  readonly person: PersonId;
  readonly account: AccountId;
  readonly name: string;
  /** Public key: DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly registeredAt: number;
  /** Relying party id of a passkey; null for a key in a file or browser. */
  readonly rpId: string | null;
}

export interface KnownApproverKey extends ApproverKey {
  readonly verified: boolean;
}

export interface ApproverKeyStore {
  /**
   * Registers an approver key, and the passkey that has this key. Throws `conflict` if another person has registered the same key. A
   * repeated registration for one person changes nothing.
   */
  register(key: ApproverKey, passkey: StoredPasskey | null): Promise<void>;
  keys(): Promise<KnownApproverKey[]>;
}

export interface Passkey {
  readonly id: string;
  readonly account: AccountId;
  /**
   * Purpose of the passkey. `sign-in`: sign-in, step-up and confirmation of actions. `approval`: signatures under documents, as an approver
   * key.
   */
  readonly purpose: 'sign-in' | 'approval';
  readonly name: string;
  /** Credential id of WebAuthn in base64url. */
  readonly credential: string;
  readonly rpId: string;
  /** Id of the approver key; null for other purposes. */
  readonly keyid: string | null;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

export interface StoredPasskey extends Passkey {
  /** COSE key in base64url. */
  readonly publicKey: string;
  readonly counter: number;
}

export interface PasskeyStore {
  /** Stores a new passkey. Throws `conflict` if the credential is registered already. */
  add(passkey: StoredPasskey): Promise<void>;
  /** Finds a passkey by its credential id, with its account and the hash of the account's password. */
  find(credential: string): Promise<{
    readonly passkey: StoredPasskey;
    readonly account: Account;
    readonly passwordHash: string | null;
  } | null>;
  /** Passkeys of the account, oldest first. */
  list(account: AccountId): Promise<Passkey[]>;
  /** Number of passkeys with which the account can sign in on the site `rpId`. */
  signInCount(account: AccountId, rpId: string): Promise<number>;
  /**
   * Stores the counter and time of a use. Returns false, without a change, if the counter is not greater than the stored one. Two counters
   * of 0 are allowed, because some authenticators have no counter.
   */
  use(id: string, counter: number, at: number): Promise<boolean>;
  /** Stores the time of a signature by the approver key `keyid`. Does nothing for a key in a file or browser. */
  signed(keyid: string, at: number): Promise<void>;
  /**
   * Removes a passkey. `keepLast`: relying party id of the site on which the account must keep a passkey to sign in. Throws `conflict` if
   * the passkey is the last one there, and `not_found` if the account has no such passkey.
   */
  remove(account: AccountId, id: string, keepLast: string | null): Promise<void>;
  /** Stores a confirmation of an action and its ledger entry. */
  keep(confirmation: ActionConfirmation, entry: EntryDraft<'action.signed'>): Promise<void>;
}

/** Assertion with which a person confirmed an action. The server keeps it as evidence. */
export interface ActionConfirmation {
  /** SHA-256 of the assertion in its DSSE encoding, in hex. */
  readonly digest: string;
  readonly account: AccountId;
  readonly passkey: string;
  readonly actionHash: string;
  readonly content: string;
  readonly statement: string;
  readonly assertion: string;
  readonly at: number;
}

export interface RecoveryCodeStore {
  /** Replaces all recovery codes of the account. */
  replace(account: AccountId, hashes: readonly string[], at: number): Promise<void>;
  /** Uses up a recovery code. Returns false, without a change, if the account has no such unused code. */
  use(account: AccountId, hash: string, at: number, entry: EntryDraft<'credentials.recovery-code'>): Promise<boolean>;
  unused(account: AccountId): Promise<{ readonly unused: number; readonly createdAt: number | null }>;
}

export interface AdminStores {
  readonly accounts: AccountStore;
  readonly invitations: InvitationStore;
  readonly verifications: VerificationStore;
  readonly sessions: SessionStore;
  readonly tokens: TokenStore;
  readonly approverKeys: ApproverKeyStore;
  readonly passkeys: PasskeyStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly customRoles: CustomRoleStore;
}
