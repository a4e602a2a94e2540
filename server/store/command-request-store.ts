import { type RawBuilder, sql } from 'kysely';
import { commandKindSchema } from '../../shared/protocol/command-kinds.ts';
import { type CommandId, commandIdSchema, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { waveOf } from '../commands/job-plan.ts';
import { COMMAND_STATES, type CommandState } from '../commands/lifecycle.ts';
import type {
  CommandScope,
  JobDevice,
  JobFilter,
  JobRecord,
  CommandRequestStore as Port,
  RequestProgress,
} from '../commands/ports.ts';
import { commandsOf, parseCommand, termsOf } from './command-rows.ts';
import type { Database } from './database.ts';
import { withinScope } from './device-scope.ts';
import { planOf, progressOf } from './job-progress.ts';
import type { Schema } from './schema.ts';

/** Numbers of one job's commands by state. Without rows, the SQL function `sum` returns null. */
interface Counted extends Record<CommandState, number | string | null> {
  readonly rows: number | string;
  readonly displayed: number | string;
}

interface DeviceRow {
  readonly device_id: string;
  readonly person_name: string;
  readonly hostname: string | null;
  readonly state: CommandState;
  readonly attempt: number | null;
  readonly stored_at: number | null;
  readonly finished_at: number | null;
  readonly detail: string | null;
}

type Failure = Pick<Schema['commands'], 'device_id' | 'state' | 'detail'> & { readonly person_name: string };

export class CommandRequestStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async listed(
    { states, kind, createdBy }: JobFilter,
    cursor: string | null,
    most: number,
  ): ReturnType<Port['listed']> {
    const [time = '', after = ''] = (cursor ?? '').split(' ');
    const rows = await this.#database.db
      .selectFrom('jobs')
      .leftJoin('accounts', 'accounts.id', 'jobs.created_by')
      .select(['jobs.id', 'jobs.created_at', 'jobs.kind', 'jobs.name', 'jobs.devices', 'accounts.name as creator'])
      .$if(cursor !== null, (all) => all.where(sql<boolean>`(jobs.created_at, jobs.id) < (${Number(time)}, ${after})`))
      .$if(states !== undefined, (all) => all.where('jobs.state', 'in', states ?? []))
      .$if(kind !== undefined, (all) => all.where('jobs.kind', '=', kind ?? ''))
      .$if(createdBy !== undefined, (all) => all.where('jobs.created_by', '=', createdBy ?? ''))
      .orderBy('jobs.created_at', 'desc')
      .orderBy('jobs.id', 'desc')
      .limit(most)
      .execute();
    return rows.map(({ id, created_at: createdAt, kind: of, name, devices, creator }) => ({
      id: commandIdSchema.parse(id),
      createdAt,
      kind: commandKindSchema.parse(of),
      name,
      devices,
      creator,
    }));
  }

  async progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null> {
    const { db } = this.#database;
    const job = await db.selectFrom('jobs').selectAll().where('id', '=', request).executeTakeFirst();
    if (!job) return null;
    const waiting = scope === null ? job.waiting : await this.#waitingIn(request, scope);
    const counted = await this.#count(request, scope);
    if (waiting + Number(counted.rows) === 0 && (scope !== null || job.devices > 0)) return null;
    const counts: Record<CommandState, number> = {
      queued: Number(counted.queued),
      stored: Number(counted.stored),
      done: Number(counted.done),
      failed: Number(counted.failed),
      expired: Number(counted.expired),
      canceled: Number(counted.canceled),
    };
    counts[job.ended_as ?? 'queued'] += waiting;
    const ended = counts.failed + counts.expired + counts.canceled > 0;
    return {
      ...jobRecordOf(job),
      counts,
      displayed: Number(counted.displayed),
      failures: ended && most > 0 ? await this.#failures(job, scope, most) : [],
    };
  }

  async devices(
    { id, plan, progress }: JobRecord,
    scope: CommandScope,
    { state, after, limit }: Parameters<Port['devices']>[2],
  ): Promise<JobDevice[]> {
    const current = sql<CommandState>`coalesce(c.state, j.ended_as, 'queued')`;
    const { rows } = await sql<DeviceRow>`
      select m.device_id, devices.person_name, i.hostname, ${current} as state, c.attempt, c.stored_at,
        coalesce(c.finished_at, j.ended_at) as finished_at, coalesce(c.detail, j.ended_detail) as detail
      from jobs j cross join job_members m cross join devices
      left join device_inventory i on i.device_id = m.device_id
      left join commands c on c.device_id = m.device_id and c.generation = m.generation and c.request = m.job and c.retried is null
        and m.waiting = 0
      where j.id = ${id} and m.job = j.id and m.device_id > ${after ?? ''} and devices.id = m.device_id
        and ${withinScope(scope)} and ${state === null ? sql`1 = 1` : sql`${current} = ${state}`}
      order by m.device_id limit ${limit}`.execute(this.#database.db);
    return rows.map((row) => {
      const device = deviceIdSchema.parse(row.device_id);
      const wave = waveOf(plan, device) + 1;
      const open = row.state === 'queued' || row.state === 'stored';
      return {
        device,
        user: row.person_name,
        host: row.hostname,
        wave,
        released: wave <= progress.released,
        state: row.state,
        attempt: row.attempt ?? 1,
        storedAt: row.stored_at,
        finishedAt: open ? null : row.finished_at,
        detail: open ? null : row.detail,
      };
    });
  }

  async #waitingIn(request: CommandId, scope: CommandScope): Promise<number> {
    const { rows } = await sql<{ count: number | string }>`
      select count(*) as count from job_members m cross join devices
      where m.job = ${request} and m.waiting = 1 and devices.id = m.device_id
        and ${withinScope(scope)}`.execute(this.#database.db);
    return Number(rows[0]?.count ?? 0);
  }

  /** Counts the commands that have rows in `commands`. */
  async #count(request: CommandId, scope: CommandScope): Promise<Counted> {
    // One pass counts all states, because grouping would first sort 100,000 rows.
    const states = COMMAND_STATES.map(
      (state) => sql`sum(case when c.state = ${state} then 1 else 0 end) as ${sql.ref(state)}`,
    );
    const { rows } = await sql<Counted>`
      select count(*) as rows, count(c.displayed_at) as displayed, ${sql.join(states)}
      from commands c ${scope === null ? sql`where ${ofRequest(request)}` : ofScope(request, scope)}`.execute(
      this.#database.db,
    );
    const [counted] = rows;
    if (!counted) throw new Error('a count has no result');
    return counted;
  }

  async #failures(job: Schema['jobs'], scope: CommandScope, most: number): Promise<RequestProgress['failures']> {
    const { db } = this.#database;
    const id = commandIdSchema.parse(job.id);
    const { rows: stored } = await sql<Failure>`
      select c.device_id, devices.person_name, c.state, c.detail from commands c ${ofScope(id, scope)}
      and c.state in ('failed', 'expired', 'canceled') order by c.id limit ${most}`.execute(db);
    const room = job.ended_as === null ? 0 : most - stored.length;
    const { rows: others } =
      room === 0
        ? { rows: [] }
        : await sql<Failure>`
            select m.device_id, devices.person_name, cast(${job.ended_as} as text) as state,
              cast(${job.ended_detail} as text) as detail
            from job_members m cross join devices
            where m.job = ${id} and m.waiting = 1 and devices.id = m.device_id and ${withinScope(scope)}
            order by m.device_id limit ${room}`.execute(db);
    return [...stored, ...others].map(({ device_id, person_name, state, detail }) => ({
      device: deviceIdSchema.parse(device_id),
      user: person_name,
      state,
      detail,
    }));
  }
}

function jobRecordOf(job: Schema['jobs']): JobRecord {
  const { changed_at: at, changed_by: by, reason } = job;
  return {
    id: commandIdSchema.parse(job.id),
    name: job.name,
    command: parseCommand(job.body),
    createdBy: job.created_by,
    createdAt: job.created_at,
    expiresAt: job.expires_at,
    plan: planOf(job),
    progress: progressOf(job),
    ...termsOf(job),
    supersedes: job.supersedes,
    after: job.after_job === null ? null : commandIdSchema.parse(job.after_job),
    devices: job.devices,
    refused: JSON.parse(job.refused).length,
    changed: at === null ? null : { at, by, reason },
  };
}

/** Condition on the commands `c` of a job. A failed attempt that another attempt follows does not count. */
const ofRequest = (request: CommandId): RawBuilder<unknown> => sql`${commandsOf(request, 'c')} and c.retried is null`;

const ofScope = (request: CommandId, scope: CommandScope): RawBuilder<unknown> =>
  sql`cross join devices where ${ofRequest(request)} and devices.id = c.device_id and ${withinScope(scope)}`;
