import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ReportedWorkspace, UNREPORTED, type WorkspaceEvent, workspaceAfter } from '../devices/workspace.ts';
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

type Known = ReportedWorkspace & { readonly generation: number };

/** Stores workspace states. `reports`: in order of arrival. A report from an earlier enrollment changes nothing. */
export async function storeWorkspaceReports(tx: Tx, reports: readonly WorkspaceReport[]): Promise<void> {
  if (reports.length === 0) return;
  const ids = [...new Set(reports.map(({ device }) => device))];
  const known = await knownWorkspaces(tx, ids);
  const passcodes = new Set<string>();
  const events: DeviceEvent[] = [];
  for (const { device, generation, event, at } of reports) {
    const before = known.get(device);
    if (before && before.generation > generation) continue;
    const workspace = before?.generation === generation ? before : UNREPORTED;
    const after = workspaceAfter(workspace, event, at);
    const action = eventBetween(workspace.state, after.state);
    if (action) events.push({ device, at, action });
    if (after.passcode !== workspace.passcode || before?.generation !== generation) passcodes.add(device);
    known.set(device, { ...after, generation });
  }
  await insertEvents(tx, events);
  const table = insertOf(
    'device_workspaces',
    { device_id: 'text', generation: 'bigint', state: 'text', since: 'bigint' },
    [...known].map(([device, { generation, state, since }]) => [device, generation, state, since]),
  );
  await sql`${table} on conflict (device_id) do update set
    generation = excluded.generation, state = excluded.state, since = excluded.since`.execute(tx);
  await storePasscodes(
    tx,
    [...known].flatMap(([device, { generation, passcode }]) =>
      passcodes.has(device) ? [[device, generation, passcode] as const] : [],
    ),
  );
  await markFacts(tx, ids, 'workspace');
}

async function knownWorkspaces(tx: Tx, ids: readonly DeviceId[]): Promise<Map<string, Known>> {
  const rows = await tx
    .selectFrom('device_workspaces as w')
    .leftJoin('device_passcodes as p', (join) =>
      join.onRef('p.device_id', '=', 'w.device_id').onRef('p.generation', '=', 'w.generation'),
    )
    .select(['w.device_id', 'w.generation', 'w.state', 'w.since', 'p.state as passcode'])
    .where('w.device_id', 'in', ids)
    .execute();
  return new Map(
    rows.map(({ device_id, generation, state, since, passcode }) => [
      device_id,
      { generation, state, since, passcode: passcode ?? UNREPORTED.passcode },
    ]),
  );
}

/** Most devices have no passcode, and no row. */
async function storePasscodes(tx: Tx, rows: readonly (readonly [DeviceId | string, number, string])[]): Promise<void> {
  const ended = rows.flatMap(([device, , passcode]) => (passcode === 'none' ? [device] : []));
  if (ended.length > 0) await tx.deleteFrom('device_passcodes').where('device_id', 'in', ended).execute();
  const set = rows.filter(([, , passcode]) => passcode !== 'none');
  if (set.length === 0) return;
  const table = insertOf('device_passcodes', { device_id: 'text', generation: 'bigint', state: 'text' }, set);
  await sql`${table} on conflict (device_id) do update set
    generation = excluded.generation, state = excluded.state`.execute(tx);
}

const WORKSPACE_EVENTS = {
  open: 'device.workspace-unlocked',
  locked: 'device.workspace-locked',
  wiped: 'device.workspace-wiped',
} as const;

/** Event of the activity log. A wait for the passcode has no event, because a list of such events would show when the user works. */
function eventBetween(before: ReportedWorkspace['state'], after: ReportedWorkspace['state']) {
  const [from, to] = [before, after].map((state) => (state === 'passcode' ? 'open' : state)) as [Logged, Logged];
  return from === to ? null : WORKSPACE_EVENTS[to];
}
type Logged = keyof typeof WORKSPACE_EVENTS;
