/** Rows of activation codes that no admin created, for tests of lists. */
import type { Database } from '../../server/store/database.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';

export interface CodeRowDraft {
  readonly id: DeviceId;
  readonly person: PersonId;
  readonly group: GroupId;
  /** Creation time in milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt?: number;
  readonly canceledAt?: number;
}

export async function addCodeRows(database: Database, codes: readonly CodeRowDraft[]): Promise<void> {
  const rows = codes.map((code) => ({
    id: code.id,
    secret_hash: code.id,
    person_id: code.person,
    group_id: code.group,
    home: null,
    seat: null,
    created_by: 'acc_test',
    created_at: code.createdAt,
    expires_at: code.expiresAt,
    used_at: code.usedAt ?? null,
    canceled_at: code.canceledAt ?? null,
  }));
  await database.db.insertInto('activation_codes').values(rows).execute();
}
