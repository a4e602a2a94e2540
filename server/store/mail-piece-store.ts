import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { MailPieceStore as Port, StoredPiece } from '../mail/ports.ts';
import type { Enrollment } from '../relay/ports.ts';
import type { Database } from './database.ts';

export class MailPieceStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put({ id, enrollment, bytes, sha256, at }: StoredPiece, most: number): Promise<void> {
    const { device, generation } = enrollment;
    return this.#database.transaction(async (tx) => {
      const known = await tx
        .selectFrom('mail_pieces')
        .select(['device_id', 'generation', 'sha256'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (known) {
        if (known.device_id === device && known.generation === generation && known.sha256 === sha256) return;
        throw new CordonError('conflict', 'Another piece has this name. Choose a new name.');
      }
      const { held } = await tx
        .selectFrom('mail_pieces')
        .select(({ fn }) => fn.sum<number | null>('size').as('held'))
        .where('device_id', '=', device)
        .where('mail', 'is', null)
        .executeTakeFirstOrThrow();
      if (Number(held ?? 0) + bytes.length > most) {
        const detail =
          'The device has uploaded too many pieces that no mail names. The server deletes them after a day. Try again later.';
        throw new CordonError('unavailable', detail, { most });
      }
      await tx
        .insertInto('mail_pieces')
        .values({ id, device_id: device, generation, sha256, size: bytes.length, at, mail: null, body: bytes })
        .execute();
    });
  }

  async size(id: string, { device, generation }: Enrollment, dueOnly: boolean): Promise<number | null> {
    const { rows } = await sql<{ size: number }>`
      select p.size from mail_pieces p
        inner join mail_entries e on e.mail = p.mail
        inner join mail_queues q on q.device_id = e.device_id
      where p.id = ${id} and e.device_id = ${device} and q.generation = ${generation}
        and (${dueOnly ? 0 : 1} = 1 or e.due = 1)`.execute(this.#database.db);
    return rows[0]?.size ?? null;
  }

  async part(id: string, from: number, length: number): Promise<Buffer | null> {
    // The offset is increased by 1, because `substr` counts from 1 in both databases.
    const { rows } = await sql<{ part: Buffer }>`
      select substr(body, cast(${from + 1} as integer), cast(${length} as integer)) as part from mail_pieces
      where id = ${id}`.execute(this.#database.db);
    return rows[0]?.part ?? null;
  }
}
