import { type RawBuilder, sql } from 'kysely';
import { type Command, commandSchema, displayedOnSchema } from '../../shared/protocol/frames.ts';
import { commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { CommandRecord, Displayed } from '../commands/command-record.ts';
import { DESTROYING, movedBy } from '../commands/lifecycle.ts';
import type { Tx } from './database.ts';
import type { Schema } from './schema.ts';

/** Cancels the open commands of a device. Call this inside the transaction that ends the device's enrollment. */
export async function cancelCommandsOf(tx: Tx, device: DeviceId, at: number, detail: string): Promise<void> {
  await tx
    .updateTable('commands')
    .set({ state: 'canceled', finished_at: at, detail })
    .where('device_id', '=', device)
    .where('state', 'in', movedBy('ended'))
    .execute();
}

/** Cancels destructive commands that wait when an admin places a legal hold. `of`: SQL condition on `devices`. */
export async function cancelDestruction(tx: Tx, of: RawBuilder<unknown>, at: number): Promise<void> {
  await sql`update commands set state = 'canceled', finished_at = ${at}, detail = 'A legal hold was placed.'
    where state in (${sql.join(movedBy('cancel'))}) and kind in (${sql.join([...DESTROYING])})
      and device_id in (select id from devices where ${of})`.execute(tx);
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

export function recordOf(row: Schema['commands'], commandOf = parseCommand): CommandRecord {
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

function displayedOf({ displayed_at: at, displayed_on: on }: Schema['commands']): Displayed | null {
  return at === null ? null : { at, on: displayedOnSchema.parse(on) };
}
