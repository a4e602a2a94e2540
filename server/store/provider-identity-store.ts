import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { sameGrant } from '../admins/grant-rules.ts';
import type {
  GrantsOfProvider,
  LinkEntry,
  ProviderIdentityStore as Port,
  Unlinking,
} from '../admins/identity-provider.ts';
import type { Account, Identity, NewAccount, NewGrant } from '../admins/ports.ts';
import type { Grant } from '../admins/roles.ts';
import { endAccess, insertAccount, insertGrant, load } from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import { roleExists } from './custom-role-store.ts';
import type { Database, Db, Tx } from './database.ts';

export class ProviderIdentityStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async accountOf(identity: Identity): Promise<Account | null> {
    const { db } = this.#database;
    const owner = await ownerOf(db, identity);
    return owner?.linked ? load(db, owner.account) : null;
  }

  async createFor(identity: Identity, account: NewAccount, grants: readonly NewGrant[]): Promise<Account | null> {
    return this.#database.transaction(async (tx) => {
      const owner = await ownerOf(tx, identity);
      if (owner?.linked) return null;
      if (owner) throw unlinked();
      await requireNewAddress(tx, account);
      await insertAccount(tx, account);
      await insertIdentity(tx, account.id, identity, account.at);
      for (const { grant, entry } of grants) {
        if (!(await roleExists(tx, grant.role))) continue;
        await insertGrant(tx, account.id, grant, account.at, 'provider');
        await appendEntry(tx, entry);
      }
      return load(tx, account.id);
    });
  }

  async signIn(account: AccountId, roles: GrantsOfProvider): Promise<{ account: Account; changed: boolean }> {
    return this.#database.transaction(async (tx) => {
      const { at, entry } = roles;
      const grants: Grant[] = [];
      for (const grant of roles.grants) if (await roleExists(tx, grant.role)) grants.push(grant);
      await tx
        .updateTable('provider_identities')
        .set({ signed_in_at: at })
        .where('account_id', '=', account)
        .where('unlinked_at', 'is', null)
        .execute();
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

  async link(account: AccountId, identity: Identity, at: number, entry: LinkEntry): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const owner = await ownerOf(tx, identity);
      if (owner && owner.account !== account) {
        throw new CordonError(
          'conflict',
          'This person at the provider belongs to another account, now or in the past. Sign in with that account.',
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
      await appendEntry(tx, entry);
    });
  }

  async unlink(account: AccountId, { at, entry, revoked, end }: Unlinking): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('provider_identities')
        .set({ unlinked_at: at, proven: 0 })
        .where('account_id', '=', account)
        .where('unlinked_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) {
        throw new CordonError('conflict', 'The account is not linked to the identity provider. Nothing was changed.');
      }
      const { grants } = await existing(tx, account);
      for (const grant of grants.filter(({ source }) => source === 'provider')) {
        await deleteGrant(tx, account, grant);
        await appendEntry(tx, revoked(grant));
      }
      if (end) await endAccess(tx, account);
      await appendEntry(tx, entry);
    });
  }
}

const unlinked = () =>
  new CordonError(
    'identity_not_linked',
    'Your link to the identity provider was removed. Sign in with your password and code, then open "Your account" and link it again.',
  );

async function existing(tx: Tx, id: AccountId): Promise<Account> {
  const account = await load(tx, id);
  if (account) return account;
  throw new CordonError('not_found', `There is no account ${id}.`);
}

/** Account to which the identity belongs; `linked` is false after it was unlinked. Null for an unknown identity. */
async function ownerOf(
  db: Db | Tx,
  { issuer, subject }: Identity,
): Promise<{ readonly account: string; readonly linked: boolean } | null> {
  const row = await db
    .selectFrom('provider_identities')
    .select(['account_id', 'unlinked_at'])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row ? { account: row.account_id, linked: row.unlinked_at === null } : null;
}

async function insertIdentity(tx: Tx, account: AccountId, identity: Identity, at: number): Promise<void> {
  const { issuer, subject } = identity;
  await tx
    .insertInto('provider_identities')
    .values({ account_id: account, issuer, subject, linked_at: at, signed_in_at: at, proven: 1 })
    .onConflict((conflict) =>
      conflict.columns(['issuer', 'subject']).doUpdateSet({ linked_at: at, proven: 1, unlinked_at: null }),
    )
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
