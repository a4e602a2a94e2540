/** Accounts, grants, sessions, tokens and approver keys. */

import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { AccountId, PersonId } from '../../shared/protocol/ids.ts';
import type {
  Account,
  AccountStore,
  ApiToken,
  ApproverKey,
  ApproverKeyStore,
  Credentials,
  GivenGrant,
  Invitation,
  NewAccount,
  NewCredentials,
  NewSession,
  Owned,
  RoleLeaf,
  Session,
  SessionStore,
  TokenHolder,
} from '../admins/ports.ts';
import type { Grant } from '../admins/roles.ts';
import {
  accountRows,
  grantsOf,
  insertAccount,
  insertGrant,
  insertInvitation,
  load,
  recordLink,
  requireAnOwner,
  toAccount,
} from './account-rows.ts';
import type { Database, Tx } from './database.ts';
import { appendLeaf } from './leaves.ts';
import type { Schema } from './schema.ts';
import { lockPendingOrders, voidApprovals } from './voided-approvals.ts';

const FIRST_OWNER = 'first_owner_invitation';

export class AdminStore implements AccountStore, SessionStore, ApproverKeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async inviteFirstOwner({ hash, expiresAt }: Invitation): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      if (await tx.selectFrom('accounts').select('id').limit(1).executeTakeFirst()) return false;
      const value = `${hash} ${expiresAt}`;
      await tx
        .insertInto('meta')
        .values({ key: FIRST_OWNER, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute();
      return true;
    });
  }

  async redeemFirstOwner(
    hash: string,
    now: number,
    account: NewAccount,
    credentials: NewCredentials,
    leaf: LeafDraft<'role.granted'>,
  ): Promise<Account | null> {
    return this.#database.transaction(async (tx) => {
      const row = await tx.deleteFrom('meta').where('key', '=', FIRST_OWNER).returning('value').executeTakeFirst();
      const [stored, expires] = row?.value.split(' ') ?? [];
      if (stored !== hash || Number(expires) <= now) {
        // A wrong guess must not use the link up.
        if (row) await tx.insertInto('meta').values({ key: FIRST_OWNER, value: row.value }).execute();
        return null;
      }
      await insertAccount(tx, account);
      await tx
        .updateTable('accounts')
        .set({ password_hash: credentials.passwordHash, totp_sealed: credentials.totpSealed })
        .where('id', '=', account.id)
        .execute();
      await insertGrant(tx, account.id, { role: 'owner', group: null, area: null }, now);
      await appendLeaf(tx, leaf);
      return load(tx, account.id);
    });
  }

  async create(
    account: NewAccount,
    invitation: Invitation,
    grants: readonly GivenGrant[],
    by: AccountId | null,
  ): Promise<Account> {
    const made = await this.#database.transaction(async (tx) => {
      await insertAccount(tx, account);
      await insertInvitation(tx, account.id, invitation);
      await recordLink(tx, account.id, by, 'created', account.at);
      for (const given of grants) await give(tx, account.id, given, account.at);
      return load(tx, account.id);
    });
    if (!made) throw new CordonError('internal', 'the account that was just made is not there');
    return made;
  }

  async invite(
    account: AccountId,
    invitation: Invitation,
    { by, at }: { by: AccountId | null; at: number },
    reset: LeafDraft<'credentials.reset-link'> | null,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('invitations').where('account_id', '=', account).where('used_at', 'is', null).execute();
      await insertInvitation(tx, account, invitation);
      await recordLink(tx, account, by, 'link', at);
      if (reset) await appendLeaf(tx, reset);
    });
  }

  async hasInvitation(hash: string, now: number): Promise<boolean> {
    const { db } = this.#database;
    const open = await db
      .selectFrom('invitations')
      .select('hash')
      .where('hash', '=', hash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    if (open) return true;
    const first = await db.selectFrom('meta').select('value').where('key', '=', FIRST_OWNER).executeTakeFirst();
    return first?.value.split(' ')[0] === hash;
  }

  async redeem(
    hash: string,
    now: number,
    credentials: NewCredentials,
    leaf: (account: AccountId) => LeafDraft<'credentials.reset'>,
  ): Promise<{ account: Account; reset: boolean } | null> {
    return this.#database.transaction(async (tx) => {
      const used = await tx
        .updateTable('invitations')
        .set({ used_at: now })
        .where('hash', '=', hash)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning('account_id')
        .executeTakeFirst();
      if (!used) return null;
      const before = await load(tx, used.account_id);
      await tx
        .updateTable('accounts')
        .set({ password_hash: credentials.passwordHash, totp_sealed: credentials.totpSealed, totp_last_step: 0 })
        .where('id', '=', used.account_id)
        .execute();
      await endAccess(tx, used.account_id);
      const account = await load(tx, used.account_id);
      if (!account || !before) return null;
      if (before.ready) await appendLeaf(tx, leaf(account.id));
      return { account, reset: before.ready };
    });
  }

  async list(): Promise<Account[]> {
    const { db } = this.#database;
    const rows = await accountRows(db).orderBy('accounts.created_at').orderBy('accounts.id').execute();
    const grants = await db.selectFrom('role_grants').selectAll().execute();
    return rows.map((row) =>
      toAccount(
        row,
        grants.filter((grant) => grant.account_id === row.id),
      ),
    );
  }

  find(id: AccountId): Promise<Account | null> {
    return load(this.#database.db, id);
  }

  async credentials(emailKey: string): Promise<Credentials | null> {
    const { db } = this.#database;
    const row = await accountRows(db).where('accounts.email_key', '=', emailKey).executeTakeFirst();
    if (!row) return null;
    const account = toAccount(row, await grantsOf(db, row.id));
    return { account, passwordHash: row.password_hash, totpSealed: row.totp_sealed };
  }

  async useTotpStep(account: AccountId, step: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('accounts')
      .set({ totp_last_step: step })
      .where('id', '=', account)
      .where('totp_last_step', '<', step)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async grant(account: AccountId, given: GivenGrant, at: number): Promise<void> {
    await this.#database.transaction((tx) => give(tx, account, given, at));
  }

  async revoke(account: AccountId, grant: Grant, leaf: LeafDraft<'role.revoked'>): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { numDeletedRows } = await tx
        .deleteFrom('role_grants')
        .where('account_id', '=', account)
        .where('role', '=', grant.role)
        .where('group_id', grant.group === null ? 'is' : '=', grant.group)
        .where('area', grant.area === null ? 'is' : '=', grant.area)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw new CordonError('not_found', `The account ${account} has no such grant.`);
      await requireAnOwner(tx);
      await appendLeaf(tx, leaf);
    });
  }

  async setStatus(account: AccountId, status: Account['status'], leaf: RoleLeaf): Promise<void> {
    await this.#database.transaction(async (tx) => {
      if (status === 'disabled') await lockPendingOrders(tx);
      await tx.updateTable('accounts').set({ status }).where('id', '=', account).execute();
      if (status === 'disabled') {
        await requireAnOwner(tx);
        await voidApprovals(tx, account, leaf.at);
        await endAccess(tx, account);
      }
      await appendLeaf(tx, leaf);
    });
  }

  async open(session: NewSession, replaces: string | null): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('sessions').where('expires_at', '<=', session.createdAt).execute();
      if (replaces !== null) await tx.deleteFrom('sessions').where('hash', '=', replaces).execute();
      const { id, hash, pageHash, account, createdAt, expiresAt, address, userAgent } = session;
      await tx
        .insertInto('sessions')
        .values({
          id,
          hash,
          page_hash: pageHash,
          account_id: account,
          created_at: createdAt,
          authenticated_at: createdAt,
          last_used_at: createdAt,
          expires_at: expiresAt,
          address,
          user_agent: userAgent,
        })
        .execute();
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
    await this.#database.db.updateTable('sessions').set({ authenticated_at: at }).where('hash', '=', hash).execute();
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

  async insertToken(token: Owned<ApiToken> & { readonly hash: string }): Promise<void> {
    const { id, hash, name, account: account_id, createdAt: created_at, expiresAt: expires_at } = token;
    await this.#database.db
      .insertInto('api_tokens')
      .values({
        ...{ id, hash, account_id, name, created_at, expires_at, last_used_at: null, last_address: null },
        destructive: token.destructive ? 1 : 0,
      })
      .execute();
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

  async tokenAccount(hash: string, now: number, address: string): Promise<TokenHolder | null> {
    const { db } = this.#database;
    const row = await db
      .selectFrom('api_tokens')
      .select(['id', 'account_id', 'last_used_at', 'last_address', 'destructive'])
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
    return { account, destructive: row.destructive === 1 };
  }

  endAccess(account: AccountId): Promise<{ sessions: number; tokens: number }> {
    return this.#database.transaction((tx) => endAccess(tx, account));
  }

  async register(key: ApproverKey): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx
        .insertInto('approver_keys')
        .values({
          keyid: key.keyid,
          person_id: key.person,
          account_id: key.account,
          public_key: key.publicKey,
          registered_at: key.registeredAt,
        })
        .onConflict((conflict) => conflict.column('keyid').doNothing())
        .execute();
      const holder = await tx
        .selectFrom('approver_keys')
        .innerJoin('persons', 'persons.id', 'approver_keys.person_id')
        .select(['person_id', 'same_as'])
        .where('keyid', '=', key.keyid)
        .executeTakeFirst();
      if ((holder?.same_as ?? holder?.person_id) !== key.person) {
        throw new CordonError('conflict', 'This key is registered for another person; make one of your own.');
      }
    });
  }

  async keys(): Promise<ApproverKey[]> {
    const rows = await this.#database.db
      .selectFrom('approver_keys')
      .innerJoin('accounts', 'accounts.id', 'approver_keys.account_id')
      .innerJoin('persons', 'persons.id', 'approver_keys.person_id')
      .selectAll('approver_keys')
      .select(['accounts.name', 'persons.same_as'])
      .orderBy('registered_at')
      .execute();
    return rows.map((row) => ({
      keyid: row.keyid,
      person: (row.same_as ?? row.person_id) as PersonId,
      account: row.account_id as AccountId,
      name: row.name,
      publicKey: row.public_key,
      registeredAt: row.registered_at,
    }));
  }
}

/** Within a minute, another use from the same address is not written again. */
const USE_RECORDED_EVERY = 60_000;

const toSession = (row: Schema['sessions']): Omit<Session, 'account'> => ({
  id: row.id,
  createdAt: row.created_at,
  authenticatedAt: row.authenticated_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
  address: row.address,
  userAgent: row.user_agent,
});

async function endAccess(tx: Tx, account: string): Promise<{ sessions: number; tokens: number }> {
  const sessions = await tx.deleteFrom('sessions').where('account_id', '=', account).executeTakeFirst();
  const tokens = await tx.deleteFrom('api_tokens').where('account_id', '=', account).executeTakeFirst();
  return { sessions: Number(sessions.numDeletedRows), tokens: Number(tokens.numDeletedRows) };
}

async function give(tx: Tx, account: AccountId, { grant, leaf }: GivenGrant, at: number): Promise<void> {
  if (grant.group !== null) {
    const group = await tx.selectFrom('groups').select('id').where('id', '=', grant.group).executeTakeFirst();
    if (!group) throw new CordonError('not_found', `There is no group ${grant.group}; list them with GET /groups.`);
  }
  await insertGrant(tx, account, grant, at);
  await appendLeaf(tx, leaf);
}
