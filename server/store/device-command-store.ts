import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { step } from '../commands/lifecycle.ts';
import type { CommandReport, DisplayReport, PendingCommand, DeviceCommandStore as Port } from '../commands/ports.ts';
import { workspaceEventOf } from '../devices/workspace.ts';
import { roundsOf, tableOf } from './bulk.ts';
import { kindOf, parseCommand, recordOf } from './command-rows.ts';
import type { Database, Db, Tx } from './database.ts';
import { type MemberRow, memberRowOf, membersById, OPEN, storeMembers } from './job-members.ts';
import { keyedQuery } from './keyed-query.ts';
import type { Schema } from './schema.ts';
import { storeWorkspaceReports, type WorkspaceReport } from './workspace-rows.ts';

type Applied = Awaited<ReturnType<Port['report']>>;
interface PendingReport {
  readonly report: CommandReport;
  applied: Applied;
}

interface PendingDisplay {
  readonly report: DisplayReport;
  found: boolean;
}

export class DeviceCommandStore implements Port {
  readonly #report: (pending: PendingReport) => Promise<void>;
  readonly #display: (pending: PendingDisplay) => Promise<void>;
  readonly #selectQueued: ReturnType<typeof queuedIn>;
  readonly #queued = createBatcher((devices: readonly DeviceId[]) => this.#readQueued(devices));

  constructor(database: Database) {
    this.#selectQueued = queuedIn(database.db);
    this.#display = database.grouped(async (tx, rows: readonly PendingDisplay[]) => {
      for (const round of roundsOf(rows, ({ report }) => report.id)) await storeDisplays(tx, round);
    });
    this.#report = database.grouped(async (tx, rows: readonly PendingReport[]) => {
      for (const round of roundsOf(rows, ({ report }) => report.id)) await storeReports(tx, round);
    });
  }

  async pending(device: DeviceId, generation: number, now: number): Promise<PendingCommand[]> {
    const queued = (await this.#queued(device)) ?? [];
    return queued.filter(({ record }) => record.generation === generation && record.expiresAt > now);
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
      if (row.job === null) return { record: recordOf(row, commandOf), lockSecret: null };
      const member = memberRowOf({ ...row, id: row.job, ended_at: null, ended_as: null, ended_detail: null });
      return { record: recordOf(member, commandOf), lockSecret: row.lock_secret };
    });
    pending.sort(({ record: a }, { record: b }) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    return Map.groupBy(pending, ({ record }) => record.device);
  }

  async report(report: CommandReport): Promise<Applied> {
    const pending: PendingReport = { report, applied: null };
    await this.#report(pending);
    return pending.applied;
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
    .select(['id', 'device_id', 'generation', 'state', 'kind'])
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
  const moves: (string | number | null)[][] = [];
  const moved: MemberRow[] = [];
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
    each.applied = { kind, moved: next !== row.state && next !== 'refuse' };
    if (next === row.state || next === 'refuse') continue;
    const finished_at = next === 'stored' ? null : at;
    if (member) moved.push({ ...member, state: next, stored_at: at, finished_at, detail });
    else moves.push([id, next, at, finished_at, detail]);
    const workspace = next === 'done' ? workspaceEventOf(kind) : null;
    if (workspace) workspaces.push({ device, generation, event: workspace, at: report.domainAt });
  }
  if (moves.length > 0) {
    const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text'], moves);
    await sql`update commands set
        state = v.column2,
        stored_at = coalesce(stored_at, v.column3),
        finished_at = v.column4,
        detail = v.column5
      from ${table} as v where id = v.column1`.execute(tx);
  }
  await storeMembers(tx, moved);
  if (workspaces.length > 0) await storeWorkspaceReports(tx, workspaces);
}

/** Only the first report about a command is stored. `displays` contains each command id once. */
async function storeDisplays(tx: Tx, displays: readonly PendingDisplay[]): Promise<void> {
  // The report may overtake the acknowledgment of a job's message. The message then gets its row now.
  const members = await membersById(
    tx,
    displays.map(({ report }) => report),
  );
  const early = displays.flatMap(({ report: { id, generation } }) => {
    const member = members.get(id);
    return member?.kind === 'message' && member.generation === generation ? [member] : [];
  });
  await storeMembers(tx, early);
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

interface QueuedRow extends Omit<Schema['commands'], 'request'> {
  readonly job: string | null;
  readonly lock_secret: string | null;
}

/** Queued commands to single devices, and the devices' commands in open jobs that have no row in `commands`. */
const queuedIn = (db: Db) =>
  keyedQuery<QueuedRow>(db, (devices) => {
    const keys = sql.join(devices);
    const query = sql<QueuedRow>`
      select id, device_id, generation, kind, body, state, created_by, created_at, expires_at, stored_at, finished_at, detail,
        displayed_at, displayed_on, null as job, null as lock_secret
      from commands where device_id in (${keys}) and state = 'queued'
      union all
      select '', m.device_id, m.generation, j.kind, j.body, 'queued', j.created_by, j.created_at, j.expires_at, null, null, null,
        null, null, j.id, j.lock_secret
      from jobs j cross join job_members m
      where ${OPEN} and m.job = j.id and m.device_id in (${keys}) and m.waiting = 1`;
    return { compile: () => query.compile(db) };
  });
