import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { byPriority, priorityOf } from '../../shared/protocol/command-kinds.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';
import { commandIdFor } from '../commands/command-id-for.ts';
import { type JobPlan, nextAttemptAt } from '../commands/job-plan.ts';
import { bucketOf } from '../commands/job-step.ts';
import { step } from '../commands/lifecycle.ts';
import type {
  CommandReport,
  DisplayReport,
  PasscodeReport,
  PendingCommand,
  DeviceCommandStore as Port,
} from '../commands/ports.ts';
import { workspaceEventOf } from '../devices/workspace.ts';
import { roundsOf, tableOf } from './bulk.ts';
import { kindOf, parseCommand, recordOf, termsOf } from './command-rows.ts';
import type { Database, Db, Tx } from './database.ts';
import { DELIVERABLE, type MemberRow, memberRowOf, membersById, storeMembers } from './job-members.ts';
import { bothSteps, type Move, planOf, stepJobs } from './job-progress.ts';
import { keyedQuery } from './keyed-query.ts';
import type { Schema } from './schema.ts';
import { storeWorkspaceReports, type WorkspaceReport } from './workspace-rows.ts';

type Applied = Awaited<ReturnType<Port['report']>>;
interface PendingReport {
  readonly report: CommandReport;
  applied: { -readonly [Key in keyof NonNullable<Applied>]: NonNullable<Applied>[Key] } | null;
}

interface PendingDisplay {
  readonly report: DisplayReport;
  found: boolean;
}

export class DeviceCommandStore implements Port {
  readonly #report: (pending: PendingReport) => Promise<void>;
  readonly #display: (pending: PendingDisplay) => Promise<void>;
  readonly #passcode: (report: WorkspaceReport) => Promise<void>;
  readonly #selectQueued: ReturnType<typeof queuedIn>;
  readonly #queued = createBatcher((devices: readonly DeviceId[]) => this.#readQueued(devices));

  constructor(database: Database) {
    this.#selectQueued = queuedIn(database.db);
    this.#display = database.grouped(async (tx, rows: readonly PendingDisplay[]) => {
      for (const round of roundsOf(rows, ({ report }) => report.id)) await storeDisplays(tx, round);
    });
    this.#passcode = database.grouped(storeWorkspaceReports);
    this.#report = database.grouped(async (tx, rows: readonly PendingReport[]) => {
      for (const round of roundsOf(rows, ({ report }) => report.id)) await storeReports(tx, round);
    });
  }

  async pending(device: DeviceId, generation: number, now: number): Promise<PendingCommand[]> {
    const queued = (await this.#queued(device)) ?? [];
    return queued.filter(
      ({ record }) =>
        record.generation === generation &&
        record.expiresAt > now &&
        (record.notBefore === null || record.notBefore <= now),
    );
  }

  async #readQueued(devices: readonly DeviceId[]): Promise<Map<DeviceId, PendingCommand[]>> {
    const rows = await this.#selectQueued(devices);
    // Cache of parsed command bodies, because a command to many devices has the same body for each device.
    const parsed = new Map<string, Command>();
    const commandOf = (body: string): Command => {
      const known = parsed.get(body) ?? parseCommand(body);
      parsed.set(body, known);
      return known;
    };
    const pending = rows.map((row): PendingCommand => {
      const terms = termsOf(row);
      if (row.job === null) return { record: recordOf(row, commandOf), lockSecret: null, ...terms };
      const member = memberRowOf({ ...row, id: row.job, ended_at: null, ended_as: null, ended_detail: null });
      return { record: recordOf(member, commandOf), lockSecret: row.lock_secret, ...terms };
    });
    pending.sort(
      ({ record: a, priority: first }, { record: b, priority: second }) =>
        byPriority(first ?? priorityOf(a.command.kind), second ?? priorityOf(b.command.kind)) ||
        a.createdAt - b.createdAt ||
        (a.id < b.id ? -1 : 1),
    );
    return Map.groupBy(pending, ({ record }) => record.device);
  }

  async report(report: CommandReport): Promise<Applied> {
    const pending: PendingReport = { report, applied: null };
    await this.#report(pending);
    return pending.applied;
  }

  async passcode({ state, ...report }: PasscodeReport): Promise<void> {
    await this.#passcode({ ...report, event: `passcode-${state}` });
  }

  async displayed(report: DisplayReport): Promise<boolean> {
    const pending: PendingDisplay = { report, found: false };
    await this.#display(pending);
    return pending.found;
  }
}

async function storeReports(tx: Tx, pending: readonly PendingReport[]): Promise<void> {
  const reports = pending.map(({ report }) => report);
  const found = await tx
    .selectFrom('commands')
    .select(['id', 'device_id', 'generation', 'state', 'kind', 'request', 'attempt', 'expires_at'])
    .where(
      'id',
      'in',
      reports.map(({ id }) => id),
    )
    .execute();
  const known = new Map(found.map((row) => [row.id, row]));
  const members = await membersById(
    tx,
    reports.filter(({ id }) => !known.has(id)),
  );
  const rules = await retryRulesOf(tx, reports, [...found, ...members.values()]);
  const changes: (string | number | null)[][] = [];
  const moved: MemberRow[] = [];
  const moves: Move[] = [];
  const attempts: Attempt[] = [];
  const outcomes: { readonly applied: NonNullable<PendingReport['applied']>; readonly job: string }[] = [];
  const completed = new Set<string>();
  const workspaces: WorkspaceReport[] = [];
  for (const each of pending) {
    const { report } = each;
    const { id, device, generation, event, at, detail } = report;
    const member = members.get(id);
    const row = known.get(id) ?? member;
    each.applied = null;
    if (!row || row.device_id !== device || row.generation !== generation) continue;
    const next = step(row.state, event);
    const kind = kindOf(row.kind);
    const applied = {
      kind,
      moved: next !== row.state && next !== 'refuse',
      released: false,
      stopped: false,
      dependents: false,
    };
    each.applied = applied;
    if (!applied.moved || next === 'refuse') continue;
    if (row.request !== null) outcomes.push({ applied, job: row.request });
    if (row.request !== null && next === 'done') completed.add(row.request);
    const finished_at = next === 'stored' ? null : at;
    const attempt = row.attempt ?? 1;
    const retry = next === 'failed' && row.request !== null ? (rules.get(row.request) ?? null) : null;
    const notBefore = nextAttemptAt(retry, { attempt, now: at, expiresAt: row.expires_at });
    const retried = notBefore === null ? null : 1;
    if (notBefore !== null && row.request !== null)
      attempts.push({ id, job: row.request, device, attempt, at, notBefore });
    if (member) moved.push({ ...member, state: next, stored_at: at, finished_at, detail, retried });
    else {
      changes.push([id, next, at, finished_at, detail, retried]);
      const to = retried === 1 ? 'open' : bucketOf(next);
      moves.push({ job: row.request, device, from: bucketOf(row.state), to });
    }
    const workspace = next === 'done' ? workspaceEventOf(kind) : null;
    if (workspace) workspaces.push({ device, generation, event: workspace, at: report.domainAt });
  }
  if (changes.length > 0) {
    const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text', 'bigint'], changes);
    await sql`update commands set
        state = v.column2,
        stored_at = coalesce(stored_at, v.column3),
        finished_at = v.column4,
        detail = v.column5,
        retried = v.column6
      from ${table} as v where id = v.column1`.execute(tx);
  }
  const at = pending.at(-1)?.report.at ?? 0;
  const stepped = bothSteps(await storeMembers(tx, moved, at), await stepJobs(tx, moves, at));
  await insertAttempts(tx, attempts);
  const prerequisites = await prerequisitesAmong(tx, completed);
  for (const { applied, job } of outcomes) {
    applied.released = stepped.released;
    applied.stopped = stepped.stopped;
    applied.dependents = prerequisites.has(job);
  }
  if (workspaces.length > 0) await storeWorkspaceReports(tx, workspaces);
}

/** Retry rules of the jobs about whose commands devices report failures. A job that has ended starts no further attempt. */
async function retryRulesOf(
  tx: Tx,
  reports: readonly CommandReport[],
  rows: readonly Pick<Schema['commands'], 'id' | 'request'>[],
): Promise<ReadonlyMap<string, JobPlan['retry']>> {
  const failed = new Set<string>(reports.filter(({ event }) => event === 'failed').map(({ id }) => id));
  const jobs = new Set(rows.flatMap(({ id, request }) => (failed.has(id) && request !== null ? [request] : [])));
  if (jobs.size === 0) return new Map();
  const plans = await tx
    .selectFrom('jobs')
    .select(['id', 'plan'])
    .where('id', 'in', [...jobs])
    .where('ended_at', 'is', null)
    .execute();
  return new Map(plans.map((row) => [row.id, planOf(row).retry]));
}

/** Prerequisites of those of the given jobs that are open. */
async function prerequisitesAmong(tx: Tx, jobs: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  if (jobs.size === 0) return new Set();
  const rows = await tx
    .selectFrom('jobs')
    .select('after_job')
    .where('after_job', 'in', [...jobs])
    .where('ended_at', 'is', null)
    .execute();
  return new Set(rows.flatMap(({ after_job }) => (after_job === null ? [] : [after_job])));
}

interface Attempt {
  /** Command whose attempt has failed. */
  readonly id: CommandId;
  readonly job: string;
  readonly device: DeviceId;
  readonly attempt: number;
  readonly at: number;
  readonly notBefore: number;
}

/**
 * Adds the command of the next attempt after each failed one, in the transaction that stores the failure. An attempt never begins before the
 * previous one, also after the server's clock was set back, so that time and number of the attempts give one order.
 */
async function insertAttempts(tx: Tx, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return;
  const table = tableOf(
    ['text', 'text', 'bigint', 'bigint', 'bigint'],
    attempts.map(({ id, job, device, attempt, at, notBefore }) => [
      id,
      commandIdFor(commandIdSchema.parse(job), device, attempt + 1),
      attempt + 1,
      at,
      notBefore,
    ]),
  );
  await sql`
    insert into commands (id, device_id, generation, kind, body, state, request, created_by, created_at, expires_at, attempt, not_before)
    select v.column2, c.device_id, c.generation, c.kind, c.body, 'queued', c.request, c.created_by,
      case when v.column4 < c.created_at then c.created_at else v.column4 end, c.expires_at, v.column3, v.column5
    from ${table} as v cross join commands c where c.id = v.column1
    on conflict (id) do nothing`.execute(tx);
}

/** Only the first report about a command is stored. `displays` contains each command id once. */
async function storeDisplays(tx: Tx, displays: readonly PendingDisplay[]): Promise<void> {
  // A display report may arrive before the acknowledgment of a job's message. The message gets its row in that case.
  const members = await membersById(
    tx,
    displays.map(({ report }) => report),
  );
  const early = displays.flatMap(({ report: { id, generation } }) => {
    const member = members.get(id);
    return member?.kind === 'message' && member.generation === generation ? [member] : [];
  });
  await storeMembers(tx, early, displays.at(-1)?.report.at ?? 0);
  const reports = displays.map(({ report: { id, device, generation, at, on } }) => [id, device, generation, at, on]);
  const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text'], reports);
  const { rows } = await sql<{ id: string }>`update commands set
      displayed_at = coalesce(displayed_at, case when v.column4 < created_at then created_at else v.column4 end),
      displayed_on = coalesce(displayed_on, v.column5)
    from ${table} as v
    where id = v.column1 and device_id = v.column2 and generation = v.column3 and kind = 'message'
    returning id`.execute(tx);
  const found = new Set(rows.map(({ id }) => id));
  for (const each of displays) each.found = found.has(each.report.id);
}

interface QueuedRow extends Omit<Schema['commands'], 'retried'> {
  /** Job of a command that has no row in `commands`. */
  readonly job: string | null;
  readonly lock_secret: string | null;
  readonly priority: string | null;
  readonly time_window: string | null;
}

/**
 * Commands that wait for devices: queued commands with a row in `commands`, the devices' commands in running jobs without such a row, and
 * commands that an admin canceled after a device had stored them.
 */
const queuedIn = (db: Db) =>
  keyedQuery<QueuedRow>(db, (devices) => {
    const keys = sql.join(devices);
    const query = sql<QueuedRow>`
      select c.id, c.device_id, c.generation, c.kind, c.body, c.state, c.request, c.created_by, c.created_at, c.expires_at,
        c.stored_at, c.finished_at, c.detail, c.displayed_at, c.displayed_on, c.attempt, c.not_before, c.cancel_requested,
        null as job, null as lock_secret, q.priority, q.time_window
      from commands c left join jobs q on q.id = c.request
      where c.device_id in (${keys}) and (c.state = 'queued' and (q.state is null or q.state = 'running')
        or c.state = 'stored' and c.cancel_requested is not null)
      union all
      select '', m.device_id, m.generation, j.kind, j.body, 'queued', j.id, j.created_by, j.created_at, j.expires_at,
        null, null, null, null, null, null, null, null, j.id, j.lock_secret, j.priority, j.time_window
      from jobs j cross join job_members m
      where j.waiting > 0 and ${DELIVERABLE} and m.job = j.id and m.device_id in (${keys}) and m.waiting = 1`;
    return { compile: () => query.compile(db) };
  });
