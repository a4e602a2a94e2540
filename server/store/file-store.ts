import { CordonError } from '../../shared/errors.ts';
import { type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';
import type { FileStore as Port, ReceivedFile, StoredFile } from '../files/ports.ts';
import type { Database } from './database.ts';
import type { FileTables } from './schema/files.ts';

const MOST_LISTED = 1000;
/** Fetched files of one device in a list. A device has few, because each expires after a week. */
const MOST_RECEIVED_LISTED = 50;

export class FileStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put({ sha256, ...stored }: StoredFile, parts: readonly Buffer[], most: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { name, size, note, uploadedAt: uploaded_at, uploadedBy: uploaded_by } = stored;
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('files')
        .values({ sha256, name, size, note, uploaded_at, uploaded_by })
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return false;
      const { all } = await tx
        .selectFrom('files')
        .select(({ fn }) => fn.sum<number>('size').as('all'))
        .executeTakeFirstOrThrow();
      if (Number(all) > most) {
        throw new CordonError('too_large', `All files together may have at most ${most} bytes. Delete old ones.`);
      }
      for (const [position, body] of parts.entries()) {
        await tx.insertInto('file_parts').values({ sha256, position, body }).execute();
      }
      return true;
    });
  }

  readonly list = async (): Promise<StoredFile[]> => {
    const rows = await this.#database.db
      .selectFrom('files')
      .selectAll()
      .orderBy('name')
      .orderBy('sha256')
      .limit(MOST_LISTED)
      .execute();
    return rows.map(fileOf);
  };

  async get(sha256: string): Promise<StoredFile | null> {
    const row = await this.#database.db.selectFrom('files').selectAll().where('sha256', '=', sha256).executeTakeFirst();
    return row ? fileOf(row) : null;
  }

  async part(sha256: string, position: number): Promise<Buffer | null> {
    const row = await this.#database.db
      .selectFrom('file_parts')
      .select('body')
      .where('sha256', '=', sha256)
      .where('position', '=', position)
      .executeTakeFirst();
    return row?.body ?? null;
  }

  delete(sha256: string): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      await tx.deleteFrom('file_parts').where('sha256', '=', sha256).execute();
      const { numDeletedRows } = await tx.deleteFrom('files').where('sha256', '=', sha256).executeTakeFirst();
      return numDeletedRows > 0n;
    });
  }

  async putReceived(file: Parameters<Port['putReceived']>[0], most: number): Promise<void> {
    const { command: command_id, device: device_id, name, reason, at, size, bytes: body } = file;
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('fetched_files').where('command_id', '=', command_id).execute();
      await tx.insertInto('fetched_files').values({ command_id, device_id, name, reason, at, size, body }).execute();
      const { all } = await tx
        .selectFrom('fetched_files')
        .select(({ fn }) => fn.sum<number>('size').as('all'))
        .executeTakeFirstOrThrow();
      if (Number(all) > most) {
        const detail = `Fetched files together may have at most ${most} bytes. The server deletes old ones after some days.`;
        throw new CordonError('too_large', detail);
      }
    });
  }

  async listReceived(device: DeviceId): Promise<ReceivedFile[]> {
    const rows = await this.#database.db
      .selectFrom('fetched_files')
      .select(['command_id', 'name', 'reason', 'at', 'size'])
      .where('device_id', '=', device)
      .orderBy('at', 'desc')
      .orderBy('command_id')
      .limit(MOST_RECEIVED_LISTED)
      .execute();
    return rows.map(({ command_id, ...file }) => ({ command: commandIdSchema.parse(command_id), ...file }));
  }

  async received(device: DeviceId, command: CommandId): Promise<{ name: string; bytes: Buffer } | null> {
    const row = await this.#database.db
      .selectFrom('fetched_files')
      .select(['name', 'body'])
      .where('command_id', '=', command)
      .where('device_id', '=', device)
      .executeTakeFirst();
    return row ? { name: row.name, bytes: row.body } : null;
  }
}

function fileOf({ sha256, name, size, note, uploaded_at, uploaded_by }: FileTables['files']): StoredFile {
  return { sha256, name, size, note, uploadedAt: uploaded_at, uploadedBy: uploaded_by };
}
