import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import {
  accountIdSchema,
  type CommandId,
  personIdSchema,
  type ScriptId,
  scriptIdSchema,
} from '../../shared/protocol/ids.ts';
import { INTERPRETERS } from '../../shared/scripts/limits.ts';
import { parseScriptStatement } from '../../shared/scripts/statement.ts';
import type {
  OutputPiece,
  ScriptStore as Port,
  Review,
  Script,
  ScriptSettings,
  ScriptVersion,
} from '../scripts/ports.ts';
import { appendEntry } from './append-entries.ts';
import { parseCommand } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';
import type { Schema } from './schema.ts';

const SETTINGS = 'scripts.settings';
const settingsSchema = z.strictObject({ on: z.boolean(), at: z.int().nullable(), by: z.string().nullable() });
const reviewsSchema = z.array(
  z.strictObject({
    keyid: z.string(),
    sig: z.string(),
    person: personIdSchema,
    account: accountIdSchema,
    name: z.string(),
    at: z.int(),
  }),
);

export class ScriptStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async settings(): Promise<ScriptSettings> {
    const text = await getMeta(this.#database.db, SETTINGS);
    return text === null ? { on: false, at: null, by: null } : settingsSchema.parse(JSON.parse(text));
  }

  saveSettings(settings: ScriptSettings, entry: EntryDraft<'scripts.switched'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await setMeta(tx, SETTINGS, JSON.stringify(settings));
      await appendEntry(tx, entry);
    });
  }

  async scripts(): Promise<Script[]> {
    const rows = await this.#database.db
      .selectFrom('scripts')
      .innerJoin('script_versions', 'script_versions.script_id', 'scripts.id')
      .select(({ fn }) => ['scripts.id', 'scripts.name', 'scripts.created_at', fn.max('version').as('newest')])
      .groupBy(['scripts.id', 'scripts.name', 'scripts.created_at'])
      .orderBy('scripts.name')
      .execute();
    return rows.map((row) => ({
      id: scriptIdSchema.parse(row.id),
      name: row.name,
      createdAt: row.created_at,
      newestVersion: Number(row.newest),
    }));
  }

  async versions(script: ScriptId, before: number | null, limit: number): Promise<ScriptVersion[]> {
    const rows = await this.#database.db
      .selectFrom('script_versions')
      .selectAll()
      .where('script_id', '=', script)
      .$if(before !== null, (all) => all.where('version', '<', before ?? 0))
      .orderBy('version', 'desc')
      .limit(limit)
      .execute();
    return rows.map(versionOf);
  }

  async version(script: ScriptId, version: number): Promise<ScriptVersion | null> {
    const row = await versionRow(this.#database.db, script, version);
    return row ? versionOf(row) : null;
  }

  async newestVersions(): Promise<ScriptVersion[]> {
    const rows = await this.#database.db
      .selectFrom('script_versions as v')
      .selectAll('v')
      .where(({ eb, selectFrom }) =>
        eb(
          'v.version',
          '=',
          selectFrom('script_versions as n')
            .select(({ fn }) => fn.max('n.version').as('newest'))
            .whereRef('n.script_id', '=', 'v.script_id'),
        ),
      )
      .execute();
    return rows.map(versionOf);
  }

  insert(script: Script, first: ScriptVersion, most: number, entry: EntryDraft<'script.version'>): Promise<void> {
    const { id, name, createdAt } = script;
    return this.#database.transaction(async (tx) => {
      const same = await tx.selectFrom('scripts').select('id').where('name', '=', name).executeTakeFirst();
      if (same) throw new CordonError('conflict', 'Another script has this name. Choose another name.', { name });
      const { count } = await tx
        .selectFrom('scripts')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= most) {
        throw new CordonError('conflict', `There are ${most} scripts. Add a version to one of them instead.`);
      }
      await tx.insertInto('scripts').values({ id, name, created_at: createdAt }).execute();
      await tx.insertInto('script_versions').values(rowOf(first)).execute();
      await appendEntry(tx, entry);
    });
  }

  addVersion(version: ScriptVersion, entry: EntryDraft<'script.version'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { newest } = await tx
        .selectFrom('script_versions')
        .select(({ fn }) => fn.max('version').as('newest'))
        .where('script_id', '=', version.script)
        .executeTakeFirstOrThrow();
      if (newest === null) throw new CordonError('not_found', 'There is no such script.', { id: version.script });
      if (Number(newest) !== version.version - 1) {
        const detail = `The script now has version ${newest}. Read it, and write your version again.`;
        throw new CordonError('conflict', detail, { newest: Number(newest) });
      }
      await tx.insertInto('script_versions').values(rowOf(version)).execute();
      await appendEntry(tx, entry);
    });
  }

  addReview(script: ScriptId, version: number, review: Review, entry: EntryDraft<'script.reviewed'>): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const row = await versionRow(tx, script, version);
      if (!row || row.withdrawn_at !== null) return false;
      const others = versionOf(row).reviews.filter(({ keyid }) => keyid !== review.keyid);
      await tx
        .updateTable('script_versions')
        .set({ reviews: JSON.stringify([...others, review]) })
        .where('script_id', '=', script)
        .where('version', '=', version)
        .execute();
      await appendEntry(tx, entry);
      return true;
    });
  }

  withdraw(
    script: ScriptId,
    version: number,
    { at, by }: NonNullable<ScriptVersion['withdrawn']>,
    entry: EntryDraft<'script.withdrawn'>,
  ): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const row = await versionRow(tx, script, version);
      if (!row || row.withdrawn_at !== null) return row !== undefined;
      await tx
        .updateTable('script_versions')
        .set({ withdrawn_at: at, withdrawn_by: by })
        .where('script_id', '=', script)
        .where('version', '=', version)
        .execute();
      await appendEntry(tx, entry);
      return true;
    });
  }

  addOutput({ command, device, generation, offset, text, at }: OutputPiece, mark: number): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const row = await tx
        .selectFrom('commands')
        .select(['body', 'state'])
        .where('id', '=', command)
        .where('device_id', '=', device)
        .where('generation', '=', generation)
        .executeTakeFirst();
      const run = row?.state === 'stored' ? parseCommand(row.body) : null;
      if (run?.kind !== 'run-script') {
        throw new CordonError('not_found', 'This enrollment of the device runs no such script.', { id: command });
      }
      const last = await tx
        .selectFrom('script_outputs')
        .select(['byte_offset', 'bytes'])
        .where('command_id', '=', command)
        .orderBy('byte_offset', 'desc')
        .limit(1)
        .executeTakeFirst();
      const length = last ? last.byte_offset + last.bytes : 0;
      if (offset < length) return;
      if (offset > length) {
        throw new CordonError(
          'conflict',
          `The output of the script has ${length} bytes, and the device continued at ${offset}.`,
        );
      }
      const bytes = Buffer.byteLength(text);
      const version = await versionRow(tx, run.script, run.version);
      if (length + bytes > (version?.output ?? 0) * 1024 + mark) {
        throw new CordonError('too_large', 'The device sent more output than the script allows.', { id: command });
      }
      await tx
        .insertInto('script_outputs')
        .values({ command_id: command, byte_offset: offset, device_id: device, bytes, text, at })
        .execute();
    });
  }

  async output(command: CommandId, from: number, pieces: number): Promise<{ text: string; next: number }> {
    const rows = await this.#database.db
      .selectFrom('script_outputs')
      .select(['byte_offset', 'bytes', 'text'])
      .where('command_id', '=', command)
      .where('byte_offset', '>=', from)
      .orderBy('byte_offset')
      .limit(pieces)
      .execute();
    const last = rows.at(-1);
    return { text: rows.map(({ text }) => text).join(''), next: last ? last.byte_offset + last.bytes : from };
  }
}

const versionRow = (db: Tx | Database['db'], script: ScriptId, version: number) =>
  db
    .selectFrom('script_versions')
    .selectAll()
    .where('script_id', '=', script)
    .where('version', '=', version)
    .executeTakeFirst();

const rowOf = (version: ScriptVersion): Schema['script_versions'] => ({
  script_id: version.script,
  version: version.version,
  purpose: version.purpose,
  interpreter: version.interpreter,
  body: version.text,
  seconds: version.seconds,
  memory: version.memory,
  output: version.output,
  payload: version.payload,
  digest: version.digest,
  author: version.author,
  created_by: version.createdBy,
  created_at: version.createdAt,
  expires_at: version.expiresAt,
  reviews: JSON.stringify(version.reviews),
  withdrawn_at: version.withdrawn?.at ?? null,
  withdrawn_by: version.withdrawn?.by ?? null,
});

const versionOf = (row: Schema['script_versions']): ScriptVersion => ({
  script: scriptIdSchema.parse(row.script_id),
  version: row.version,
  purpose: row.purpose,
  interpreter: z.enum(INTERPRETERS).parse(row.interpreter),
  text: row.body,
  seconds: row.seconds,
  memory: row.memory,
  output: row.output,
  // The signed statement is the only place that has them.
  arguments: parseScriptStatement(Buffer.from(row.payload)).arguments ?? [],
  payload: row.payload,
  digest: row.digest,
  author: personIdSchema.parse(row.author),
  createdBy: accountIdSchema.parse(row.created_by),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  reviews: reviewsSchema.parse(JSON.parse(row.reviews)),
  withdrawn:
    row.withdrawn_at === null || row.withdrawn_by === null
      ? null
      : { at: row.withdrawn_at, by: accountIdSchema.parse(row.withdrawn_by) },
});
