import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { UNREPORTED, type Workspace, type WorkspaceEvent, workspaceAfter } from '../devices/workspace.ts';
import { type DeviceEvent, insertEvents } from './activity-rows.ts';
import { insertOf } from './bulk.ts';
import { markFacts } from './changed-facts.ts';
import type { Tx } from './database.ts';

export interface WorkspaceReport {
  readonly device: DeviceId;
  readonly generation: number;
  readonly event: WorkspaceEvent;
  readonly at: number;
}

/** Stores workspace states. `reports`: in order of arrival. A report from an earlier enrollment changes nothing. */
export async function storeWorkspaceReports(tx: Tx, reports: readonly WorkspaceReport[]): Promise<void> {
  if (reports.length === 0) return;
  const ids = [...new Set(reports.map(({ device }) => device))];
  const rows = await tx.selectFrom('device_workspaces').selectAll().where('device_id', 'in', ids).execute();
  const known = new Map<string, Workspace & { readonly generation: number }>(rows.map((row) => [row.device_id, row]));
  const events: DeviceEvent[] = [];
  for (const { device, generation, event, at } of reports) {
    const before = known.get(device);
    if (before && before.generation > generation) continue;
    const workspace = before?.generation === generation ? before : UNREPORTED;
    const after = workspaceAfter(workspace, event, at);
    if (after.state !== workspace.state) events.push({ device, at, action: WORKSPACE_EVENTS[after.state] });
    known.set(device, { generation, ...pick(after) });
  }
  await insertEvents(tx, events);
  const table = insertOf(
    'device_workspaces',
    { device_id: 'text', generation: 'bigint', state: 'text', since: 'bigint' },
    [...known].map(([device, { generation, state, since }]) => [device, generation, state, since]),
  );
  await sql`${table} on conflict (device_id) do update set
    generation = excluded.generation, state = excluded.state, since = excluded.since`.execute(tx);
  await markFacts(tx, ids, 'workspace');
}

const WORKSPACE_EVENTS = {
  open: 'device.workspace-unlocked',
  locked: 'device.workspace-locked',
  wiped: 'device.workspace-wiped',
} as const;

const pick = ({ state, since }: Workspace): Workspace => ({ state, since });
