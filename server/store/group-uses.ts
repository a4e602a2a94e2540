import { sql } from 'kysely';
import type { GroupId } from '../../shared/protocol/ids.ts';
import type { GroupUse } from '../groups/ports.ts';
import type { Db, Tx } from './database.ts';

/** Maximum number of names for each kind of use. */
const MOST_NAMES = 5;
/** Maximum number that a count reaches, so that a large group causes no slow query. */
const MOST_COUNTED = 1_000;

/** Records that prevent the deletion of a group. A module whose records name groups must add a query here. */
const USES = {
  devices: (group: GroupId) => sql`select id as name from devices where group_id = ${group}`,
  'activation codes': (group: GroupId) => sql`select id as name from activation_codes where group_id = ${group}`,
  people: (group: GroupId) => sql`select persons.name from person_groups
    inner join persons on persons.id = person_groups.person_id where person_groups.group_id = ${group}`,
  roles: (group: GroupId) => sql`select accounts.name from role_grants
    inner join accounts on accounts.id = role_grants.account_id where role_grants.group_id = ${group}`,
  policies: (group: GroupId) => sql`select policies.name from policy_groups
    inner join policies on policies.id = policy_groups.policy_id where policy_groups.group_id = ${group}`,
  // The filter and the scope of a job are stored as JSON text. A text search for the group's identifier is enough, because the identifier
  // occurs nowhere else.
  jobs: (group: GroupId) => sql`select coalesce(name, id) as name from jobs
    where joiners like ${`%"${group}"%`} and ended_at is null`,
  'notification rules': (group: GroupId) => sql`select name from notification_rules where group_id = ${group}`,
} as const;

export async function groupUses(db: Db | Tx, group: GroupId): Promise<GroupUse[]> {
  const uses: GroupUse[] = [];
  for (const [kind, query] of Object.entries(USES)) {
    const { rows } = await sql<{
      name: string;
    }>`select name from (${query(group)}) as used limit ${MOST_COUNTED}`.execute(db);
    if (rows.length > 0)
      uses.push({ kind, count: rows.length, names: rows.slice(0, MOST_NAMES).map(({ name }) => name) });
  }
  return uses;
}
