import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { GrantsOfProvider, ProviderIdentityStore as Port } from '../admins/identity-provider.ts';
import type { Account, Identity, NewAccount, NewGrant } from '../admins/ports.ts';
import { type Grant, sameGrant } from '../admins/roles.ts';
import { endAccess, insertAccount, insertGrant, load } from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Db, Tx } from './database.ts';

export class ProviderIdentityStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async accountOf(identity: Identity): Promise<Account | null> {
    const { db } = this.#database;
    const id = await accountIdOf(db, identity);
    return id === null ? null : load(db, id);
  }

  async createFor(identity: Identity, account: NewAccount, grants: readonly NewGrant[]): Promise<Account | null> {
    return this.#database.transaction(async (tx) => {
      if ((await accountIdOf(tx, identity)) !== null) return null;
      await requireNewAddress(tx, account);
      await insertAccount(tx, account);
      await insertIdentity(tx, account.id, identity, account.at);
      for (const { grant, entry } of grants) {
        await insertGrant(tx, account.id, grant, account.at, 'provider');
        await appendEntry(tx, entry);
      }
      return load(tx, account.id);
    });
  }

  async signIn(account: AccountId, roles: GrantsOfProvider): Promise<{ account: Account; changed: boolean }> {
    return this.#database.transaction(async (tx) => {
      const { grants, at, entry } = roles;
      await tx.updateTable('provider_identities').set({ signed_in_at: at }).where('account_id', '=', account).execute();
      const held = (await existing(tx, account)).grants;
      const gone = held.filter(
        (grant) => grant.source === 'provider' && !grants.some((each) => sameGrant(each, grant)),
      );
      const added = grants.filter((grant) => !held.some((each) => sameGrant(each, grant)));
      for (const grant of gone) {
        await deleteGrant(tx, account, grant);
        await appendEntry(tx, entry('role.revoked', grant));
      }
      for (const grant of added) {
        await insertGrant(tx, account, grant, at, 'provider');
        await appendEntry(tx, entry('role.granted', grant));
      }
      const after = await existing(tx, account);
      if (after.grants.length === 0) await endAccess(tx, account);
      return { account: after, changed: gone.length + added.length > 0 };
    });
  }

  async link(account: AccountId, identity: Identity, at: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const owner = await accountIdOf(tx, identity);
      if (owner !== null && owner !== account) {
        throw new CordonError(
          'conflict',
          'This person at the provider already has another account. Sign in with that account.',
        );
      }
      const { identity: linked } = await existing(tx, account);
      if (linked !== null && (linked.issuer !== identity.issuer || linked.subject !== identity.subject)) {
        throw new CordonError(
          'conflict',
          'Your account is linked to another person at the provider. Nothing was changed.',
        );
      }
      await insertIdentity(tx, account, identity, at);
    });
  }
}

async function existing(tx: Tx, id: AccountId): Promise<Account> {
  const account = await load(tx, id);
  if (account) return account;
  throw new CordonError('not_found', `There is no account ${id}.`);
}

async function accountIdOf(db: Db | Tx, { issuer, subject }: Identity): Promise<string | null> {
  const row = await db
    .selectFrom('provider_identities')
    .select('account_id')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row?.account_id ?? null;
}

async function insertIdentity(tx: Tx, account: AccountId, identity: Identity, at: number): Promise<void> {
  const { issuer, subject } = identity;
  await tx
    .insertInto('provider_identities')
    .values({ account_id: account, issuer, subject, linked_at: at, signed_in_at: at, proven: 1 })
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ linked_at: at, proven: 1 }))
    .execute();
}

/**
 * Throws `identity_not_linked` if the address belongs to an account, in any spelling of the same address. The provider's statement about an
 * address must not open an account that another method protects.
 */
async function requireNewAddress(tx: Tx, { email, emailKey, subject }: NewAccount): Promise<void> {
  const owner = await tx
    .selectFrom('accounts')
    .innerJoin('persons', 'persons.id', 'accounts.person_id')
    .select('accounts.id')
    .where((at) => at.or([at('accounts.email_key', '=', emailKey), at('persons.subject', '=', subject)]))
    .executeTakeFirst();
  if (!owner) return;
  throw new CordonError(
    'identity_not_linked',
    `An account with the address ${email} exists already. Sign in with its password and code, then open "Your account" and link it.`,
  );
}

async function deleteGrant(tx: Tx, account: AccountId, { role, group, area }: Grant): Promise<void> {
  await tx
    .deleteFrom('role_grants')
    .where('account_id', '=', account)
    .where('role', '=', role)
    .where('group_id', group === null ? 'is' : '=', group)
    .where('area', area === null ? 'is' : '=', area)
    .execute();
}
