import { CordonError } from '../../shared/errors.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import type { PackageStore as Port, StoredPackage } from '../packages/ports.ts';
import type { Upload } from '../uploads.ts';
import type { Database, Tx } from './database.ts';
import { deleteFile, partOf, requireRoom, takeParts } from './file-parts.ts';
import type { PackageTables } from './schema/packages.ts';

export class PackageStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(stored: StoredPackage, upload: Upload, most: number): Promise<boolean> {
    const { sha256, size } = stored;
    return this.#database.transaction(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('packages')
        .values({
          sha256,
          name: stored.name,
          version: stored.version,
          architecture: stored.architecture,
          size,
          note: stored.note,
          uploaded_at: stored.uploadedAt,
          uploaded_by: stored.uploadedBy,
          envelope: null,
          signed_by: null,
          format: stored.format === 'rpm' ? 'rpm' : null,
          uploader: stored.uploader,
          signer: null,
        })
        .onConflict((conflict) => conflict.column('sha256').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return false;
      await requireRoom(tx, 'packages', most, `All packages together may have at most ${most} bytes. Delete old ones.`);
      await takeParts(tx, 'packages', upload);
      return true;
    });
  }

  readonly list = async (): Promise<StoredPackage[]> => {
    const rows = await this.#database.db
      .selectFrom('packages')
      .selectAll()
      .orderBy('name')
      .orderBy('uploaded_at', 'desc')
      .orderBy('sha256')
      .limit(MOST_LISTED)
      .execute();
    return rows.map(packageOf);
  };

  async get(sha256: string): Promise<StoredPackage | null> {
    const row = await this.#database.db
      .selectFrom('packages')
      .selectAll()
      .where('sha256', '=', sha256)
      .executeTakeFirst();
    return row ? packageOf(row) : null;
  }

  async sign(
    { sha256, uploader }: Pick<StoredPackage, 'sha256' | 'uploader'>,
    envelope: Envelope,
    by: { readonly account: string; readonly person: PersonId },
  ): Promise<void> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('packages')
      .set({ envelope: JSON.stringify(envelope), signed_by: by.account, signer: by.person })
      .where('sha256', '=', sha256)
      .where('uploader', '=', uploader)
      .where('envelope', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) return;
    const detail = 'A person has signed, deleted or uploaded this package since. Read it again.';
    throw new CordonError('conflict', detail, { sha256 });
  }

  chunk(sha256: string, position: number): Promise<Buffer | null> {
    return partOf(this.#database, 'packages', sha256, position);
  }

  delete(sha256: string): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      await requireUnpublished(tx, sha256);
      await tx.deleteFrom('update_channels').where('sha256', '=', sha256).execute();
      return deleteFile(tx, 'packages', sha256);
    });
  }
}

const MOST_LISTED = 1000;

/** Throws `conflict` if the package is the newest of its architecture on an update channel. */
async function requireUnpublished(tx: Tx, sha256: string): Promise<void> {
  const own = await tx
    .selectFrom('update_channels as c')
    .innerJoin('packages as p', 'p.sha256', 'c.sha256')
    .select(['c.channel', 'c.revision', 'p.architecture'])
    .where('c.sha256', '=', sha256)
    .execute();
  for (const { channel, revision, architecture } of own) {
    const later = await tx
      .selectFrom('update_channels as c')
      .innerJoin('packages as p', 'p.sha256', 'c.sha256')
      .select('c.revision')
      .where('c.channel', '=', channel)
      .where('p.architecture', '=', architecture)
      .where('c.revision', '>', revision)
      .executeTakeFirst();
    if (later) continue;
    throw new CordonError(
      'conflict',
      `The update channel ${channel} has this package. Publish another package on the channel first.`,
      { channel },
    );
  }
}

const personIn = (id: string | null): PersonId | null => (id === null ? null : personIdSchema.parse(id));

function packageOf(row: PackageTables['packages']): StoredPackage {
  const {
    sha256,
    name,
    version,
    architecture,
    size,
    note,
    uploaded_at,
    uploaded_by,
    envelope,
    signed_by,
    format,
    uploader,
    signer,
  } = row;
  return {
    sha256,
    name,
    version,
    architecture,
    format: format ?? 'deb',
    size,
    note,
    uploadedAt: uploaded_at,
    uploadedBy: uploaded_by,
    envelope: envelope === null ? null : envelopeSchema.parse(JSON.parse(envelope)),
    signedBy: signed_by,
    uploader: personIn(uploader),
    signer: personIn(signer),
  };
}
