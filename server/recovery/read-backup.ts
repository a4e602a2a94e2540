/** Reads a backup twice. The first pass checks every part against the manifest, which is the last part. The second pass uses the parts. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isKeyFile } from './create-backup.ts';
import { MANIFEST, type Manifest, manifestSchema } from './manifest.ts';
import type { TableRows } from './ports.ts';
import { decodeRows } from './row-encoding.ts';
import { damaged, readTar, type TarEntry } from './tar.ts';

export type OpenArchive = () => Promise<AsyncIterable<Uint8Array>>;

/** Verifies a backup. Throws `backup_damaged` if a part is missing, additional or different from the manifest. */
export async function verifyBackup(open: OpenArchive): Promise<Manifest> {
  const found: Manifest['parts'][number][] = [];
  let manifest: Manifest | null = null;
  for await (const { name, body } of entriesOf(open)) {
    if (manifest) throw damaged('the archive has entries after the manifest');
    if (name === MANIFEST) manifest = readManifest(body);
    else found.push({ name, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') });
  }
  if (!manifest) throw damaged('the manifest is missing');
  const { parts } = manifest;
  const differs = parts.findIndex(
    ({ name, bytes, sha256 }, at) =>
      name !== found[at]?.name || bytes !== found[at].bytes || sha256 !== found[at].sha256,
  );
  if (differs >= 0) throw damaged(`${parts[differs]?.name} differs from the manifest`);
  if (parts.length !== found.length) throw damaged('the archive has parts that the manifest does not list');
  const strange = parts.find(({ name }) => kindOf(name) === null);
  if (strange) throw damaged(`${strange.name} is not a part of a backup`);
  return manifest;
}

export async function* tablesOf(open: OpenArchive): AsyncGenerator<TableRows> {
  for await (const { name, body } of entriesOf(open)) if (kindOf(name) === 'store') yield decodeRows(body);
}

export async function keysOf(open: OpenArchive): Promise<ReadonlyMap<string, Buffer>> {
  const keys = new Map<string, Buffer>();
  for await (const { name, body } of entriesOf(open)) {
    if (kindOf(name) === 'keys') keys.set(name.slice('keys/'.length), body);
  }
  return keys;
}

export async function* ipDatabaseOf(open: OpenArchive): AsyncGenerator<Buffer> {
  for await (const { name, body } of entriesOf(open)) if (kindOf(name) === 'ip') yield body;
}

/** Only names that a backup can contain are accepted, because names become paths. */
function kindOf(name: string): 'store' | 'keys' | 'ip' | null {
  if (/^store\/\d{8}-[a-z_]+\.jsonl$/.test(name)) return 'store';
  if (name.startsWith('keys/') && isKeyFile(name.slice('keys/'.length))) return 'keys';
  if (/^ip\/[0-9a-f]{64}\.mmdb\/\d{6}$/.test(name)) return 'ip';
  return null;
}

async function* entriesOf(open: OpenArchive): AsyncGenerator<TarEntry> {
  try {
    yield* readTar(await open());
  } catch (error) {
    // An error without the field `code` comes from the age library, and means that the backup is damaged.
    if (error instanceof Error && !('code' in error)) throw damaged('its end cannot be decrypted', error);
    throw error;
  }
}

function readManifest(body: Buffer): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(body.toString('utf8')));
  } catch (error) {
    const format = z.looseObject({ format: z.number() }).safeParse(safeJson(body));
    throw damaged(
      format.success && format.data.format !== 1
        ? `it has format ${format.data.format}, which a newer version of Cordon writes`
        : 'its manifest is malformed',
      error,
    );
  }
}

function safeJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
