/** Store of all versions of the operator's own groups of countries and polygons. */
import { type OrderArea, parseOrderArea } from '../../shared/areas/area-code.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { revisionSchema } from '../../shared/order/documents.ts';
import { accountIdSchema } from '../../shared/protocol/ids.ts';
import type { AreaContent, KnownArea, NamedArea, NamedAreaStore as Port } from '../jurisdiction/ports.ts';
import type { Database, Tx } from './database.ts';

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
      const { members, polygon } = contentOf(newest);
      const code = parseOrderArea(newest.code);
      return { code, members, polygon, ...versionOf(newest), earlier: earlier.map(versionOf) };
    });
  }

  addNamedArea(
    { code, title, members, polygon, madeAt, madeBy }: Omit<NamedArea, 'version'>,
    check: (newest: AreaContent | null) => void,
  ): Promise<NamedArea> {
    return this.#database.transaction(async (tx) => {
      const newest = await newestOf(tx, code);
      check(newest ? contentOf(newest) : null);
      const version = (newest?.version ?? 0) + 1;
      const body = JSON.stringify({ members, polygon });
      const made = { created_at: madeAt, created_by: madeBy };
      await tx
        .insertInto('named_areas')
        .values({ code, version, title, body, ...made })
        .execute();
      return { code, version, title, members, polygon, madeAt, madeBy };
    });
  }

  removeNamedArea(code: OrderArea, check: (newest: AreaContent) => void): Promise<string[] | null> {
    return this.#database.transaction(async (tx) => {
      const newest = await newestOf(tx, code);
      if (!newest) return null;
      check(contentOf(newest));
      // LIKE may also match a title that contains the area's code, so each match is parsed. A code contains no wildcard.
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
      await tx.deleteFrom('named_areas').where('code', '=', code).execute();
      return [];
    });
  }
}

const newestOf = (tx: Tx, code: OrderArea) =>
  tx
    .selectFrom('named_areas')
    .select(['version', 'body'])
    .where('code', '=', code)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();

/** The area is not validated again, because the store contains only validated areas. */
const contentOf = ({ body }: { body: string }): AreaContent => JSON.parse(body);

const versionOf = (row: { version: number; title: string; created_at: number; created_by: string }) => ({
  version: row.version,
  title: row.title,
  madeAt: row.created_at,
  madeBy: accountIdSchema.parse(row.created_by),
});
