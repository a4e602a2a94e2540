import { type RawBuilder, sql } from 'kysely';
import { deviceIdSchema, groupIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';
import type { CodeQuery, CodeState, StoredCode } from '../enrollment/ports.ts';
import { areaOf } from './area-column.ts';
import type { Db } from './database.ts';
import { placedInScope } from './device-scope.ts';

export const GROUP = sql<string>`coalesce(devices.group_id, code.group_id)`;
/**
 * Home area of an activation code's device. An admin sees the code only if the admin's scope includes this area. `server/api/codes.ts` uses
 * the same area to check the scope for a single code.
 */
const HOME = sql<string | null>`coalesce(code.home, devices.home, groups.home)`;

/**
 * Activation codes. If a code enrolls an existing device again, its group is the current group of the device. Its home area and legal seat
 * are those of the device, unless the code sets others.
 */
export function selectCodes(db: Db) {
  return db
    .selectFrom('activation_codes as code')
    .innerJoin('persons', 'persons.id', 'code.person_id')
    .leftJoin('devices', 'devices.id', 'code.id')
    .selectAll('code')
    .select('persons.name as person_name')
    .select([GROUP.as('in_group'), 'devices.home as own_home', 'devices.seat as own_seat']);
}

type CodeRow = Awaited<ReturnType<ReturnType<typeof selectCodes>['executeTakeFirstOrThrow']>>;

/** Activation codes: open codes first, then all others; newest first in each part. */
export async function codesOf(db: Db, { state, scope, after, limit, now }: CodeQuery): Promise<StoredCode[]> {
  const rank = sql<number>`case when ${inState('open', now)} then 1 else 0 end`;
  const rows = await selectCodes(db)
    .innerJoin('groups', (join) => join.on('groups.id', '=', GROUP))
    .where(placedInScope(scope, { group: GROUP, home: HOME }))
    .$if(state !== null, (all) => all.where(inState(state ?? 'open', now)))
    .$if(after !== null, (all) =>
      all.where(
        sql<boolean>`(${rank}, code.created_at, code.id) < (${after?.open ? 1 : 0}, ${after?.createdAt ?? 0}, ${after?.id ?? ''})`,
      ),
    )
    .orderBy(rank, 'desc')
    .orderBy('code.created_at', 'desc')
    .orderBy('code.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(codeOf);
}

/** State of an activation code at `now`, by the same rule as `stateOf` in `server/enrollment/code-pages.ts`. */
function inState(state: CodeState, now: number): RawBuilder<boolean> {
  if (state === 'used') return sql<boolean>`code.used_at is not null`;
  if (state === 'canceled') return sql<boolean>`(code.used_at is null and code.canceled_at is not null)`;
  const past = state === 'open' ? sql`code.expires_at > ${now}` : sql`code.expires_at <= ${now}`;
  return sql<boolean>`(code.used_at is null and code.canceled_at is null and ${past})`;
}

export function codeOf(row: CodeRow): StoredCode {
  return {
    id: deviceIdSchema.parse(row.id),
    secretHash: row.secret_hash,
    person: personIdSchema.parse(row.person_id),
    user: row.person_name,
    group: groupIdSchema.parse(row.in_group),
    home: areaOf(row.home ?? row.own_home),
    seat: areaOf(row.seat ?? row.own_seat),
    by: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    canceledAt: row.canceled_at,
    mailConnector: row.mail_connector === 1,
  };
}
