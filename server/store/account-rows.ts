import type { RoleName } from '../../shared/api/roles.ts';
import type { OrderArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { foldedName } from '../../shared/order/person.ts';
import {
  type AccountId,
  accountIdSchema,
  type GroupId,
  newPersonId,
  type PersonId,
} from '../../shared/protocol/ids.ts';
import type { Account, Invitation, NewAccount } from '../admins/ports.ts';
import { isCustomRight } from '../admins/right-catalog.ts';
import type { RightName } from '../admins/rights.ts';
import type { Grant } from '../admins/roles.ts';
import type { Db, Tx } from './database.ts';
import type { Schema } from './schema.ts';

type AccountRow = Schema['accounts'] & { readonly same_as: string | null } & {
  readonly [Column in 'issuer' | 'subject']: string | null;
} & { readonly [Column in 'linked_at' | 'signed_in_at']: number | null };

export async function insertAccount(tx: Tx, account: NewAccount): Promise<void> {
  const { id, email, emailKey, name, subject, at } = account;
  // A person record without an account may already have this e-mail address. The server then creates a second person record, without the
  // address, because an e-mail address alone does not prove that both are one person.
  const existing = await tx.selectFrom('persons').select('id').where('email_key', '=', emailKey).executeTakeFirst();
  await tx
    .insertInto('persons')
    .values({
      id: newPersonId(),
      subject,
      name,
      folded: foldedName(name),
      created_at: at,
      ...(existing ? { email: null, email_key: null } : { email, email_key: emailKey }),
      directory_id: null,
      status: 'active' as const,
      same_as: null,
    })
    .onConflict((conflict) => conflict.column('subject').doNothing())
    .execute();
  const person = await tx.selectFrom('persons').select('id').where('subject', '=', subject).executeTakeFirstOrThrow();
  const inserted = await tx
    .insertInto('accounts')
    .values({
      id,
      person_id: person.id,
      email,
      email_key: emailKey,
      name,
      password_hash: null,
      totp_sealed: null,
      totp_last_step: 0,
      status: 'active',
      created_at: at,
      verified_email: null,
      email_verified_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) throw new CordonError('conflict', `Another account has the address ${email}. Use another address.`);
}

export async function insertInvitation(
  tx: Tx,
  account: AccountId,
  { hash, expiresAt, mailedTo }: Invitation,
): Promise<void> {
  await tx
    .insertInto('invitations')
    .values({ hash, account_id: account, expires_at: expiresAt, used_at: null, mailed_to: mailedTo })
    .execute();
}

export async function insertGrant(
  tx: Tx,
  account: AccountId,
  { role, group, area }: Grant,
  at: number,
  source: Schema['role_grants']['source'] = 'manual',
): Promise<void> {
  await tx
    .insertInto('role_grants')
    .values({ account_id: account, role, group_id: group, area, granted_at: at, source })
    .execute();
}

/**
 * Throws `last_owner` if no owner of the whole installation could sign in after the change. Owners by the identity provider do not count,
 * because a change or an outage at the provider must not lock out everyone. Call this inside the transaction of the change.
 */
export async function requireAnOwner(tx: Tx): Promise<void> {
  const owner = await tx
    .selectFrom('role_grants')
    .innerJoin('accounts', 'accounts.id', 'role_grants.account_id')
    .select('accounts.id')
    .where('role_grants.role', '=', 'owner')
    .where('role_grants.group_id', 'is', null)
    .where('role_grants.area', 'is', null)
    .where('role_grants.source', '=', 'manual')
    .where('accounts.status', '=', 'active')
    .where('accounts.password_hash', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  if (owner) return;
  throw new CordonError('last_owner', 'This is the last owner who can sign in. Make another account an owner first.');
}

/** Grant with the name and the rights of its custom role; both are null for a built-in role. */
type GrantRow = Schema['role_grants'] & { readonly [Column in 'custom_name' | 'custom_rights']: string | null };

/** Grants with the current rights of custom roles, so that a change of a role applies to the next request. */
export const grantRows = (db: Db | Tx) =>
  db
    .selectFrom('role_grants')
    .leftJoin('custom_roles', 'custom_roles.id', 'role_grants.role')
    .selectAll('role_grants')
    .select(['custom_roles.name as custom_name', 'custom_roles.rights as custom_rights']);

export async function grantsOf(db: Db | Tx, account: string): Promise<GrantRow[]> {
  return grantRows(db).where('account_id', '=', account).orderBy('granted_at').execute();
}

/** Rights of a stored custom role. A right that this version of Cordon does not allow in custom roles has no effect. */
export const customRights = (stored: string): RightName[] => (JSON.parse(stored) as string[]).filter(isCustomRight);

/** Accounts. `same_as`: id of the older person record that replaced the person record of the account. */
export const accountRows = (db: Db | Tx) =>
  db
    .selectFrom('accounts')
    .innerJoin('persons', 'persons.id', 'accounts.person_id')
    .leftJoin('provider_identities', (identity) =>
      identity
        .onRef('provider_identities.account_id', '=', 'accounts.id')
        .on('provider_identities.unlinked_at', 'is', null),
    )
    .selectAll('accounts')
    .select(['persons.same_as', 'provider_identities.issuer', 'provider_identities.subject'])
    .select(['provider_identities.linked_at', 'provider_identities.signed_in_at']);

export async function load(db: Db | Tx, id: string): Promise<Account | null> {
  const row = await accountRows(db).where('accounts.id', '=', id).executeTakeFirst();
  return row ? toAccount(row, await grantsOf(db, id)) : null;
}

export function toAccount(row: AccountRow, grants: readonly GrantRow[]): Account {
  return {
    id: accountIdSchema.parse(row.id),
    person: (row.same_as ?? row.person_id) as PersonId,
    email: row.email,
    name: row.name,
    status: row.status,
    ready: row.password_hash !== null || row.subject !== null,
    password: row.password_hash !== null,
    createdAt: row.created_at,
    // A changed e-mail address always counts as unverified.
    emailVerifiedAt: row.verified_email === row.email ? row.email_verified_at : null,
    identity: identityOf(row),
    grants: grants.map((grant) => ({
      role: grant.role as RoleName,
      group: grant.group_id as GroupId | null,
      area: grant.area as OrderArea | null,
      ...(grant.source === 'provider' && { source: 'provider' as const }),
      ...(grant.custom_name !== null && { name: grant.custom_name, rights: customRights(grant.custom_rights ?? '[]') }),
    })),
  };
}

function identityOf({ issuer, subject, linked_at, signed_in_at }: AccountRow): Account['identity'] {
  if (issuer === null || subject === null) return null;
  return { issuer, subject, linkedAt: linked_at ?? 0, signedInAt: signed_in_at ?? 0 };
}

/**
 * Records that the admin `by` created the account, or saw an invitation or credential reset link of the account. `by` is null if the
 * server's own console displayed the link.
 */
export async function recordLink(
  tx: Tx,
  account: AccountId,
  by: AccountId | null,
  kind: Schema['account_links']['kind'],
  at: number,
): Promise<void> {
  if (by === null || by === account) return;
  await tx
    .insertInto('account_links')
    .values({ account_id: account, seen_by: by, kind, at })
    .onConflict((conflict) => conflict.columns(['account_id', 'seen_by', 'kind']).doNothing())
    .execute();
}

export async function endAccess(tx: Tx, account: string): Promise<{ sessions: number; tokens: number }> {
  const sessions = await tx.deleteFrom('sessions').where('account_id', '=', account).executeTakeFirst();
  const tokens = await tx.deleteFrom('api_tokens').where('account_id', '=', account).executeTakeFirst();
  return { sessions: Number(sessions.numDeletedRows), tokens: Number(tokens.numDeletedRows) };
}
