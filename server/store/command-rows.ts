import { type RawBuilder, sql } from 'kysely';
import { type Command, commandSchema, displayedOnSchema } from '../../shared/protocol/frames.ts';
import { commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { CommandRecord, Displayed } from '../commands/command-record.ts';
import { DESTROYING, movedBy } from '../commands/lifecycle.ts';
import type { Tx } from './database.ts';
import { cancelMembers } from './job-members.ts';
import type { Schema } from './schema.ts';

/** Cancels the open commands of a device. Call this inside the transaction that ends the device's enrollment. */
export async function cancelCommandsOf(tx: Tx, device: DeviceId, at: number, detail: string): Promise<void> {
  await tx
    .updateTable('commands')
    .set({ state: 'canceled', finished_at: at, detail })
    .where('device_id', '=', device)
    .where('state', 'in', movedBy('ended'))
    .execute();
  await cancelMembers(tx, sql`m.device_id = ${device}`, at, detail);
}

/** Cancels destructive commands that wait when an admin places a legal hold. `of`: SQL condition on `devices`. */
export async function cancelDestruction(tx: Tx, of: RawBuilder<unknown>, at: number): Promise<void> {
  const detail = 'A legal hold was placed.';
  const destroying = sql.join([...DESTROYING]);
  await sql`update commands set state = 'canceled', finished_at = ${at}, detail = ${detail}
    where state in (${sql.join(movedBy('cancel'))}) and kind in (${destroying})
      and device_id in (select id from devices where ${of})`.execute(tx);
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

export const parseCommand = (body: string): Command => commandSchema.parse(JSON.parse(body));

export function recordOf(row: Omit<Schema['commands'], 'request'>, commandOf = parseCommand): CommandRecord {
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
  };
}

function displayedOf({
  displayed_at: at,
  displayed_on: on,
}: Pick<Schema['commands'], 'displayed_at' | 'displayed_on'>): Displayed | null {
  return at === null ? null : { at, on: displayedOnSchema.parse(on) };
}
