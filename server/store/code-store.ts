import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { createBatcher } from '../../shared/loops/batcher.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { CodeQuery, NewCode, CodeStore as Port, RedeemableCode, StoredCode } from '../enrollment/ports.ts';
import { refusedByHold } from '../holds/holds.ts';
import { areaOf } from './area-column.ts';
import { codeOf, codesOf, GROUP, selectCodes } from './code-list.ts';
import type { Database, Db, Tx } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
import { requireMember } from './people-store.ts';
import type { Schema } from './schema.ts';
import { isUnderLegalHold, underLegalHold } from './under-legal-hold.ts';

/**
 * Milliseconds for which a lookup waits, so that devices that redeem codes at the same time share one query and one commit. The wait saves
 * most of the store's work when a whole fleet enrolls. TLS handshakes make the requests arrive at different times: with 10 ms, only 10 of 32
 * concurrent devices shared a commit. Each device enrolls once, so a longer wait does no harm.
 */
const PATIENCE = 25;
/** Maximum number of lookups that resolve in one iteration of the event loop. Each lookup causes about 200 µs of further work. */
const TOGETHER = 64;

export class CodeStore implements Port {
  readonly #database: Database;
  readonly #selectRedeemable: ReturnType<typeof redeemableIn>;
  readonly #redeemableOf = createBatcher((ids: readonly DeviceId[]) => this.#readRedeemable(ids), {
    most: TOGETHER,
    delay: PATIENCE,
  });

  constructor(database: Database) {
    this.#database = database;
    this.#selectRedeemable = redeemableIn(database.db);
  }

  addCode(code: NewCode): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await requireGroup(tx, code);
      await requireMember(tx, code.person, code.group);
      await tx.insertInto('activation_codes').values(codeRow(code)).execute();
    });
  }

  reopenCode(code: NewCode): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const device = await tx.selectFrom('devices').select('group_id').where('id', '=', code.id).executeTakeFirst();
      if (!device) throw new CordonError('not_found', 'There is no such device.', { device: code.id });
      if (device.group_id !== code.group) {
        const detail = 'The device is in another group. Use that group, or move the device first.';
        throw new CordonError('conflict', detail, { device: code.id });
      }
      await requireMember(tx, code.person, code.group);
      if (await isUnderLegalHold(tx, code.id)) throw refusedByHold(code.id);
      const row = codeRow(code);
      await tx
        .insertInto('activation_codes')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    });
  }

  async cancelCode(id: DeviceId, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('activation_codes')
      .set({ canceled_at: at })
      .where('id', '=', id)
      .where('used_at', 'is', null)
      .where('canceled_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows > 0;
  }

  codes(query: CodeQuery): Promise<StoredCode[]> {
    return codesOf(this.#database.db, query);
  }

  async redeemable(id: DeviceId): Promise<RedeemableCode | null> {
    return (await this.#redeemableOf(id)) ?? null;
  }

  async #readRedeemable(ids: readonly DeviceId[]): Promise<Map<DeviceId, RedeemableCode>> {
    const rows = await this.#selectRedeemable(ids);
    const read = rows.map((row) => {
      const code = codeOf(row);
      const personalia = {
        home: areaOf(row.stated_home) ?? code.home ?? areaOf(row.group_home),
        seat: code.seat ?? areaOf(row.group_seat),
        group: { name: row.group_name, mailPrograms: row.mail_programs === 1 },
        underLegalHold: row.under_hold === 1,
      };
      return { code, personalia, generation: row.generation };
    });
    return new Map(read.map((found) => [found.code.id, found]));
  }
}

const redeemableIn = (db: Db) =>
  keyedQuery(db, (ids) =>
    selectCodes(db)
      .innerJoin('groups', (join) => join.on('groups.id', '=', GROUP))
      .select([
        'groups.name as group_name',
        'groups.home as group_home',
        'groups.seat as group_seat',
        'groups.mail_programs',
      ])
      .select(['devices.stated_home', 'devices.generation'])
      .select(sql<0 | 1>`case when ${underLegalHold('code.id', 'code.person_id')} then 1 else 0 end`.as('under_hold'))
      .where('code.id', 'in', ids),
  );

async function requireGroup(tx: Tx, { group }: NewCode): Promise<void> {
  const found = await tx.selectFrom('groups').select('id').where('id', '=', group).executeTakeFirst();
  if (!found)
    throw new CordonError('not_found', 'There is no such group. List the groups with GET /groups.', { group });
}

function codeRow(code: NewCode): Schema['activation_codes'] {
  return {
    id: code.id,
    secret_hash: code.secretHash,
    person_id: code.person,
    group_id: code.group,
    home: code.home,
    seat: code.seat,
    created_by: code.by,
    created_at: code.createdAt,
    expires_at: code.expiresAt,
    used_at: null,
    canceled_at: null,
    mail_connector: code.mailConnector ? 1 : null,
  };
}
