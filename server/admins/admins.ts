/**
 * Admin accounts: who somebody is, how they sign in and what they were granted. Knows no HTTP and no SQL. All of it runs on real time;
 * only a leaf's `at` is the installation's clock. Secrets (tokens, invitations) leave it once and are kept as SHA-256.
 */
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type AccountId, newAccountId, randomBase32 } from '../../shared/protocol/ids.ts';
import { storedEmail } from '../../shared/text/canonical-email.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { emailKey, personSubject } from './email.ts';
import { knownBrowser, rememberBrowser } from './known-browser.ts';
import { hashPassword, passwordMatches } from './passwords.ts';
import type {
  Account,
  AccountStore,
  ApiToken,
  ApproverKey,
  ApproverKeyStore,
  Owned,
  Session,
  SessionStore,
  TokenHolder,
} from './ports.ts';
import type { Grant } from './roles.ts';
import { createSignInLimits, KNOWN_BROWSER, type SignInLimits } from './sign-in-limits.ts';
import { newTotpSecret, totpStep, totpUri } from './totp.ts';

const HOUR = 3_600_000;
export const SESSION_LASTS = 12 * HOUR;
/** A session ends when no admin has used it for this long; see `AdminsPorts.sessionIdle`. */
export const SESSION_IDLE = HOUR;
/** Within this time, another use of a session is not written again. */
const USE_RECORDED_EVERY = 30_000;
const LONGEST_USER_AGENT = 200;
export const INVITATION_LASTS = 72 * HOUR;

/** Seals the TOTP secrets under the installation's passphrase, so that a copy of the database alone signs nobody in. */
export interface Sealer {
  seal(plain: Buffer): string;
  unseal(text: string): Buffer;
}

export interface AdminsPorts {
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly approverKeys: ApproverKeyStore;
  readonly sealer: Sealer;
  /** For the `at` of leaves only. */
  readonly clock: Clock;
  readonly bus: Bus;
  /** Shown by authenticator apps. */
  readonly organisation: string;
  readonly limits?: SignInLimits;
  /** Seals the cookie by which a browser is known. */
  readonly browserSealer: Sealer;
  /** Milliseconds without use after which a session ends. */
  readonly sessionIdle?: number | undefined;
  /** Shows every owner what happened. */
  readonly alarm: (code: 'credential_reset_link' | 'credential_reset', detail: string) => Promise<void>;
  /** Real time; a port so that tests can step over a TOTP period. */
  readonly now?: () => number;
}

export interface Redeemed {
  readonly account: Account;
  /** Base32; shown once. */
  readonly totpSecret: string;
  readonly totpUri: string;
}

/** A session has two halves. A browser sends the cookie to every port of its host; only the page of this port has the other half. */
export interface SignedIn {
  /** The cookie's value. */
  readonly token: string;
  /** Makes the browser a known one; see `known-browser.ts`. */
  readonly browser: string;
  /** The page's own half: it goes out in a header and is shown this once. */
  readonly csrf: string;
  readonly session: Session;
}

export type Admins = ReturnType<typeof createAdmins>;

export function createAdmins(ports: AdminsPorts) {
  const { accounts, sessions, approverKeys, sealer, browserSealer, clock, bus } = ports;
  const limits = ports.limits ?? createSignInLimits();
  const now = ports.now ?? Date.now;
  const idle = ports.sessionIdle ?? SESSION_IDLE;

  async function newCredentials(password: string, address: string) {
    const secret = newTotpSecret();
    const passwordHash = await limits.hash(sourceNetwork(address), () => hashPassword(password));
    return { secret, credentials: { passwordHash, totpSealed: sealer.seal(Buffer.from(secret)) } };
  }

  const invitation = () => {
    // Redeemed at a command line too, alone: in base64url it could begin with a hyphen, as an option does.
    const token = randomBase32(32);
    return { token, stored: { hash: sha256(token), expiresAt: now() + INVITATION_LASTS } };
  };

  function leaf<K extends 'role.granted' | 'role.revoked'>(kind: K, account: AccountId, grant: Grant | null) {
    const facts = { role: grant?.role ?? 'all', scope: grant?.group ? 'group' : 'all', area: grant?.area ?? null };
    return { kind, at: clock.now(), subject: account, public: facts } satisfies LeafDraft<K>;
  }

  async function requireUnusedCode(account: AccountId, step: number): Promise<void> {
    if (await accounts.useTotpStep(account, step)) return;
    throw new CordonError('totp_reused', 'This code was used before. Wait for the next code (30 seconds at most).');
  }

  const resetLeaf = <K extends 'credentials.reset-link' | 'credentials.reset'>(kind: K, account: AccountId) =>
    ({ kind, at: clock.now(), subject: account, public: {} }) satisfies LeafDraft<K>;

  /** By its cookie; ends it when it has been idle for too long. */
  async function living(cookie: string) {
    const hash = sha256(cookie);
    const session = await sessions.session(hash, now());
    if (!session || now() - session.lastUsedAt < idle) return session;
    await sessions.close(hash);
    return null;
  }

  const stepOf = (sealed: string, totp: string) => totpStep(sealer.unseal(sealed).toString(), totp, now());

  /** The source of a browser that the account signed in from before; null for any other. */
  async function knownSource(email: string, cookie: string | null): Promise<string | null> {
    const known = cookie === null ? null : await accounts.credentials(email);
    if (!known?.passwordHash) return null;
    return knownBrowser(browserSealer, cookie, { account: known.account.id, passwordHash: known.passwordHash }, now());
  }

  /** A sign-in attempt. The password comes first: only its owner may use up the limit for wrong codes. */
  async function verified(
    email: string,
    { password, totp, source }: { readonly password: string; readonly totp: string; readonly source: string },
  ): Promise<{ readonly account: Account; readonly passwordHash: string }> {
    const known = await accounts.credentials(email);
    const right = await limits.hash(source, () => passwordMatches(known?.passwordHash ?? null, password));
    if (!right || !known?.passwordHash || !known.totpSealed || known.account.status !== 'active') throw wrong();
    const { account, passwordHash, totpSealed } = known;
    if (!(await limits.mayTryCode(email, source))) throw wrong();
    const step = stepOf(totpSealed, totp);
    if (step === null) {
      await limits.wrongCode(email, source);
      throw wrong();
    }
    await requireUnusedCode(account.id, step);
    return { account, passwordHash };
  }

  const changed = () => bus.publish({ kind: 'accounts' });

  async function found(id: AccountId): Promise<Account> {
    const account = await accounts.find(id);
    if (!account) throw new CordonError('not_found', `There is no account ${id}; list them with GET /accounts.`);
    return account;
  }

  return {
    /** A link's token for the first owner while there is no account at all; null from then on. Voids the one before. */
    async firstOwnerInvitation(): Promise<string | null> {
      const { token, stored } = invitation();
      return (await accounts.inviteFirstOwner(stored)) ? token : null;
    },

    /**
     * Sets a password and a new TOTP secret. `email` and `name` are the first owner's own; an invited account has its own already.
     * Throws `invitation_invalid` for a token that is unknown, used or expired: it does not say which.
     */
    async redeemInvitation(given: {
      readonly token: string;
      readonly password: string;
      readonly email?: string | undefined;
      readonly name?: string | undefined;
      readonly address: string;
    }): Promise<Redeemed> {
      const hash = sha256(given.token);
      // A token has 256 bits, so nobody guesses one. A wrong one costs no password hash.
      if (!(await accounts.hasInvitation(hash, now()))) throw invalidInvitation(given.email);
      const { secret, credentials } = await newCredentials(given.password, given.address);
      const redeemed = await accounts.redeem(hash, now(), credentials, (id) => resetLeaf('credentials.reset', id));
      let account = redeemed?.account ?? null;
      if (!account && given.email !== undefined) {
        const first = fresh(given.email, given.name ?? given.email, now());
        const owner: Grant = { role: 'owner', group: null, area: null };
        account = await accounts.redeemFirstOwner(
          hash,
          now(),
          first,
          credentials,
          leaf('role.granted', first.id, owner),
        );
      }
      if (!account) throw invalidInvitation(given.email);
      changed();
      if (redeemed?.reset) {
        await ports.alarm(
          'credential_reset',
          `The password and the second factor of ${account.email} (${account.id}) were reset from ${given.address}. The account's sessions and tokens have ended.`,
        );
      }
      return { account, totpSecret: secret, totpUri: totpUri(ports.organisation, account.email, secret) };
    },

    /** Throws `credentials_wrong` whatever is wrong, `totp_reused` when all is right and the code has been used. */
    async signIn(given: {
      readonly email: string;
      readonly password: string;
      readonly totp: string | undefined;
      readonly address: string;
      readonly userAgent?: string | undefined;
      /** The token of a session that the caller came with: it ends. */
      readonly replaces: string | null;
      /** The cookie of a browser that signed in before. */
      readonly browser: string | null;
    }): Promise<SignedIn> {
      if (given.totp === undefined)
        throw new CordonError('totp_required', "Give the authenticator app's six digits too.");
      const email = emailKey(given.email);
      const source = (await knownSource(email, given.browser)) ?? sourceNetwork(given.address);
      const { password, totp } = given;
      const { account, passwordHash } = await limits.attempt(email, source, () =>
        verified(email, { password, totp, source }),
      );
      const [token, csrf] = [secretText(), secretText()];
      const at = now();
      const browser = rememberBrowser(browserSealer, { account: account.id, passwordHash }, at);
      const opened = {
        id: `ses_${randomBase32(10)}`,
        createdAt: at,
        expiresAt: at + SESSION_LASTS,
        address: given.address,
        userAgent: (given.userAgent ?? '').slice(0, LONGEST_USER_AGENT),
      };
      await sessions.open(
        { ...opened, account: account.id, hash: sha256(token), pageHash: sha256(csrf) },
        given.replaces === null ? null : sha256(given.replaces),
      );
      return { token, browser, csrf, session: { ...opened, account, authenticatedAt: at, lastUsedAt: at } };
    },

    /**
     * A new authenticator code within a session, for grave actions. Returns the time. Throws `credentials_wrong` and `totp_reused` as `signIn`
     * does.
     */
    async stepUp(given: { readonly account: Account; readonly totp: string; readonly token: string }): Promise<number> {
      const session = sha256(given.token);
      // Only the holder of the session can use up its limit.
      const source = `${KNOWN_BROWSER}${session}`;
      const email = emailKey(given.account.email);
      return limits.attempt(email, source, async () => {
        if (!(await limits.mayTryCode(email, source))) {
          throw new CordonError('rate_limited', 'Too many wrong codes in this session. Sign in again.');
        }
        const known = await accounts.credentials(email);
        const step = known?.totpSealed ? stepOf(known.totpSealed, given.totp) : null;
        if (step === null) {
          await limits.wrongCode(email, source);
          throw new CordonError('credentials_wrong', 'The code is wrong. Give the code that the app shows now.');
        }
        await requireUnusedCode(given.account.id, step);
        const at = now();
        await sessions.authenticated(session, at);
        return at;
      });
    },

    /**
     * The session of a cookie and the page's half, with the grants of this moment. Null when they do not belong together, or the session has ended.
     * `active`: an admin caused this request, so the session stays alive.
     */
    async session(cookie: string, page: string, { active }: { readonly active: boolean }): Promise<Session | null> {
      const found = await living(cookie);
      if (!found || found.pageHash !== sha256(page)) return null;
      const { pageHash: _, ...session } = found;
      const at = now();
      if (!active || at - session.lastUsedAt < USE_RECORDED_EVERY) return session;
      await sessions.touch(session.id, at);
      return { ...session, lastUsedAt: at };
    },
    /** By the cookie alone, for a stream that says only that something changed. Keeps nothing alive. */
    async sessionOfCookie(cookie: string): Promise<Session | null> {
      const found = await living(cookie);
      if (!found) return null;
      const { pageHash: _, ...session } = found;
      return session;
    },
    signOut: (token: string): Promise<void> => sessions.close(sha256(token)),
    /** Lists the sessions of one account, or of all. */
    async sessions(account: AccountId | null): Promise<Owned<Omit<Session, 'account'>>[]> {
      const at = now();
      return (await sessions.sessions(account, at)).filter(({ lastUsedAt }) => at - lastUsedAt < idle);
    },
    /** `account`: whose it must be; null: anybody's. */
    async endSession(account: AccountId | null, id: string): Promise<void> {
      if (await sessions.closeById(account, id)) return;
      throw new CordonError('not_found', `There is no session ${id}. List the sessions again: it may have ended.`);
    },
    /** Ends every session and token of the account. */
    async endAccess(id: AccountId): Promise<{ readonly sessions: number; readonly tokens: number }> {
      await found(id);
      const ended = await sessions.endAccess(id);
      changed();
      return ended;
    },

    /** The account of an API token; null when the token is unknown or expired, or the account disabled. Records the use. */
    tokenAccount: (token: string, address: string): Promise<TokenHolder | null> =>
      sessions.tokenAccount(sha256(token), now(), address),
    /** Lists the tokens of one account, or of all. */
    tokens: (account: AccountId | null): Promise<Owned<ApiToken>[]> => sessions.tokens(account),
    /** The secret is in the response and nowhere else. */
    async createToken(
      account: AccountId,
      name: string,
      expiresAt: number | null,
      destructive = false,
    ): Promise<ApiToken & { secret: string }> {
      if (expiresAt !== null && expiresAt <= now()) {
        throw new CordonError('invalid_input', 'A token expires in the future.', { path: 'expiresAt' });
      }
      const secret = `cordon_${secretText()}`;
      const unused = { lastUsedAt: null, lastAddress: null };
      const token = { id: `tok_${randomBase32(10)}`, name, createdAt: now(), expiresAt, destructive, ...unused };
      await sessions.insertToken({ ...token, account, hash: sha256(secret) });
      return { ...token, secret };
    },
    /** `account`: whose it must be; null: anybody's. */
    async deleteToken(account: AccountId | null, id: string): Promise<void> {
      if (await sessions.deleteToken(account, id)) return;
      throw new CordonError('not_found', `There is no token ${id}. List the tokens again: it may have ended.`);
    },

    accounts: (): Promise<Account[]> => accounts.list(),
    /** Names of these people (of their oldest account) and accounts. Who has none is left out. */
    async namesOf(ids: ReadonlySet<string>): Promise<Record<string, string>> {
      const oldestLast = (await accounts.list()).toSorted((a, b) => b.createdAt - a.createdAt);
      const named = oldestLast.flatMap(({ id, person, name }) => [id, person].map((key) => [key, name] as const));
      return Object.fromEntries(named.filter(([key]) => ids.has(key)));
    },
    account: found,
    /** With all of its grants, or not at all. `by`: the account that is shown the invitation. */
    async createAccount(
      email: string,
      name: string,
      grants: readonly Grant[] = [],
      by: AccountId | null = null,
    ): Promise<{ account: Account; invitation: string; expiresAt: number }> {
      const { token, stored } = invitation();
      const made = fresh(email, name, now());
      const once = grants.filter((grant, at) => grants.findIndex((other) => same(other, grant)) === at);
      const given = once.map((grant) => ({ grant, leaf: leaf('role.granted', made.id, grant) }));
      const account = await accounts.create(made, stored, given, by);
      changed();
      return { account, invitation: token, expiresAt: stored.expiresAt };
    },
    /**
     * For a lost password or phone: the old ones work until the invitation is redeemed. `by`: the account that is shown the link. For an account that
     * has credentials, the link is in the ledger and raises an alarm.
     */
    async inviteAgain(id: AccountId, by: AccountId | null = null): Promise<{ invitation: string; expiresAt: number }> {
      const account = await found(id);
      const { token, stored } = invitation();
      const reset = account.ready ? resetLeaf('credentials.reset-link', id) : null;
      await accounts.invite(id, stored, { by, at: now() }, reset);
      changed();
      if (reset) {
        const maker = by === null ? 'The server' : `${(await found(by)).email} (${by})`;
        await ports.alarm(
          'credential_reset_link',
          `${maker} created a credential reset link for ${account.email} (${id}). Anyone with this link can take over the account.`,
        );
      }
      return { invitation: token, expiresAt: stored.expiresAt };
    },
    async setStatus(id: AccountId, status: Account['status']): Promise<Account> {
      if ((await found(id)).status !== status) {
        await accounts.setStatus(id, status, leaf(status === 'active' ? 'role.granted' : 'role.revoked', id, null));
        changed();
        // Its approvals of pending revisions are void.
        bus.publish({ kind: 'orders' });
      }
      return found(id);
    },
    async grant(id: AccountId, grant: Grant): Promise<Account> {
      const { grants } = await found(id);
      if (!grants.some((held) => same(held, grant))) {
        await accounts.grant(id, { grant, leaf: leaf('role.granted', id, grant) }, now());
        changed();
      }
      return found(id);
    },
    async revokeGrant(id: AccountId, grant: Grant): Promise<Account> {
      await found(id);
      await accounts.revoke(id, grant, leaf('role.revoked', id, grant));
      changed();
      return found(id);
    },

    /** Registers the caller's own key. `publicKey`: DER SubjectPublicKeyInfo of an Ed25519 key, base64. */
    async registerApproverKey(account: Account, publicKey: string): Promise<ApproverKey> {
      const der = ed25519(publicKey);
      const key = {
        keyid: createHash('sha256').update(der).digest('hex'),
        person: account.person,
        account: account.id,
        name: account.name,
        publicKey: der.toString('base64'),
        registeredAt: now(),
      };
      await approverKeys.register(key);
      changed();
      return key;
    },
    approverKeys: (): Promise<ApproverKey[]> => approverKeys.keys(),
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const secretText = (): string => randomBytes(32).toString('base64url');
/** Always the same text: another one would confirm a guessed password. */
const wrong = () =>
  new CordonError(
    'credentials_wrong',
    'E-mail, password and code do not match. After several wrong codes, a new browser cannot sign in for 15 minutes.',
  );

function invalidInvitation(email: string | undefined): CordonError {
  const mend = email === undefined ? ' (the first owner also gives an e-mail)' : '';
  return new CordonError(
    'invitation_invalid',
    `This invitation is unknown, used or expired${mend}; ask for a new one.`,
  );
}
const same = (a: Grant, b: Grant): boolean => a.role === b.role && a.group === b.group && a.area === b.area;

function fresh(email: string, name: string, at: number) {
  return {
    id: newAccountId(),
    email: storedEmail(email),
    emailKey: emailKey(email),
    name,
    subject: personSubject(email),
    at,
  };
}

function ed25519(publicKey: string): Buffer {
  const bytes = Buffer.from(publicKey, 'base64');
  try {
    const key = createPublicKey({ key: bytes, format: 'der', type: 'spki' });
    const der = key.export({ format: 'der', type: 'spki' });
    // Re-encoded and compared: two spellings of one key would be two key ids.
    if (key.asymmetricKeyType === 'ed25519' && der.equals(bytes)) return der;
  } catch (error) {
    throw new CordonError('invalid_input', NOT_ED25519, { path: 'publicKey' }, error);
  }
  throw new CordonError('invalid_input', NOT_ED25519, { path: 'publicKey' });
}
const NOT_ED25519 =
  'An approver key is an Ed25519 public key as DER SubjectPublicKeyInfo in base64; make one with "cordon key create".';
