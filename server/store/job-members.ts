/**
 * Commands of jobs. A device's command gets a row in `commands` only when its state changes. Until then, the job and the row in
 * `job_members` contain all its data. This module reads such commands and adds their rows.
 */
import { type RawBuilder, sql } from 'kysely';
import { type CommandId, commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { commandIdFor, REQUEST_PREFIX } from '../commands/command-id-for.ts';
import { bucketOf } from '../commands/job-step.ts';
import type { CommandState } from '../commands/lifecycle.ts';
import { jobShare } from '../commands/unlock-shares.ts';
import { type Cell, insertOf, tableOf } from './bulk.ts';
import type { Db, Tx } from './database.ts';
import { type Stepped, stepJobs } from './job-progress.ts';
import type { Schema } from './schema.ts';

/** Maximum number of commands that get their rows in one statement. */
const SLICE = 500;

/** Row of `commands` that a device's command in a job would have, and the job's secret for unlock shares. */
export type MemberRow = Schema['commands'] & { readonly request: string; readonly lock_secret: string | null };

type Selected = Pick<
  Schema['jobs'],
  | 'id'
  | 'kind'
  | 'body'
  | 'created_by'
  | 'created_at'
  | 'expires_at'
  | 'lock_secret'
  | 'ended_at'
  | 'ended_as'
  | 'ended_detail'
> & { readonly device_id: string; readonly generation: number };

export const MEMBER_COLUMNS = sql`j.id, j.kind, j.body, j.created_by, j.created_at, j.expires_at, j.lock_secret, j.ended_at, j.ended_as,
  j.ended_detail, m.device_id, m.generation`;

/** Condition on the job `j`: some of its devices may still get the command. */
export const OPEN = sql<boolean>`j.ended_at is null and j.waiting > 0`;

/**
 * Condition on the job `j` and its member `m`: the server may send the command now. The job runs, the wave of the device is released, and
 * the device has completed the command of the job's prerequisite.
 */
export const DELIVERABLE = sql<boolean>`j.ended_at is null and j.state = 'running' and m.device_id <= j.released
  and (j.after_job is null or exists (select 1 from commands p where p.device_id = m.device_id
    and p.generation = m.generation and p.state = 'done' and p.request = j.after_job))`;

/**
 * Reads commands without a row in `commands`. `from`: jobs as `j`, optionally after other tables, because the tables are joined in this
 * order. `where`: condition on `j` and on the members `m`. `rest`: order and limit.
 */
export async function selectMembers(
  db: Db | Tx,
  from: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
  rest: RawBuilder<unknown> = sql``,
): Promise<MemberRow[]> {
  const { rows } = await sql<Selected>`select ${MEMBER_COLUMNS} from ${from} cross join job_members m
    where ${where} and m.job = j.id and m.waiting = 1 ${rest}`.execute(db);
  return rows.map(memberRowOf);
}

export function memberRowOf({ id: job, device_id, ended_at, ended_as, ended_detail, ...rest }: Selected): MemberRow {
  return {
    ...rest,
    id: commandIdFor(commandIdSchema.parse(job), deviceIdSchema.parse(device_id)),
    request: job,
    device_id,
    state: ended_as ?? 'queued',
    stored_at: null,
    finished_at: ended_at,
    detail: ended_detail,
    displayed_at: null,
    displayed_on: null,
    attempt: null,
    retried: null,
    not_before: null,
    cancel_requested: null,
  };
}

/**
 * Returns commands of jobs by the ids of the commands. The ids of a job and of its commands have the same first `REQUEST_PREFIX`
 * characters.
 */
export async function membersById(
  db: Db | Tx,
  commands: readonly { readonly id: CommandId; readonly device: DeviceId }[],
): Promise<Map<string, MemberRow>> {
  if (commands.length === 0) return new Map();
  const requested = tableOf(
    ['text', 'text'],
    commands.map(({ id, device }) => [id.slice(0, REQUEST_PREFIX), device]),
  );
  const rows = await selectMembers(
    db,
    sql`${requested} as v cross join jobs j`,
    sql`j.id >= v.column1 and j.id < v.column1 || '~' and m.device_id = v.column2`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Returns the newest commands of a device in jobs that are not newer than `before`. Returns at least `limit` commands if so many exist. The
 * result contains either all commands of one time or none, because the caller sorts commands of the same time by their ids. These ids are
 * not in the database.
 */
export async function membersOfDevice(
  db: Db,
  device: DeviceId,
  before: number | null,
  limit: number,
): Promise<MemberRow[]> {
  const select = (where: RawBuilder<unknown>, rest?: RawBuilder<unknown>) =>
    selectMembers(db, sql`jobs j`, sql`m.device_id = ${device} and ${where}`, rest);
  const at = (time: number) => select(sql`j.created_at = ${time}`);
  const older = await select(
    before === null ? sql`1 = 1` : sql`j.created_at < ${before}`,
    sql`order by j.created_at desc limit ${limit}`,
  );
  const same = before === null ? [] : await at(before);
  const last = older.at(-1);
  if (!last || older.length < limit) return [...same, ...older];
  const newer = older.filter(({ created_at }) => created_at > last.created_at);
  return [...same, ...newer, ...(await at(last.created_at))];
}

/**
 * Adds the rows of commands to `commands`, and counts the results in the jobs. Also stores the unlock share of each lock command, because
 * the share must outlive the job. `rows`: rows from `selectMembers`, with their new states. Returns the effect on jobs.
 */
export async function storeMembers(tx: Tx, rows: readonly MemberRow[], at: number): Promise<Stepped> {
  for (let from = 0; from < rows.length; from += SLICE) await storeSlice(tx, rows.slice(from, from + SLICE));
  const moves = rows.map(({ request, device_id, state, retried }) => ({
    job: request,
    device: device_id,
    from: 'open' as const,
    to: retried === 1 ? ('open' as const) : bucketOf(state),
  }));
  return stepJobs(tx, moves, at);
}

async function storeSlice(tx: Tx, rows: readonly MemberRow[]): Promise<void> {
  const columns = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
  const inserted = insertOf(
    'commands',
    COLUMNS,
    rows.map((row) => columns.map((column): Cell => row[column])),
  );
  await sql`${inserted} on conflict (id) do nothing`.execute(tx);
  const members = tableOf(
    ['text', 'text'],
    rows.map(({ request, device_id }) => [request, device_id]),
  );
  await sql`update job_members set waiting = 0 from ${members} as v
    where job = v.column1 and device_id = v.column2`.execute(tx);
  const counts = [...Map.groupBy(rows, ({ request }) => request)].map(([job, { length }]) => [job, length]);
  await sql`update jobs set waiting = waiting - v.column2 from ${tableOf(['text', 'bigint'], counts)} as v
    where id = v.column1`.execute(tx);
  const shares = rows.flatMap(({ id, device_id, lock_secret, created_at }) =>
    lock_secret === null ? [] : [[id, device_id, jobShare(lock_secret, commandIdSchema.parse(id)), created_at]],
  );
  if (shares.length === 0) return;
  const stored = insertOf(
    'unlock_shares',
    { command_id: 'text', device_id: 'text', share: 'text', created_at: 'bigint' },
    shares,
  );
  await sql`${stored} on conflict (command_id) do nothing`.execute(tx);
}

/** Cancels commands of open jobs. `where`: condition on the jobs `j` and the members `m`. */
export async function cancelMembers(tx: Tx, where: RawBuilder<unknown>, at: number, detail: string): Promise<void> {
  const rows = await selectMembers(tx, sql`jobs j`, sql`${OPEN} and ${where}`);
  const state: CommandState = 'canceled';
  await storeMembers(
    tx,
    rows.map((row) => ({ ...row, state, finished_at: at, detail })),
    at,
  );
}

const COLUMNS = {
  id: 'text',
  device_id: 'text',
  generation: 'bigint',
  kind: 'text',
  body: 'text',
  state: 'text',
  request: 'text',
  created_by: 'text',
  created_at: 'bigint',
  expires_at: 'bigint',
  stored_at: 'bigint',
  finished_at: 'bigint',
  detail: 'text',
  retried: 'bigint',
} as const;
