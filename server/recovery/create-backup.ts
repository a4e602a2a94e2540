/**
 * Writes a backup as a stream: store, keys and IP database, each part with its hash, and the manifest at the end. Memory contains only one
 * part at a time.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { FORMAT, MANIFEST, type Manifest, type Part } from './manifest.ts';
import type { SnapshotStore, TableRows } from './ports.ts';
import { encodeRows } from './row-encoding.ts';
import { tarEnd, tarEntry } from './tar.ts';

const FILE_PART = 4 * 1024 * 1024;

export interface BackupContent {
  readonly store: SnapshotStore;
  readonly keyFolder: string;
  readonly version: string;
  readonly authority: string;
  readonly ledgerKey: () => string;
  /** The imported IP database in use; null for the bundled database. */
  readonly ipDatabase: () => { readonly hash: string; readonly name: string; readonly file: string } | null;
  /** Returns the current time of the server's corrected clock, in milliseconds. */
  readonly now: () => number;
}

/** Writes a backup. Calls `write` with each piece of the archive and awaits it. Returns the manifest. */
export async function writeBackup(
  { store, keyFolder, version, authority, ledgerKey, ipDatabase, now }: BackupContent,
  write: (bytes: Buffer) => Promise<void>,
): Promise<Manifest> {
  const parts: Part[] = [];
  const add = async (name: string, body: Buffer) => {
    parts.push({ name, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') });
    await write(tarEntry(name, body));
  };
  return await store.snapshot(async ({ facts, tables }) => {
    const [at, realAt] = [now(), Date.now()];
    let group = 0;
    for await (const rows of tables()) {
      group += 1;
      await add(partName(group, rows), encodeRows(rows));
    }
    for (const name of (await readdir(keyFolder)).filter(isKeyFile).sort()) {
      await add(`keys/${name}`, await readFile(join(keyFolder, name)));
    }
    const database = ipDatabase();
    if (database) {
      let part = 0;
      for await (const bytes of createReadStream(database.file, { highWaterMark: FILE_PART })) {
        part += 1;
        await add(`ip/${database.hash}.mmdb/${String(part).padStart(6, '0')}`, bytes);
      }
    }
    const { dialect, migrations, installation, ledger, versions } = facts;
    const manifest: Manifest = {
      format: FORMAT,
      version,
      installation,
      at,
      realAt,
      dialect,
      migrations: [...migrations],
      ledger: { ...ledger, key: ledgerKey() },
      versions,
      authority,
      ipDatabase: database && { hash: database.hash, name: database.name },
      parts,
    };
    await write(tarEntry(MANIFEST, Buffer.from(JSON.stringify(manifest))));
    await write(tarEnd());
    return manifest;
  });
}

/** Names of the files of the CA and of the key custody. Incomplete files from a crash have different names. */
export const isKeyFile = (name: string): boolean => /^[a-z][a-z-]{0,40}\.(key|crt|json)$/.test(name);

function partName(group: number, { table }: TableRows): string {
  const name = `store/${String(group).padStart(8, '0')}-${table}.jsonl`;
  if (name.length > 100) throw new CordonError('internal', `the table ${table} has too long a name for a backup`);
  return name;
}
