import { CordonError } from '../../shared/errors.ts';
import type { AccountId, PersonId } from '../../shared/protocol/ids.ts';
import type {
  ApproverKey,
  ApproverKeyStore as ApproverKeyPort,
  KnownApproverKey,
  StoredPasskey,
} from '../admins/ports.ts';
import type { Database } from './database.ts';
import { insertPasskey } from './passkey-store.ts';

export class ApproverKeyStore implements ApproverKeyPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async register(key: ApproverKey, passkey: StoredPasskey | null): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx
        .insertInto('approver_keys')
        .values({
          keyid: key.keyid,
          person_id: key.person,
          account_id: key.account,
          public_key: key.publicKey,
          registered_at: key.registeredAt,
          rp_id: key.rpId,
        })
        .onConflict((conflict) => conflict.column('keyid').doNothing())
        .execute();
      const owner = await tx
        .selectFrom('approver_keys')
        .innerJoin('persons', 'persons.id', 'approver_keys.person_id')
        .select(['person_id', 'same_as'])
        .where('keyid', '=', key.keyid)
        .executeTakeFirst();
      if ((owner?.same_as ?? owner?.person_id) !== key.person) {
        throw new CordonError('conflict', 'This key is registered for another person. Create a key of your own.');
      }
      if (passkey) await insertPasskey(tx, passkey);
    });
  }

  async keys(): Promise<KnownApproverKey[]> {
    const rows = await this.#database.db
      .selectFrom('approver_keys')
      .innerJoin('accounts', 'accounts.id', 'approver_keys.account_id')
      .leftJoin('provider_identities as identity', (on) =>
        on.onRef('identity.account_id', '=', 'accounts.id').on('identity.unlinked_at', 'is', null),
      )
      .innerJoin('persons', 'persons.id', 'approver_keys.person_id')
      .selectAll('approver_keys')
      .select(['accounts.name', 'accounts.email', 'accounts.verified_email', 'persons.same_as', 'identity.proven'])
      .orderBy('registered_at')
      .execute();
    return rows.map((row) => ({
      keyid: row.keyid,
      person: (row.same_as ?? row.person_id) as PersonId,
      account: row.account_id as AccountId,
      name: row.name,
      publicKey: row.public_key,
      registeredAt: row.registered_at,
      rpId: row.rp_id,
      verified: row.verified_email === row.email || row.proven === 1,
    }));
  }
}
