/**
 * Store of jobs (commands to many devices). A job is one row, and each of its devices is one short row in `job_members`, appended in the
 * order of the primary key.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { type CommandId, commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { waveOf } from '../commands/job-plan.ts';
import { controlled, newProgress } from '../commands/job-step.ts';
import { DESTROYING } from '../commands/lifecycle.ts';
import type {
  JobMember,
  Joiners,
  NewJob,
  OpenJob,
  JobStore as Port,
  RefusedDevice,
  StoredJob,
} from '../commands/ports.ts';
import { appendEntries } from './append-entries.ts';
import { tableOf } from './bulk.ts';
import { commandsOf, parseCommand, termsOf } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import { selected } from './device-list.ts';
import { cancelMembers, DELIVERABLE } from './job-members.ts';
import { applyEvents, type Ended, planOf, progressColumns, stepJobs, toLost } from './job-progress.ts';
import type { Schema } from './schema.ts';
import { SOFTWARE_NUMBER, softwareTest } from './software-condition.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

/** Number of devices that one statement adds to a job. Between two statements, the server does work that needs no store. */
const SLICE = 2_000;

export class JobStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(
    job: NewJob,
    planFor: Parameters<Port['insert']>[1],
    entryOf: Parameters<Port['insert']>[2],
  ): Promise<StoredJob> {
    const { id, command, createdBy: created_by, createdAt, expiresAt, lockSecret, devices, window, joiners } = job;
    return this.#database.transaction(async (tx) => {
      const created = await tx
        .insertInto('jobs')
        .values({
          id,
          kind: command.kind,
          body: JSON.stringify(command),
          created_by,
          created_at: createdAt,
          expires_at: expiresAt,
          devices: 0,
          waiting: 0,
          refused: '[]',
          lock_secret: lockSecret,
          name: job.name,
          state: 'running',
          released: '',
          plan: '',
          progress: '',
          wake: 0,
          priority: job.priority,
          time_window: window && JSON.stringify(window),
          supersedes: job.supersedes,
          after_job: job.after,
          joiners: joiners && JSON.stringify(joiners),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!created) {
        const known = await tx.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
        return storedJobOf(known);
      }
      const refused: RefusedDevice[] = [];
      const accepted: DeviceId[] = [];
      for (let from = 0; from < devices.length; from += SLICE) {
        const slice = devices.slice(from, from + SLICE);
        const beyond = await addMembers(tx, job, slice);
        refused.push(...beyond);
        const without = new Set(beyond.map(({ device }) => device));
        const added = slice.filter((device) => !without.has(device));
        for (const device of added) accepted.push(device);
        if (entryOf) await appendEntries(tx, added.map(entryOf));
        await cancelSuperseded(tx, job, added);
        if (from + SLICE < devices.length) await turn();
      }
      const count = accepted.length;
      if (count === 0 && joiners === null) await tx.deleteFrom('jobs').where('id', '=', id).execute();
      else {
        const { plan, sizes } = planFor(accepted);
        const progress = progressColumns(plan, newProgress(plan, sizes));
        const added = { devices: count, waiting: count, refused: JSON.stringify(refused) };
        const columns = { ...added, ...progress, plan: JSON.stringify(plan) };
        await tx.updateTable('jobs').set(columns).where('id', '=', id).execute();
      }
      return { command, createdBy: created_by, devices: count, refused };
    });
  }

  async get(id: CommandId): Promise<StoredJob | null> {
    const row = await this.#database.db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? storedJobOf(row) : null;
  }

  async open(id: CommandId, now: number): Promise<OpenJob | null> {
    const row = await this.#database.db
      .selectFrom('jobs')
      .select(['body', 'expires_at', 'lock_secret', 'priority', 'time_window'])
      .where('id', '=', id)
      .where('waiting', '>', 0)
      .where('ended_at', 'is', null)
      .where('state', '=', 'running')
      .where('expires_at', '>', now)
      .executeTakeFirst();
    if (!row) return null;
    const { body, expires_at: expiresAt, lock_secret: lockSecret } = row;
    return { id, command: parseCommand(body), expiresAt, lockSecret, ...termsOf(row) };
  }

  async waiting(job: CommandId, after: DeviceId | null, limit: number, now: number): Promise<JobMember[]> {
    // The database returns the whole page as one text. As objects, the rows of 100,000 devices would take twice the time.
    const { rows } = await sql<{ page: string | null }>`
      select string_agg(device_id || ' ' || generation, ',' order by device_id) as page from (
        select m.device_id, m.generation from jobs j cross join job_members m
        where j.id = ${job} and ${DELIVERABLE} and j.expires_at > ${now}
          and m.job = j.id and m.device_id > ${after ?? ''} and m.waiting = 1
        order by m.device_id limit ${limit}) as members`.execute(this.#database.db);
    const page = rows[0]?.page;
    return page ? page.split(',').map(memberOf) : [];
  }

  control(
    job: CommandId,
    control: Parameters<Port['control']>[1],
    { at, by, reason, stop }: Parameters<Port['control']>[2],
  ): ReturnType<Port['control']> {
    return this.#database.transaction(async (tx) => {
      const row = await tx.selectFrom('jobs').selectAll().where('id', '=', job).executeTakeFirst();
      if (!row) return null;
      if (controlled(row.state, control) === 'refuse') return { before: row.state, refused: true };
      if (controlled(row.state, control) === row.state && stop === undefined)
        return { before: row.state, refused: false };
      const plan = stop === undefined ? planOf(row) : { ...planOf(row), stop };
      const changed = { ...row, plan: JSON.stringify(plan) };
      await tx
        .updateTable('jobs')
        .set({ plan: changed.plan, wake: control === 'resume' ? 1 : 0 })
        .where('id', '=', job)
        .execute();
      await applyEvents(tx, changed, [{ kind: control }], at);
      const detail = `The job was aborted by ${by}.`;
      await tx
        .updateTable('jobs')
        .set({
          changed_at: at,
          changed_by: by,
          reason,
          ...(control === 'abort' && { ended_at: at, ended_as: 'canceled' as const, ended_detail: detail }),
        })
        .where('id', '=', job)
        .where('ended_at', 'is', null)
        .execute();
      if (control === 'abort') {
        await sql`update commands set state = 'canceled', finished_at = ${at}, detail = ${detail}
          where ${commandsOf(job)} and state = 'queued'`.execute(tx);
      }
      return { before: row.state, refused: false };
    });
  }

  async requestCancel(job: CommandId, at: number, limit: number): Promise<DeviceId[]> {
    const { rows } = await sql<{ device_id: string }>`
      update commands set cancel_requested = ${at} where id in (
        select id from commands where ${commandsOf(job)} and state = 'stored' and cancel_requested is null limit ${limit})
      returning device_id`.execute(this.#database.db);
    return rows.map(({ device_id }) => deviceIdSchema.parse(device_id));
  }

  async takeReleased(): Promise<CommandId[]> {
    const rows = await this.#database.db
      .updateTable('jobs')
      .set({ wake: 0 })
      .where('wake', '=', 1)
      .returning('id')
      .execute();
    return rows.map(({ id }) => commandIdSchema.parse(id));
  }

  async takeDue(now: number, limit: number): Promise<DeviceId[]> {
    const { rows } = await sql<{ device_id: string }>`
      update commands set not_before = null where id in (
        select id from commands where not_before is not null and not_before <= ${now} limit ${limit})
      returning device_id`.execute(this.#database.db);
    return rows.map(({ device_id }) => deviceIdSchema.parse(device_id));
  }

  async join(devices: readonly DeviceId[], now: Parameters<Port['join']>[1]): Promise<Set<DeviceId>> {
    const open = await this.#database.db
      .selectFrom('jobs')
      .select(['id', 'joiners'])
      .where('joiners', 'is not', null)
      .where('ended_at', 'is', null)
      .where('expires_at', '>', now.real)
      .execute();
    const joined = new Set<DeviceId>();
    for (const { id, joiners } of open) {
      if (joiners === null) continue;
      for (const device of await this.#joinOne(id, JSON.parse(joiners), devices, now)) joined.add(device);
    }
    return joined;
  }

  /** Adds those devices to the job that match its filter and are not in the job yet. */
  async #joinOne(
    job: string,
    { filter, scope, addresses = [] }: Joiners,
    devices: readonly DeviceId[],
    now: Parameters<Port['join']>[1],
  ): Promise<DeviceId[]> {
    const { db, dialect } = this.#database;
    const matching = selected(dialect, { filter: { ...filter, status: 'active' }, scope, addresses, now: now.domain });
    const test = await softwareTest(this.#database, filter.where);
    const { rows: found } = await sql<{ id: string; generation: number; number: number | null }>`
      select devices.id, devices.generation, ${SOFTWARE_NUMBER} as number from devices where devices.id in (${sql.join(devices)}) and ${matching}
        and not exists (select 1 from job_members m where m.job = ${job} and m.device_id = devices.id)`.execute(db);
    const rows = test === null ? found : found.filter(({ number }) => test(number));
    if (rows.length === 0) return [];
    return this.#database.transaction(async (tx): Promise<DeviceId[]> => {
      const row = await tx.selectFrom('jobs').selectAll().where('id', '=', job).executeTakeFirst();
      if (!row || row.ended_at !== null) return [];
      const table = tableOf(
        ['text', 'bigint'],
        rows.map(({ id, generation }) => [id, generation]),
      );
      const { rows: added } = await sql<{ device_id: string }>`
        insert into job_members (job, device_id, generation, waiting)
        select cast(${job} as text), devices.id, devices.generation, 1 from ${table} as v cross join devices
        where devices.id = v.column1 and devices.generation = v.column2 and devices.status = 'active'
        on conflict (job, device_id) do nothing returning device_id`.execute(tx);
      if (added.length === 0) return [];
      const plan = planOf(row);
      await tx
        .updateTable('jobs')
        .set((eb) => ({ devices: eb('devices', '+', added.length), waiting: eb('waiting', '+', added.length) }))
        .where('id', '=', job)
        .execute();
      const members = added.map(({ device_id }) => deviceIdSchema.parse(device_id));
      const events = members.map((device) => ({ kind: 'joined' as const, wave: waveOf(plan, device) }));
      await applyEvents(tx, row, events, now.real);
      return members;
    });
  }
}

/**
 * Cancels commands with the same key in older jobs, if the devices have not stored them. `devices`: devices that get the command of the new
 * job.
 */
async function cancelSuperseded(
  tx: Tx,
  { id, supersedes, createdAt }: NewJob,
  devices: readonly DeviceId[],
): Promise<void> {
  if (supersedes === null || devices.length === 0) return;
  const detail = 'A newer command replaced this command.';
  const older = await tx
    .selectFrom('jobs')
    .select('id')
    .where('supersedes', '=', supersedes)
    .where('id', '<>', id)
    .where('ended_at', 'is', null)
    .execute();
  if (older.length === 0) return;
  const jobs = sql.join(older.map((job) => job.id));
  const keys = sql`(select v.column1 from ${tableOf(
    ['text'],
    devices.map((device) => [device]),
  )} as v)`;
  const { rows } = await sql<Ended>`
    update commands set state = 'canceled', finished_at = ${createdAt}, detail = ${detail}
    where state = 'queued' and request in (${jobs}) and device_id in ${keys} returning request, device_id`.execute(tx);
  await stepJobs(tx, rows.map(toLost), createdAt);
  await cancelMembers(tx, sql`j.id in (${jobs}) and m.device_id in ${keys}`, createdAt, detail);
}

/**
 * Reads one device from the text of a page. The device ids were checked when the job was stored. Checking 100,000 ids again would take
 * longer than reading them.
 */
function memberOf(text: string): JobMember {
  const end = text.indexOf(' ');
  return { device: text.slice(0, end) as DeviceId, generation: Number(text.slice(end + 1)) };
}

function storedJobOf({ body, created_by, devices, refused }: Schema['jobs']): StoredJob {
  return { command: parseCommand(body), createdBy: created_by, devices, refused: JSON.parse(refused) };
}

/** Adds devices to a job. Returns the devices that get no command, with the reasons. */
async function addMembers(tx: Tx, { id, command }: NewJob, devices: readonly DeviceId[]): Promise<RefusedDevice[]> {
  const requested = tableOf(
    ['text'],
    devices.map((device) => [device]),
  );
  const destroys = DESTROYING.has(command.kind);
  const { numAffectedRows } = await sql`
    insert into job_members (job, device_id, generation, waiting)
    select cast(${id} as text), devices.id, devices.generation, 1 from ${requested} as v cross join devices
    where devices.id = v.column1 and devices.status = 'active'
      ${destroys ? sql`and not ${UNDER_LEGAL_HOLD}` : sql``}`.execute(tx);
  if (Number(numAffectedRows) === devices.length) return [];
  const { rows } = await sql<{ device: DeviceId; status: string | null }>`
    select v.column1 as device, (select devices.status from devices where devices.id = v.column1) as status
    from ${requested} as v
    where not exists (select 1 from job_members m where m.job = ${id} and m.device_id = v.column1)`.execute(tx);
  return rows.map(({ device, status }) => ({
    device,
    code: status === null ? 'not_found' : status === 'active' ? 'legal_hold' : 'conflict',
  }));
}
