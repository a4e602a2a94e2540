import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandRecord } from '../commands/command-record.ts';
import { step } from '../commands/lifecycle.ts';
import type { CommandReport, DisplayReport, DeviceCommandStore as Port } from '../commands/ports.ts';
import { workspaceEventOf } from '../devices/workspace.ts';
import { roundsOf, tableOf } from './bulk.ts';
import { kindOf, parseCommand, recordOf } from './command-rows.ts';
import type { Database, Db, Tx } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
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

  async pending(device: DeviceId, generation: number, now: number): Promise<CommandRecord[]> {
    const queued = (await this.#queued(device)) ?? [];
    return queued.filter((command) => command.generation === generation && command.expiresAt > now);
  }

  async #readQueued(devices: readonly DeviceId[]): Promise<Map<DeviceId, CommandRecord[]>> {
    const rows = await this.#selectQueued(devices);
    // Cache of parsed command bodies, because a command to many devices has the same body for each device.
    const parsed = new Map<string, Command>();
    const commandOf = (body: string): Command => {
      const known = parsed.get(body) ?? parseCommand(body);
      parsed.set(body, known);
      return known;
    };
    return Map.groupBy(
      rows.map((row) => recordOf(row, commandOf)),
      ({ device }) => device,
    );
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
  const ids = pending.map(({ report }) => report.id);
  const found = await tx
    .selectFrom('commands')
    .select(['id', 'device_id', 'generation', 'state', 'kind'])
    .where('id', 'in', ids)
    .execute();
  const known = new Map(found.map((row) => [row.id, row]));
  const moves: (string | number | null)[][] = [];
  const workspaces: WorkspaceReport[] = [];
  for (const each of pending) {
    const { report } = each;
    const row = known.get(report.id);
    each.applied = null;
    if (!row || row.device_id !== report.device || row.generation !== report.generation) continue;
    const next = step(row.state, report.event);
    const moved = next !== row.state && next !== 'refuse';
    const kind = kindOf(row.kind);
    each.applied = { kind, moved };
    if (!moved) continue;
    moves.push([report.id, next, report.at, next === 'stored' ? null : report.at, report.detail]);
    const event = next === 'done' ? workspaceEventOf(kind) : null;
    if (event) workspaces.push({ device: report.device, generation: report.generation, event, at: report.domainAt });
  }
  if (moves.length === 0) return;
  const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text'], moves);
  await sql`update commands set
      state = v.column2,
      stored_at = coalesce(stored_at, v.column3),
      finished_at = v.column4,
      detail = v.column5
    from ${table} as v where id = v.column1`.execute(tx);
  await storeWorkspaceReports(tx, workspaces);
}

/** Only the first report about a command is stored. `displays` contains each command id once. */
async function storeDisplays(tx: Tx, displays: readonly PendingDisplay[]): Promise<void> {
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

const queuedIn = (db: Db) =>
  keyedQuery(db, (devices) =>
    db
      .selectFrom('commands')
      .selectAll()
      .where('device_id', 'in', devices)
      .where('state', '=', 'queued')
      .orderBy('created_at')
      .orderBy('id'),
  );
