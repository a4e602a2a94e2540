import { CordonError } from '../../shared/errors.ts';
import { envelopeSchema } from '../../shared/order/documents.ts';
import { updateChannelSchema } from '../../shared/software/update-channel.ts';
import type { UpdateChannelStore as Port, Publication } from '../update-channels/ports.ts';
import type { Database } from './database.ts';

export class UpdateChannelStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  readonly publications = async (): Promise<Publication[]> => {
    const rows = await this.#database.db
      .selectFrom('update_channels as c')
      .innerJoin('packages as p', 'p.sha256', 'c.sha256')
      .select(['c.channel', 'c.revision', 'c.sha256', 'c.published_at', 'c.published_by'])
      .select(['p.version', 'p.architecture', 'p.envelope'])
      .orderBy('c.channel')
      .orderBy('c.revision', 'desc')
      .execute();
    return rows.flatMap(({ channel, revision, sha256, version, architecture, envelope, published_at, published_by }) =>
      envelope === null
        ? []
        : [
            {
              channel: updateChannelSchema.parse(channel),
              revision,
              sha256,
              version,
              architecture,
              envelope: envelopeSchema.parse(JSON.parse(envelope)),
              publishedAt: published_at,
              publishedBy: published_by,
            },
          ],
    );
  };

  publish(
    { channel, sha256, publishedAt, publishedBy }: Parameters<Port['publish']>[0],
    { uploader, signer }: Parameters<Port['publish']>[1],
    most: number,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const unchanged = await tx
        .selectFrom('packages')
        .select('sha256')
        .where('sha256', '=', sha256)
        .where('uploader', '=', uploader)
        .where('signer', '=', signer)
        .executeTakeFirst();
      if (!unchanged) {
        const detail = 'The package was deleted, uploaded or signed again since. Read it again, and then publish it.';
        throw new CordonError('conflict', detail, { sha256 });
      }
      const newest = await tx
        .selectFrom('update_channels')
        .select(({ fn }) => fn.max<number | null>('revision').as('revision'))
        .where('channel', '=', channel)
        .executeTakeFirstOrThrow();
      const revision = Number(newest.revision ?? 0) + 1;
      await tx
        .insertInto('update_channels')
        .values({ channel, revision, sha256, published_at: publishedAt, published_by: publishedBy })
        .execute();
      await tx
        .deleteFrom('update_channels')
        .where('channel', '=', channel)
        .where('revision', '<=', revision - most)
        .execute();
    });
  }
}
