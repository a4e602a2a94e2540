/**
 * Store of the installation's identity. The key folder has a copy (`certs/installation-file.ts`). The server compares both at its start, so
 * that it never uses a database with the keys of another installation.
 */
import { bindingSchema, type InstallationBinding } from '../../certs/installation-file.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Db, Tx } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const KEY = 'binding';

export interface StoreIdentity {
  /** Id of the installation; null if the store was never used. */
  readonly installation: string | null;
  readonly binding: InstallationBinding | null;
  /** SHA-256 fingerprints of the CA certificates. */
  readonly roots: readonly string[];
  readonly issuing: readonly string[];
  /** Newest checkpoint of the ledger, as a signed note. */
  readonly checkpoint: string | null;
}

export async function readStoreIdentity(db: Db | Tx): Promise<StoreIdentity> {
  const certificates = await db
    .selectFrom('certificates')
    .select(['profile', 'fingerprint'])
    // Certificates of the CA belong to no device, so the query finds them with the index on the device column.
    .where('device_id', 'is', null)
    .where('profile', 'in', ['root', 'issuing'])
    .execute();
  const checkpoint = await db
    .selectFrom('checkpoints')
    .select('note')
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  const of = (profile: string) =>
    certificates.filter((row) => row.profile === profile).map(({ fingerprint }) => fingerprint);
  return {
    installation: await getMeta(db, 'installation'),
    binding: parse(await getMeta(db, KEY)),
    roots: of('root'),
    issuing: of('issuing'),
    checkpoint: checkpoint?.note ?? null,
  };
}

export async function bindStore(db: Db | Tx, binding: InstallationBinding): Promise<void> {
  await setMeta(db, KEY, JSON.stringify(bindingSchema.parse(binding)));
}

function parse(text: string | null): InstallationBinding | null {
  if (text === null) return null;
  try {
    return bindingSchema.parse(JSON.parse(text));
  } catch (error) {
    const detail = 'The record "binding" in the table "meta" is damaged. Restore a backup with `cordon restore`.';
    throw new CordonError('store_incompatible', detail, {}, error);
  }
}
