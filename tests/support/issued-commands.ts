/** Reads which commands a store has, for tests that do not care whether a command is part of a job. */
import type { Database } from '../../server/store/database.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';

/** Devices of all issued commands, one for each command: the rows of `commands`, and the members of jobs without such a row. */
export async function issuedTo({ db }: Database, kind?: CommandKind): Promise<string[]> {
  const rows = await db.selectFrom('commands').select(['device_id', 'kind']).execute();
  const members = await db
    .selectFrom('job_members')
    .innerJoin('jobs', 'jobs.id', 'job_members.job')
    .where('job_members.waiting', '=', 1)
    .select(['job_members.device_id', 'jobs.kind'])
    .execute();
  return [...rows, ...members].filter((row) => kind === undefined || row.kind === kind).map((row) => row.device_id);
}
