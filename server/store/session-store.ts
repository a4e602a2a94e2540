import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, CustomRoleId } from '../../shared/protocol/ids.ts';
import type {
  ApiToken,
  NewSession,
  Owned,
  Session,
  SessionStore as SessionPort,
  TokenAccount,
  TokenStore as TokenPort,
} from '../admins/ports.ts';
import { limitedGrants } from '../admins/roles.ts';
import { endAccess, load } from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import { find, requireRole } from './custom-role-store.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

export class SessionStore implements SessionPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async open(session: NewSession, replaces: string | null, entry?: EntryDraft<'session.allowed'>): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('sessions').where('expires_at', '<=', session.createdAt).execute();
      if (replaces !== null) await tx.deleteFrom('sessions').where('hash', '=', replaces).execute();
      const { id, hash, pageHash, account, createdAt, authenticatedAt, expiresAt, address, userAgent } = session;
      await tx
        .insertInto('sessions')
        .values({
          id,
          hash,
          page_hash: pageHash,
          account_id: account,
          created_at: createdAt,
          authenticated_at: authenticatedAt,
          last_used_at: createdAt,
          expires_at: expiresAt,
          address,
          user_agent: userAgent,
          by_recovery_code: session.byRecoveryCode ? 1 : 0,
        })
        .execute();
      if (entry) await appendEntry(tx, entry);
    });
  }

  async session(hash: string, now: number): Promise<(Session & { pageHash: string }) | null> {
    const { db } = this.#database;
    const row = await db
      .selectFrom('sessions')
      .selectAll()
      .where('hash', '=', hash)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    const account = row ? await load(db, row.account_id) : null;
    return row && account?.status === 'active' ? { ...toSession(row), account, pageHash: row.page_hash } : null;
  }

  async touch(id: string, now: number): Promise<void> {
    await this.#database.db
      .updateTable('sessions')
      .set({ last_used_at: now })
      .where('id', '=', id)
      .where('last_used_at', '<', now)
      .execute();
  }

  async authenticated(hash: string, at: number): Promise<void> {
    await this.#database.db
      .updateTable('sessions')
      .set({ authenticated_at: at, by_recovery_code: 0 })
      .where('hash', '=', hash)
      .execute();
  }

  async authenticatedById(id: string, at: number): Promise<void> {
    await this.#database.db
      .updateTable('sessions')
      .set({ authenticated_at: at, by_recovery_code: 0 })
      .where('id', '=', id)
      .execute();
  }

  async sessions(account: AccountId | null, now: number): Promise<Owned<Omit<Session, 'account'>>[]> {
    const rows = await this.#database.db
      .selectFrom('sessions')
      .selectAll()
      .where('expires_at', '>', now)
      .$if(account !== null, (all) => all.where('account_id', '=', account))
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({ ...toSession(row), account: row.account_id as AccountId }));
  }

  async close(hash: string): Promise<void> {
    await this.#database.db.deleteFrom('sessions').where('hash', '=', hash).execute();
  }

  async closeById(account: AccountId | null, id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#database.db
      .deleteFrom('sessions')
      .where('id', '=', id)
      .$if(account !== null, (all) => all.where('account_id', '=', account))
      .executeTakeFirst();
    return numDeletedRows === 1n;
  }

  endAccess(account: AccountId): Promise<{ sessions: number; tokens: number }> {
    return this.#database.transaction((tx) => endAccess(tx, account));
  }
}

const toSession = (row: Schema['sessions']): Omit<Session, 'account'> => ({
  id: row.id,
  createdAt: row.created_at,
  authenticatedAt: row.authenticated_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
  address: row.address,
  userAgent: row.user_agent,
  byRecoveryCode: row.by_recovery_code === 1,
});

/** Minimum milliseconds between two recorded uses of a session from the same address. */
const USE_RECORDED_EVERY = 60_000;

export class TokenStore implements TokenPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insertToken(token: Owned<ApiToken> & { readonly hash: string }): Promise<void> {
    const { id, hash, name, account: account_id, createdAt: created_at, expiresAt: expires_at } = token;
    await this.#database.transaction(async (tx) => {
      if (token.role !== null) await requireRole(tx, token.role);
      await tx
        .insertInto('api_tokens')
        .values({
          id,
          hash,
          account_id,
          name,
          created_at,
          expires_at,
          last_used_at: null,
          last_address: null,
          destructive: token.destructive ? 1 : 0,
          role_id: token.role,
        })
        .execute();
    });
  }

  async tokens(account: AccountId | null): Promise<Owned<ApiToken>[]> {
    const rows = await this.#database.db
      .selectFrom('api_tokens')
      .selectAll()
      .$if(account !== null, (all) => all.where('account_id', '=', account))
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      account: row.account_id as AccountId,
      name: row.name,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      lastUsedAt: row.last_used_at,
      lastAddress: row.last_address,
      destructive: row.destructive === 1,
      role: row.role_id as CustomRoleId | null,
    }));
  }

  async deleteToken(account: AccountId | null, id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#database.db
      .deleteFrom('api_tokens')
      .where('id', '=', id)
      .$if(account !== null, (all) => all.where('account_id', '=', account))
      .executeTakeFirst();
    return numDeletedRows === 1n;
  }

  async tokenAccount(hash: string, now: number, address: string): Promise<TokenAccount | null> {
    const { db } = this.#database;
    const row = await db
      .selectFrom('api_tokens')
      .select(['id', 'account_id', 'last_used_at', 'last_address', 'destructive', 'role_id'])
      .where('hash', '=', hash)
      .where((at) => at.or([at('expires_at', 'is', null), at('expires_at', '>', now)]))
      .executeTakeFirst();
    const account = row ? await load(db, row.account_id) : null;
    if (!row || account?.status !== 'active') return null;
    if (row.last_address !== address || now - (row.last_used_at ?? 0) >= USE_RECORDED_EVERY) {
      await db
        .updateTable('api_tokens')
        .set({ last_used_at: now, last_address: address })
        .where('id', '=', row.id)
        .execute();
    }
    const limit = row.role_id === null ? null : await find(db, row.role_id as CustomRoleId);
    const grants = row.role_id === null ? account.grants : limitedGrants(account.grants, limit?.rights ?? []);
    return { account: { ...account, grants }, destructive: row.destructive === 1, token: row.id };
  }
}
