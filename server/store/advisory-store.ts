/** Store of imported advisories and of the packages that they name. */
import { sql } from 'kysely';
import { z } from 'zod';
import { type AdvisoryPackage, rangesSchema } from '../../shared/inventory/advisory.ts';
import { type SoftwareSource, softwareSourceSchema } from '../../shared/inventory/software.ts';
import type { Advisory, AdvisoryStore as AdvisoryPort, AdvisoryQuery, NewAdvisory } from '../inventory/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { likeText } from './device-list.ts';

const aliasesSchema = z.array(z.string());

interface AdvisoryRow {
  readonly id: string;
  readonly summary: string;
  readonly details: string;
  readonly severity: string | null;
  readonly aliases: string;
  readonly published_at: number | null;
  readonly modified_at: number;
  readonly imported_at: number;
}

interface PackageRow {
  readonly advisory_id: string;
  readonly source: string;
  readonly name: string;
  readonly release: string | null;
  readonly ranges: string;
}

export class AdvisoryStore implements AdvisoryPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  put(advisories: readonly NewAdvisory[]): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const ids = advisories.map(({ advisory }) => advisory.id);
      const stored = new Map((await modified(tx, ids)).map(({ id, modified_at }) => [id, modified_at]));
      const changed = advisories.filter(
        ({ advisory: { id, modifiedAt } }) => (stored.get(id) ?? Number.NEGATIVE_INFINITY) < modifiedAt,
      );
      if (changed.length === 0) return 0;
      await removeRows(
        tx,
        changed.map(({ advisory }) => advisory.id),
      );
      await insertOf(
        'advisories',
        {
          id: 'text',
          summary: 'text',
          details: 'text',
          severity: 'text',
          aliases: 'text',
          published_at: 'bigint',
          modified_at: 'bigint',
          imported_at: 'bigint',
        },
        changed.map(({ advisory: one }) => [
          one.id,
          one.summary,
          one.details,
          one.severity,
          JSON.stringify(one.aliases),
          one.publishedAt,
          one.modifiedAt,
          one.importedAt,
        ]),
      ).execute(tx);
      await insertOf(
        'advisory_packages',
        { advisory_id: 'text', position: 'bigint', source: 'text', name: 'text', release: 'text', ranges: 'text' },
        changed.flatMap(({ advisory, packages }) =>
          packages.map(({ source, name, release, ranges }, position) => [
            advisory.id,
            position,
            source,
            name,
            release,
            JSON.stringify(ranges),
          ]),
        ),
      ).execute(tx);
      return changed.length;
    });
  }

  remove(ids: readonly string[]): Promise<number> {
    return this.#database.transaction((tx) => removeRows(tx, ids));
  }

  async list({ text, after, limit }: AdvisoryQuery): Promise<readonly Advisory[]> {
    const { db, dialect } = this.#database;
    const like = text === null ? null : likeText(dialect, text);
    const conditions = [
      after === null ? sql`1 = 1` : sql`(modified_at, id) < (${after.modifiedAt}, ${after.id})`,
      like === null
        ? sql`1 = 1`
        : sql`(${like('id')} or ${like('summary')} or ${like('aliases')}
        or exists (select 1 from advisory_packages p where p.advisory_id = advisories.id and p.name = ${text}))`,
    ];
    const { rows } = await sql<AdvisoryRow>`select * from advisories where ${sql.join(conditions, sql` and `)}
      order by modified_at desc, id desc limit ${limit}`.execute(db);
    return rows.map(advisoryOf);
  }

  async get(id: string): Promise<Advisory | null> {
    const row = await this.#database.db.selectFrom('advisories').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? advisoryOf(row) : null;
  }

  async packagesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly AdvisoryPackage[]>> {
    const { rows } = await sql<PackageRow>`
      select p.advisory_id, p.source, p.name, p.release, p.ranges from ${tableOf(
        ['text'],
        ids.map((id) => [id]),
      )} as a cross join advisory_packages p where p.advisory_id = a.column1
      order by p.advisory_id, p.position`.execute(this.#database.db);
    const found = new Map<string, AdvisoryPackage[]>();
    for (const row of rows) found.set(row.advisory_id, [...(found.get(row.advisory_id) ?? []), packageOf(row)]);
    return found;
  }

  async naming(
    names: readonly { readonly source: SoftwareSource; readonly name: string }[],
  ): Promise<readonly (AdvisoryPackage & { readonly advisory: string })[]> {
    const { rows } = await sql<PackageRow>`
      select p.advisory_id, p.source, p.name, p.release, p.ranges from ${tableOf(
        ['text', 'text'],
        names.map(({ source, name }) => [source, name]),
      )} as n cross join advisory_packages p where p.name = n.column2 and p.source = n.column1`.execute(
      this.#database.db,
    );
    return rows.map((row) => ({ ...packageOf(row), advisory: row.advisory_id }));
  }
}

async function modified(tx: Tx, ids: readonly string[]): Promise<{ id: string; modified_at: number }[]> {
  const table = tableOf(
    ['text'],
    ids.map((id) => [id]),
  );
  const { rows } = await sql<{ id: string; modified_at: number }>`
    select a.id, a.modified_at from ${table} as v cross join advisories a where a.id = v.column1`.execute(tx);
  return rows;
}

async function removeRows(tx: Tx, ids: readonly string[]): Promise<number> {
  const listed = sql`(select column1 from ${tableOf(
    ['text'],
    ids.map((id) => [id]),
  )} as v)`;
  await sql`delete from advisory_packages where advisory_id in ${listed}`.execute(tx);
  const { rows } = await sql<{ id: string }>`delete from advisories where id in ${listed} returning id`.execute(tx);
  return rows.length;
}

const advisoryOf = (row: AdvisoryRow): Advisory => ({
  id: row.id,
  summary: row.summary,
  details: row.details,
  severity: row.severity,
  aliases: aliasesSchema.parse(JSON.parse(row.aliases)),
  publishedAt: row.published_at,
  modifiedAt: row.modified_at,
  importedAt: row.imported_at,
});

const packageOf = ({ source, name, release, ranges }: PackageRow): AdvisoryPackage => ({
  source: softwareSourceSchema.parse(source),
  name,
  release,
  ranges: rangesSchema.parse(JSON.parse(ranges)),
});
