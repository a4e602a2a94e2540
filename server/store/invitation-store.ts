import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type {
  Account,
  AddressVerification,
  Invitation,
  InvitationStore as InvitationPort,
  NewAccount,
  NewCredentials,
  VerificationStore as VerificationPort,
} from '../admins/ports.ts';
import { endAccess, insertAccount, insertGrant, insertInvitation, load, recordLink } from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { endPasskeys } from './passkey-store.ts';

const FIRST_OWNER = 'first_owner_invitation';

export class InvitationStore implements InvitationPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async inviteFirstOwner({ hash, expiresAt }: Omit<Invitation, 'mailedTo'>): Promise<boolean> {
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
    entry: EntryDraft<'role.granted'>,
  ): Promise<Account | null> {
    return this.#database.transaction(async (tx) => {
      const row = await tx.deleteFrom('meta').where('key', '=', FIRST_OWNER).returning('value').executeTakeFirst();
      const [stored, expires] = row?.value.split(' ') ?? [];
      if (stored !== hash || Number(expires) <= now) {
        // A wrong token must not use up the link, so the link is stored again.
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
      await appendEntry(tx, entry);
      return load(tx, account.id);
    });
  }

  async invite(
    account: AccountId,
    invitation: Invitation,
    { by, at }: { by: AccountId | null; at: number },
    reset: EntryDraft<'credentials.reset-link'> | null,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('invitations').where('account_id', '=', account).where('used_at', 'is', null).execute();
      await insertInvitation(tx, account, invitation);
      await recordLink(tx, account, by, 'link', at);
      if (reset) await appendEntry(tx, reset);
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
    entry: (account: AccountId) => EntryDraft<'credentials.reset'>,
  ): Promise<{ account: Account; reset: boolean } | null> {
    return this.#database.transaction(async (tx) => {
      const used = await tx
        .updateTable('invitations')
        .set({ used_at: now })
        .where('hash', '=', hash)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .returning(['account_id', 'mailed_to'])
        .executeTakeFirst();
      if (!used) return null;
      const before = await load(tx, used.account_id);
      await tx
        .updateTable('accounts')
        .set({
          password_hash: credentials.passwordHash,
          totp_sealed: credentials.totpSealed,
          totp_last_step: 0,
          verified_email: used.mailed_to,
          email_verified_at: used.mailed_to === null ? null : now,
        })
        .where('id', '=', used.account_id)
        .execute();
      // An admin who saw the link may now control the account. The earlier link to the identity provider therefore no longer proves
      // anything.
      if (used.mailed_to === null) {
        await tx
          .updateTable('provider_identities')
          .set({ proven: 0 })
          .where('account_id', '=', used.account_id)
          .execute();
      }
      await endAccess(tx, used.account_id);
      await endPasskeys(tx, used.account_id);
      const account = await load(tx, used.account_id);
      if (!account || !before) return null;
      if (before.ready) await appendEntry(tx, entry(account.id));
      return { account, reset: before.ready };
    });
  }
}

export class VerificationStore implements VerificationPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async openVerification({ account, hash, email, expiresAt }: AddressVerification): Promise<void> {
    const open = { hash, email, expires_at: expiresAt };
    await this.#database.db
      .insertInto('address_verifications')
      .values({ account_id: account, ...open })
      .onConflict((conflict) => conflict.column('account_id').doUpdateSet(open))
      .execute();
  }

  async verifyAddress(account: AccountId, hash: string, now: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const used = await tx
        .deleteFrom('address_verifications')
        .where('account_id', '=', account)
        .where('hash', '=', hash)
        .returning(['email', 'expires_at'])
        .executeTakeFirst();
      if (!used || used.expires_at <= now) return false;
      const { numUpdatedRows } = await tx
        .updateTable('accounts')
        .set({ verified_email: used.email, email_verified_at: now })
        .where('id', '=', account)
        .where('email', '=', used.email)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    });
  }
}
