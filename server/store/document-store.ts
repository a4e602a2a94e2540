/** Store of documents of legal instruments, and of decision records. The caller encrypts the content of both. */
import { CordonError } from '../../shared/errors.ts';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import type { DocumentRow, DocumentStore as Port, StoredDocument } from '../orders/drafting/order-documents.ts';
import type { DecisionRow } from '../orders/ports.ts';
import type { Database } from './database.ts';

export class DocumentStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async documents(sha256: readonly string[]): Promise<StoredDocument[]> {
    if (sha256.length === 0) return [];
    const rows = await this.#database.db
      .selectFrom('order_documents')
      .select(['sha256', 'media_type', 'size'])
      .where('sha256', 'in', [...sha256])
      .execute();
    return rows.map((row) => ({ sha256: row.sha256, mediaType: row.media_type, bytes: row.size }));
  }

  async document(sha256: string): Promise<DocumentRow | null> {
    const row = await this.#database.db
      .selectFrom('order_documents')
      .selectAll()
      .where('sha256', '=', sha256)
      .executeTakeFirst();
    return row
      ? {
          sha256: row.sha256,
          mediaType: row.media_type,
          bytes: row.size,
          sealed: row.sealed,
          uploadedBy: personIdSchema.parse(row.uploaded_by),
          uploadedAt: row.uploaded_at,
        }
      : null;
  }

  putDocument(document: DocumentRow, most: number): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('order_documents')
        .values({
          sha256: document.sha256,
          media_type: document.mediaType,
          size: document.bytes,
          sealed: document.sealed,
          uploaded_by: document.uploadedBy,
          uploaded_at: document.uploadedAt,
          named: 0,
        })
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return;
      const { unnamed } = await tx
        .selectFrom('order_documents')
        .select(({ fn }) => fn.countAll<number>().as('unnamed'))
        .where('named', '=', 0)
        .executeTakeFirstOrThrow();
      if (Number(unnamed) <= most) return;
      const detail = `The server already keeps ${most} documents that no order names. Propose the order that names them first.`;
      throw new CordonError('too_large', detail, { most });
    });
  }

  async decision(commitment: string): Promise<DecisionRow | null> {
    const row = await this.#database.db
      .selectFrom('order_decisions')
      .select(['commitment', 'sealed'])
      .where('commitment', '=', commitment)
      .executeTakeFirst();
    return row ?? null;
  }
}
