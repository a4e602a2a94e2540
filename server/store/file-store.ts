import { type CommandId, commandIdSchema, type DeviceId } from '../../shared/protocol/ids.ts';
import type { FileStore as Port, ReceivedFile, StoredFile } from '../files/ports.ts';
import type { Upload } from '../uploads.ts';
import type { Database } from './database.ts';
import { deleteFile, partOf, requireRoom, takeParts } from './file-parts.ts';
import type { FileTables } from './schema/files.ts';

const MOST_LISTED = 1000;
/** Fetched files of one device in a list. A device has few, because each expires after a week. */
const MOST_RECEIVED_LISTED = 50;

export class FileStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put({ sha256, ...stored }: StoredFile, upload: Upload, most: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { name, size, note, uploadedAt: uploaded_at, uploadedBy: uploaded_by } = stored;
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('files')
        .values({ sha256, name, size, note, uploaded_at, uploaded_by })
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return false;
      await requireRoom(tx, 'files', most, `All files together may have at most ${most} bytes. Delete old ones.`);
      await takeParts(tx, 'files', upload);
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

  part(sha256: string, position: number): Promise<Buffer | null> {
    return partOf(this.#database, 'files', sha256, position);
  }

  delete(sha256: string): Promise<boolean> {
    return this.#database.transaction((tx) => deleteFile(tx, 'files', sha256));
  }

  async putReceived(file: Parameters<Port['putReceived']>[0], most: number): Promise<void> {
    const { command: command_id, device: device_id, name, reason, at, size, bytes: body } = file;
    await this.#database.transaction(async (tx) => {
      await tx.deleteFrom('fetched_files').where('command_id', '=', command_id).execute();
      await tx.insertInto('fetched_files').values({ command_id, device_id, name, reason, at, size, body }).execute();
      const detail = `Fetched files together may have at most ${most} bytes. The server deletes old ones after some days.`;
      await requireRoom(tx, 'fetched_files', most, detail);
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
