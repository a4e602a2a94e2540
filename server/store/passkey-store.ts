/** Store of passkeys, of recovery codes, and of the assertions with which people confirmed actions. */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type {
  Account,
  ActionConfirmation,
  Passkey,
  PasskeyStore as PasskeyPort,
  RecoveryCodeStore as RecoveryCodePort,
  StoredPasskey,
} from '../admins/ports.ts';
import { load } from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Tx } from './database.ts';
import type { Schema } from './schema.ts';

export class PasskeyStore implements PasskeyPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(passkey: StoredPasskey): Promise<void> {
    return this.#database.transaction((tx) => insertPasskey(tx, passkey));
  }

  async find(
    credential: string,
  ): Promise<{ passkey: StoredPasskey; account: Account; passwordHash: string | null } | null> {
    const { db } = this.#database;
    const row = await db
      .selectFrom('passkeys')
      .innerJoin('accounts', 'accounts.id', 'passkeys.account_id')
      .selectAll('passkeys')
      .select('accounts.password_hash')
      .where('credential_id', '=', credential)
      .executeTakeFirst();
    const account = row ? await load(db, row.account_id) : null;
    if (!row || !account) return null;
    const passkey = { ...toPasskey(row), publicKey: row.public_key, counter: row.counter };
    return { passkey, account, passwordHash: row.password_hash };
  }

  async list(account: AccountId): Promise<Passkey[]> {
    const rows = await this.#database.db
      .selectFrom('passkeys')
      .selectAll()
      .where('account_id', '=', account)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(toPasskey);
  }

  async signInCount(account: AccountId, rpId: string): Promise<number> {
    return (await this.list(account)).filter((each) => each.purpose === 'sign-in' && each.rpId === rpId).length;
  }

  async use(id: string, counter: number, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('passkeys')
      .set({ counter, last_used_at: at })
      .where('id', '=', id)
      .where((row) => (counter === 0 ? row('counter', '=', 0) : row('counter', '<', counter)))
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async signed(keyid: string, at: number): Promise<void> {
    await this.#database.db
      .updateTable('passkeys')
      .set({ last_used_at: at })
      .where('keyid', '=', keyid)
      .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<', at)]))
      .execute();
  }

  async remove(account: AccountId, id: string, keepLast: string | null): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const removed = await tx
        .deleteFrom('passkeys')
        .where('id', '=', id)
        .where('account_id', '=', account)
        .returning(['purpose', 'rp_id'])
        .executeTakeFirst();
      if (!removed) throw new CordonError('not_found', `You have no passkey ${id}. List your passkeys again.`);
      if (keepLast === null || removed.purpose !== 'sign-in' || removed.rp_id !== keepLast) return;
      const other = await tx
        .selectFrom('passkeys')
        .select('id')
        .where('account_id', '=', account)
        .where('purpose', '=', 'sign-in')
        .where('rp_id', '=', keepLast)
        .limit(1)
        .executeTakeFirst();
      if (other) return;
      throw new CordonError(
        'conflict',
        'This is your last passkey for sign-in, and the installation requires passkeys. Add another passkey first.',
      );
    });
  }

  async keep(confirmation: ActionConfirmation, entry: EntryDraft<'action.signed'>): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await insertConfirmation(tx, confirmation);
      await appendEntry(tx, entry);
    });
  }
}

export class RecoveryCodeStore implements RecoveryCodePort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async replace(account: AccountId, hashes: readonly string[], at: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('recovery_codes').where('account_id', '=', account).execute();
      const rows = hashes.map((hash) => ({ hash, account_id: account, created_at: at, used_at: null }));
      await tx.insertInto('recovery_codes').values(rows).execute();
    });
  }

  use(account: AccountId, hash: string, at: number, entry: EntryDraft<'credentials.recovery-code'>): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('recovery_codes')
        .set({ used_at: at })
        .where('hash', '=', hash)
        .where('account_id', '=', account)
        .where('used_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) return false;
      await appendEntry(tx, entry);
      return true;
    });
  }

  async unused(account: AccountId): Promise<{ unused: number; createdAt: number | null }> {
    const rows = await this.#database.db
      .selectFrom('recovery_codes')
      .select(['used_at', 'created_at'])
      .where('account_id', '=', account)
      .execute();
    const unused = rows.filter((row) => row.used_at === null).length;
    return { unused, createdAt: rows[0]?.created_at ?? null };
  }
}

export async function insertPasskey(tx: Tx, passkey: StoredPasskey): Promise<void> {
  const inserted = await tx
    .insertInto('passkeys')
    .values({
      id: passkey.id,
      account_id: passkey.account,
      purpose: passkey.purpose,
      name: passkey.name,
      credential_id: passkey.credential,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      rp_id: passkey.rpId,
      keyid: passkey.keyid,
      created_at: passkey.createdAt,
      last_used_at: passkey.lastUsedAt,
    })
    .onConflict((conflict) => conflict.column('credential_id').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) throw new CordonError('conflict', 'This passkey is registered already. Create another one.');
}

export async function insertConfirmation(tx: Tx, confirmation: ActionConfirmation): Promise<void> {
  const { digest, account, passkey, actionHash, content, statement, assertion, at } = confirmation;
  await tx
    .insertInto('passkey_confirmations')
    .values({
      digest,
      account_id: account,
      passkey_id: passkey,
      action_hash: actionHash,
      content,
      statement,
      assertion,
      at,
    })
    .execute();
}

/** Removes the account's passkeys for sign-in and its recovery codes. Passkeys that are approver keys stay. */
export async function endPasskeys(tx: Tx, account: string): Promise<void> {
  await tx.deleteFrom('passkeys').where('account_id', '=', account).where('purpose', '=', 'sign-in').execute();
  await tx.deleteFrom('recovery_codes').where('account_id', '=', account).execute();
}

const toPasskey = (row: Schema['passkeys']): Passkey => ({
  id: row.id,
  account: row.account_id as AccountId,
  purpose: row.purpose,
  name: row.name,
  credential: row.credential_id,
  rpId: row.rp_id,
  keyid: row.keyid,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
});
