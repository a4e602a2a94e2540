import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type {
  Account,
  AccountStore as AccountPort,
  Credentials,
  Invitation,
  NewAccount,
  NewGrant,
  RoleEntry,
} from '../admins/ports.ts';
import type { Grant } from '../admins/roles.ts';
import {
  accountRows,
  endAccess,
  grantRows,
  grantsOf,
  insertAccount,
  insertGrant,
  insertInvitation,
  load,
  recordLink,
  requireAnOwner,
  toAccount,
} from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import { requireRole } from './custom-role-store.ts';
import type { Database, Tx } from './database.ts';
import { lockPendingOrders, voidApprovals } from './voided-approvals.ts';

export class AccountStore implements AccountPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(
    account: NewAccount,
    invitation: Invitation,
    grants: readonly NewGrant[],
    by: AccountId | null,
  ): Promise<Account> {
    const inserted = await this.#database.transaction(async (tx) => {
      await insertAccount(tx, account);
      await insertInvitation(tx, account.id, invitation);
      await recordLink(tx, account.id, by, 'created', account.at);
      for (const granted of grants) await addGrant(tx, account.id, granted, account.at);
      return load(tx, account.id);
    });
    if (!inserted) throw new CordonError('internal', 'the new account does not exist');
    return inserted;
  }

  async list(): Promise<Account[]> {
    const { db } = this.#database;
    const rows = await accountRows(db).orderBy('accounts.created_at').orderBy('accounts.id').execute();
    const grants = await grantRows(db).execute();
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

  async grant(account: AccountId, granted: NewGrant, at: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { role, group, area } = granted.grant;
      const held = (await grantsOf(tx, account)).find(
        (row) => row.role === role && row.group_id === group && row.area === area,
      );
      if (held?.source === 'manual') return;
      if (!held) return addGrant(tx, account, granted, at);
      await tx
        .updateTable('role_grants')
        .set({ source: 'manual' })
        .where('account_id', '=', account)
        .where('role', '=', role)
        .where('group_id', group === null ? 'is' : '=', group)
        .where('area', area === null ? 'is' : '=', area)
        .execute();
      await appendEntry(tx, granted.entry);
    });
  }

  async revoke(account: AccountId, grant: Grant, entry: EntryDraft<'role.revoked'>): Promise<void> {
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
      await appendEntry(tx, entry);
    });
  }

  async setStatus(account: AccountId, status: Account['status'], entry: RoleEntry): Promise<void> {
    await this.#database.transaction(async (tx) => {
      if (status === 'disabled') await lockPendingOrders(tx);
      await tx.updateTable('accounts').set({ status }).where('id', '=', account).execute();
      if (status === 'disabled') {
        await requireAnOwner(tx);
        await voidApprovals(tx, account, entry.at);
        await endAccess(tx, account);
      }
      await appendEntry(tx, entry);
    });
  }
}

async function addGrant(tx: Tx, account: AccountId, { grant, entry }: NewGrant, at: number): Promise<void> {
  await requireRole(tx, grant.role);
  if (grant.group !== null) {
    const group = await tx
      .selectFrom('groups')
      .select(['expression', 'trusted'])
      .where('id', '=', grant.group)
      .executeTakeFirst();
    if (!group)
      throw new CordonError('not_found', `There is no group ${grant.group}. List the groups with GET /groups.`);
    if (group.expression !== null && group.trusted !== 1) {
      const detail =
        'Facts that devices report decide which devices are in this dynamic group. Trust the group first, or choose a static group.';
      throw new CordonError('conflict', detail, { group: grant.group });
    }
  }
  await insertGrant(tx, account, grant, at);
  await appendEntry(tx, entry);
}
