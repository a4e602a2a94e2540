/** Files in parts, which `files` and `packages` share. */
import { CordonError } from '../../shared/errors.ts';
import type { UploadStore as Port, Upload } from '../uploads.ts';
import type { Database, Tx } from './database.ts';

/** Tables of files, each with the table of its parts. */
const PARTS = { files: 'file_parts', packages: 'package_chunks' } as const;
type FileTable = keyof typeof PARTS;

export class UploadStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async append(upload: string, position: number, body: Buffer): Promise<void> {
    await this.#database.db.insertInto('upload_parts').values({ upload, position, body }).execute();
  }

  async part(upload: string, position: number): Promise<Buffer | null> {
    const row = await this.#database.db
      .selectFrom('upload_parts')
      .select('body')
      .where('upload', '=', upload)
      .where('position', '=', position)
      .executeTakeFirst();
    return row?.body ?? null;
  }

  async discard(upload: string): Promise<void> {
    await this.#database.db.deleteFrom('upload_parts').where('upload', '=', upload).execute();
  }

  readonly discardAll = async (): Promise<void> => {
    await this.#database.db.deleteFrom('upload_parts').execute();
  };
}

/** Makes the parts of an upload the parts of its file. The row of the file must exist. */
export async function takeParts(tx: Tx, table: FileTable, { id, sha256, parts }: Upload): Promise<void> {
  for (let position = 0; position < parts; position += 1) {
    await tx
      .insertInto(PARTS[table])
      .columns(['sha256', 'position', 'body'])
      .expression((from) =>
        from
          .selectFrom('upload_parts')
          .select(({ val }) => [val(sha256).as('sha256'), 'position', 'body'])
          .where('upload', '=', id)
          .where('position', '=', position),
      )
      .execute();
  }
}

/** Throws `too_large` if the files of the table have more than `most` bytes. */
export async function requireRoom(
  tx: Tx,
  table: FileTable | 'fetched_files',
  most: number,
  detail: string,
): Promise<void> {
  const { all } = await tx
    .selectFrom(table)
    .select(({ fn }) => fn.sum<number>('size').as('all'))
    .executeTakeFirstOrThrow();
  if (Number(all) > most) throw new CordonError('too_large', detail, { most });
}

export async function partOf(
  { db }: Database,
  table: FileTable,
  sha256: string,
  position: number,
): Promise<Buffer | null> {
  const row = await db
    .selectFrom(PARTS[table])
    .select('body')
    .where('sha256', '=', sha256)
    .where('position', '=', position)
    .executeTakeFirst();
  return row?.body ?? null;
}

/** Deletes a file with its parts. Returns false if there is no such file. */
export async function deleteFile(tx: Tx, table: FileTable, sha256: string): Promise<boolean> {
  await tx.deleteFrom(PARTS[table]).where('sha256', '=', sha256).execute();
  const { numDeletedRows } = await tx.deleteFrom(table).where('sha256', '=', sha256).executeTakeFirst();
  return numDeletedRows > 0n;
}
