/** Rows of the activity log inside the transaction of the change that they record: serious events of devices and of the server. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { NewActivity, Target } from '../activity/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';

/** Maximum number of targets that one statement stores for an entry: at its begin, and at its end. `target_count` has the true number. */
export const MOST_TARGETS = 10_000;
const LONGEST_AGENT = 200;

export interface DeviceEvent {
  readonly device: string | null;
  /** Person of the device, if the caller has already read the device. Another read would make more transactions fail on PostgreSQL. */
  readonly person?: string;
  readonly at: number;
  /** Name of the event, such as `device.revoked`. */
  readonly action: string;
  /** Further targets, such as the order that a device enforces. */
  readonly targets?: readonly Target[];
}

export async function insertActivity(tx: Tx, entry: NewActivity): Promise<number> {
  const { actor, targets, at, kind, via, credential, address, agent, action, outcome, count = 1, until = null } = entry;
  const { id } = await tx
    .insertInto('activity_entries')
    .values({
      at,
      until_at: until,
      count,
      kind,
      actor_kind: actor.kind,
      actor: actor.id,
      via,
      credential,
      address: address === '' ? null : address,
      agent: agent?.slice(0, LONGEST_AGENT) ?? null,
      action,
      outcome,
      target_count: targets.length,
      salt: newSalt(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await insertTargets(
    tx,
    targets.slice(0, MOST_TARGETS).map((target) => ({ entry: id, ...target })),
  );
  return id;
}

type StoredTarget = Target & { readonly entry: number; readonly person?: string | undefined };

/** Stores targets. Stores the device's present person too, because a later enrollment may give the device to another person. */
export async function insertTargets(tx: Tx, targets: readonly StoredTarget[]): Promise<void> {
  const known = targets.filter(({ kind, person }) => kind !== 'device' || person !== undefined);
  const unknown = targets.filter(({ kind, person }) => kind === 'device' && person === undefined);
  if (known.length > 0) {
    const rows = insertOf(
      'activity_targets',
      { entry_id: 'bigint', kind: 'text', target: 'text', person_id: 'text' },
      known.map(({ entry, kind, id, person = null }) => [entry, kind, id, person]),
    );
    await sql`${rows} on conflict (entry_id, kind, target) do nothing`.execute(tx);
  }
  if (unknown.length > 0) await insertDeviceTargets(tx, unknown);
}

async function insertDeviceTargets(tx: Tx, targets: readonly StoredTarget[]): Promise<void> {
  const rows = tableOf(
    ['bigint', 'text', 'text'],
    targets.map(({ entry, kind, id }) => [entry, kind, id]),
  );
  await sql`
    insert into activity_targets (entry_id, kind, target, person_id)
    select v.column1, v.column2, v.column3, d.person_id
    from ${rows} as v left join devices d on d.id = v.column3
    where true
    on conflict (entry_id, kind, target) do nothing`.execute(tx);
}

/** Records events of devices and of the server, which need no outcome. */
export async function insertEvents(tx: Tx, events: readonly DeviceEvent[]): Promise<void> {
  if (events.length === 0) return;
  const salted = events.map((event) => ({ ...event, salt: newSalt() }));
  const insert = insertOf(
    'activity_entries',
    {
      at: 'bigint',
      count: 'bigint',
      kind: 'text',
      actor_kind: 'text',
      actor: 'text',
      action: 'text',
      outcome: 'text',
      target_count: 'bigint',
      salt: 'text',
    },
    salted.map(({ device, at, action, targets = [], salt }) => [
      at,
      1,
      'event',
      device === null ? 'server' : 'device',
      device,
      action,
      'ok',
      targets.length + (device === null ? 0 : 1),
      salt,
    ]),
  );
  const { rows } = await sql<{ id: number; salt: string }>`${insert} returning id, salt`.execute(tx);
  const ids = new Map(rows.map(({ id, salt }) => [salt, Number(id)]));
  await insertTargets(
    tx,
    salted.flatMap(({ device, person, targets = [], salt }) => {
      const entry = ids.get(salt) ?? 0;
      return [
        ...(device === null ? [] : [{ entry, kind: 'device', id: device, person }]),
        ...targets.map((target) => ({ entry, ...target })),
      ];
    }),
  );
}

const newSalt = (): string => randomBytes(32).toString('hex');
