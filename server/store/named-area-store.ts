/** Groups and polygons of the operator's own, every version of them. */
import { type AreaCode, parseOrderArea } from '../../shared/areas/area-code.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { revisionSchema } from '../../shared/order/documents.ts';
import { accountIdSchema } from '../../shared/protocol/ids.ts';
import type { KnownArea, NamedArea, NamedAreaStore as Port } from '../jurisdiction/ports.ts';
import type { Database } from './database.ts';

export class NamedAreaStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async namedAreas(): Promise<KnownArea[]> {
    const rows = await this.#database.db
      .selectFrom('named_areas')
      .selectAll()
      .orderBy('code')
      .orderBy('version')
      .execute();
    const versions = Map.groupBy(rows, ({ code }) => code);
    return [...versions.values()].flatMap((all) => {
      const [newest, ...earlier] = all.toReversed();
      if (!newest) return [];
      // What the store holds was checked before it came in.
      const { members, polygon }: Pick<NamedArea, 'members' | 'polygon'> = JSON.parse(newest.body);
      const code = parseOrderArea(newest.code);
      return { code, members, polygon, ...versionOf(newest), earlier: earlier.map(versionOf) };
    });
  }

  addNamedArea({ code, title, members, polygon, madeAt, madeBy }: Omit<NamedArea, 'version'>): Promise<NamedArea> {
    return this.#database.transaction(async (tx) => {
      const { newest } = await tx
        .selectFrom('named_areas')
        .select(({ fn }) => fn.max('version').as('newest'))
        .where('code', '=', code)
        .executeTakeFirstOrThrow();
      const version = (newest ?? 0) + 1;
      const body = JSON.stringify({ members, polygon });
      const made = { made_at: madeAt, made_by: madeBy };
      await tx
        .insertInto('named_areas')
        .values({ code, version, title, body, ...made })
        .execute();
      return { code, version, title, members, polygon, madeAt, madeBy };
    });
  }

  removeNamedArea(code: AreaCode): Promise<string[] | null> {
    return this.#database.transaction(async (tx) => {
      // A code has none of LIKE's own signs. It stands in quotes also where it is somebody's title: what is found is read.
      const candidates = await tx
        .selectFrom('order_revisions')
        .select(['order_number', 'payload'])
        .where('payload', 'like', `%"${code}"%`)
        .orderBy('order_number')
        .execute();
      const naming = candidates.filter(({ payload }) =>
        parseDocument(revisionSchema, Buffer.from(payload)).terms.areas.includes(code),
      );
      if (naming.length > 0) return [...new Set(naming.map(({ order_number }) => order_number))];
      const { numDeletedRows } = await tx.deleteFrom('named_areas').where('code', '=', code).executeTakeFirst();
      return numDeletedRows > 0n ? [] : null;
    });
  }
}

const versionOf = (row: { version: number; title: string; made_at: number; made_by: string }) => ({
  ...{ version: row.version, title: row.title },
  ...{ madeAt: row.made_at, madeBy: accountIdSchema.parse(row.made_by) },
});
