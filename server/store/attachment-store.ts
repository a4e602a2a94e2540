import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { Attachment, AttachmentStore as AttachmentPort } from '../relay/attachments.ts';
import type { Database } from './database.ts';

export class AttachmentStore implements AttachmentPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put({ id, enrollment, bytes, at }: Attachment, limit: { since: number; most: number }): Promise<void> {
    const { device } = enrollment;
    return this.#database.transaction(async (tx) => {
      const known = await tx
        .selectFrom('attachments')
        .select(['device_id', 'body'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (known) {
        if (known.device_id === device && known.body.equals(bytes)) return;
        throw new CordonError('conflict', 'Another attachment has this name. Choose a new name.');
      }
      const { held } = await tx
        .selectFrom('attachments')
        .select(({ fn }) => fn.sum<number | null>('size').as('held'))
        .where('device_id', '=', device)
        .where('at', '>=', limit.since)
        .executeTakeFirstOrThrow();
      if (Number(held ?? 0) + bytes.length > limit.most) {
        const detail =
          'The device has reached the limit for stored attachments. The server deletes attachments after 30 days. Try again then.';
        throw new CordonError('too_large', detail, { most: limit.most });
      }
      await tx
        .insertInto('attachments')
        .values({ id, device_id: device, size: bytes.length, at, body: bytes })
        .execute();
    });
  }

  async size(id: string, since: number): Promise<number | null> {
    const row = await this.#database.db
      .selectFrom('attachments')
      .select('size')
      .where('id', '=', id)
      .where('at', '>=', since)
      .executeTakeFirst();
    return row?.size ?? null;
  }

  async piece(id: string, from: number, length: number): Promise<Buffer | null> {
    // The offset is increased by 1, because `substr` counts from 1 in both databases.
    const { rows } = await sql<{ piece: Buffer }>`
      select substr(body, cast(${from + 1} as integer), cast(${length} as integer)) as piece from attachments
      where id = ${id}`.execute(this.#database.db);
    return rows[0]?.piece ?? null;
  }
}
