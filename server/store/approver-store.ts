import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import type { PeopleFacts } from '../independence/independence.ts';
import type { ApproverSetRow, ListChange, ApproverStore as Port, RegisteredKey } from '../orders/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { insertList, requireActiveAccount, requireOneRow } from './order-writes.ts';

export class ApproverStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async approverKeys(): Promise<ReadonlyMap<string, RegisteredKey>> {
    const rows = await this.#database.db
      .selectFrom('approver_keys')
      .innerJoin('accounts', 'accounts.id', 'approver_keys.account_id')
      .leftJoin('provider_identities as identity', (on) =>
        on.onRef('identity.account_id', '=', 'accounts.id').on('identity.unlinked_at', 'is', null),
      )
      .select(['keyid', 'approver_keys.person_id', 'public_key', 'rp_id', 'status'])
      .select(['accounts.name', 'email', 'verified_email', 'identity.proven'])
      .execute();
    return new Map(
      rows.map(({ keyid, person_id, public_key, rp_id, status, name, email, verified_email, proven }) => [
        keyid,
        {
          person: personIdSchema.parse(person_id),
          publicKey: public_key,
          rpId: rp_id,
          active: status === 'active',
          name,
          email,
          verified: verified_email === email || proven === 1,
        },
      ]),
    );
  }

  async people(): Promise<PeopleFacts> {
    const { db } = this.#database;
    const joined = await db.selectFrom('persons').select(['id', 'same_as']).where('same_as', 'is not', null).execute();
    const links = await db
      .selectFrom('account_links as link')
      .innerJoin('accounts as made', 'made.id', 'link.account_id')
      .innerJoin('accounts as maker', 'maker.id', 'link.seen_by')
      .select(['link.kind', 'made.id as account', 'made.name', 'made.person_id as person'])
      .select(['maker.id as by_account', 'maker.name as by_name', 'maker.person_id as by_person'])
      .orderBy('link.at')
      .orderBy('link.account_id')
      .execute();
    return {
      sameAs: new Map(joined.map(({ id, same_as }) => [id, same_as ?? id])),
      links: links.map(({ kind, account, name, person, by_account, by_name, by_person }) => ({
        person,
        name,
        account,
        kind,
        by: { person: by_person, name: by_name, account: by_account },
      })),
    };
  }

  async approverSets(): Promise<ApproverSetRow[]> {
    const rows = await this.#database.db.selectFrom('approver_sets').selectAll().orderBy('version').execute();
    return rows.map(({ version, payload, signatures, state }) => ({
      version,
      payload,
      signatures: parseEnvelope(`{"payloadType":"","payload":"","signatures":${signatures}}`).signatures,
      state,
    }));
  }

  async proposeApproverSet(approverSet: { version: number; payload: string }): Promise<void> {
    const row = { payload: approverSet.payload, signatures: '[]' };
    const { numInsertedOrUpdatedRows } = await this.#database.db
      .insertInto('approver_sets')
      .values({ version: approverSet.version, state: 'waiting', ...row })
      .onConflict((conflict) =>
        conflict.column('version').doUpdateSet(row).where('approver_sets.state', '=', 'waiting'),
      )
      .executeTakeFirst();
    requireOneRow(numInsertedOrUpdatedRows, `Root ${approverSet.version}`);
  }

  async signApproverSet(
    approverSet: { version: number; payload: string; signatures: ApproverSetRow['signatures'] },
    adoption: { entry: EntryDraft<'approvers.adopted'>; list: ListChange } | null,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      for (const { keyid } of approverSet.signatures) await requireActiveAccount(tx, keyid);
      const { numUpdatedRows } = await tx
        .updateTable('approver_sets')
        .set({
          signatures: JSON.stringify(approverSet.signatures),
          ...(adoption && { state: 'adopted' }),
        })
        .where('version', '=', approverSet.version)
        .where('payload', '=', approverSet.payload)
        .where('state', '=', 'waiting')
        .executeTakeFirst();
      requireOneRow(numUpdatedRows, `Root ${approverSet.version}`);
      if (!adoption) return;
      await appendEntry(tx, adoption.entry);
      await insertList(tx, adoption.list);
    });
  }
}
