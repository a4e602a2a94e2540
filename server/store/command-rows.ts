import { type RawBuilder, sql } from 'kysely';
import { prioritySchema } from '../../shared/protocol/command-kinds.ts';
import { commandWindowSchema } from '../../shared/protocol/command-window.ts';
import { type Command, commandSchema } from '../../shared/protocol/frames.ts';
import { type CommandId, commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { displayedOnSchema } from '../../shared/protocol/report-item.ts';
import { REQUEST_PREFIX } from '../commands/command-id-for.ts';
import type { CommandRecord, Displayed } from '../commands/command-record.ts';
import { DESTROYING, movedBy } from '../commands/lifecycle.ts';
import type { JobTerms } from '../commands/ports.ts';
import type { Tx } from './database.ts';
import { cancelMembers } from './job-members.ts';
import { type Ended, stepJobs, toLost } from './job-progress.ts';
import type { Schema } from './schema.ts';

/** Cancels the open commands of a device. Call this inside the transaction that ends the device's enrollment. */
export async function cancelCommandsOf(tx: Tx, device: DeviceId, at: number, detail: string): Promise<void> {
  const ended = await tx
    .updateTable('commands')
    .set({ state: 'canceled', finished_at: at, detail })
    .where('device_id', '=', device)
    .where('state', 'in', movedBy('ended'))
    .returning(['request', 'device_id'])
    .execute();
  await stepJobs(tx, ended.map(toLost), at);
  await cancelMembers(tx, sql`m.device_id = ${device}`, at, detail);
}

/** Cancels destructive commands that wait when an admin places a legal hold. `of`: SQL condition on `devices`. */
export async function cancelDestruction(tx: Tx, of: RawBuilder<unknown>, at: number): Promise<void> {
  const detail = 'A legal hold was placed.';
  const destroying = sql.join([...DESTROYING]);
  const { rows: canceled } = await sql<Ended>`
    update commands set state = 'canceled', finished_at = ${at}, detail = ${detail}
    where state in (${sql.join(movedBy('cancel'))}) and kind in (${destroying})
      and device_id in (select id from devices where ${of})
    returning request, device_id`.execute(tx);
  await stepJobs(tx, canceled.map(toLost), at);
  const held = sql`j.kind in (${destroying}) and m.device_id in (select id from devices where ${of})`;
  await cancelMembers(tx, held, at, detail);
}

export function kindOf(kind: string): Command['kind'] {
  return (
    commandSchema.options.map((option) => option.shape.kind.value).find((value) => value === kind) ?? unknownKind(kind)
  );
}

function unknownKind(kind: string): never {
  throw new Error(`the store has a command of the unknown kind ${kind}`);
}

/**
 * Condition on the commands of a job. The ids of these commands begin with the same characters (`commandIdFor`), so they are one range of
 * the primary key. `table`: alias of the table `commands`.
 */
export function commandsOf(job: CommandId, table = 'commands'): RawBuilder<unknown> {
  const from = job.slice(0, REQUEST_PREFIX);
  const [id, request] = [sql.ref(`${table}.id`), sql.ref(`${table}.request`)];
  return sql`${id} >= ${from} and ${id} < ${`${from}~`} and ${request} = ${job}`;
}

/** Conditions of a job under which a device runs its command. */
export const termsOf = ({ priority, time_window }: Pick<Schema['jobs'], 'priority' | 'time_window'>): JobTerms => ({
  priority: prioritySchema.nullable().parse(priority),
  window: time_window === null ? null : commandWindowSchema.parse(JSON.parse(time_window)),
});

export const parseCommand = (body: string): Command => commandSchema.parse(JSON.parse(body));

export function recordOf(row: Omit<Schema['commands'], 'retried'>, commandOf = parseCommand): CommandRecord {
  return {
    id: commandIdSchema.parse(row.id),
    device: deviceIdSchema.parse(row.device_id),
    generation: row.generation,
    command: commandOf(row.body),
    state: row.state,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    storedAt: row.stored_at,
    finishedAt: row.finished_at,
    detail: row.detail,
    displayed: displayedOf(row),
    job: row.request === null ? null : commandIdSchema.parse(row.request),
    attempt: row.attempt ?? 1,
    notBefore: row.not_before,
    cancelRequestedAt: row.cancel_requested,
  };
}

function displayedOf({
  displayed_at: at,
  displayed_on: on,
}: Pick<Schema['commands'], 'displayed_at' | 'displayed_on'>): Displayed | null {
  return at === null ? null : { at, on: displayedOnSchema.parse(on) };
}
