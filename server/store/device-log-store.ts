import { type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceLog, DeviceLogStore as Port } from '../device-logs/device-logs.ts';
import type { Database } from './database.ts';

/** Maximum number of logs of one device in a list. A device has few logs, because each expires after a week. */
const LISTED = 50;

export class DeviceLogStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async put({ command, device, at, size, bytes }: Parameters<Port['put']>[0]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('device_logs').where('command_id', '=', command).execute();
      await tx
        .insertInto('device_logs')
        .values({ command_id: command, device_id: device, at, size, body: bytes })
        .execute();
    });
  }

  async list(device: DeviceId): Promise<DeviceLog[]> {
    const rows = await this.#database.db
      .selectFrom('device_logs')
      .select(['command_id', 'at', 'size'])
      .where('device_id', '=', device)
      .orderBy('at', 'desc')
      .limit(LISTED)
      .execute();
    return rows.map(({ command_id, at, size }) => ({ command: commandIdSchema.parse(command_id), at, size }));
  }

  async bytes(device: DeviceId, command: CommandId): Promise<Buffer | null> {
    const row = await this.#database.db
      .selectFrom('device_logs')
      .select('body')
      .where('command_id', '=', command)
      .where('device_id', '=', device)
      .executeTakeFirst();
    return row?.body ?? null;
  }
}
