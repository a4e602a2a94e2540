/** Decides whether a key folder and a store belong to the same installation. */
import type { InstallationBinding } from '../../certs/installation-file.ts';
import type { KeyFolderContents } from '../../certs/key-folder-contents.ts';
import { CordonError } from '../../shared/errors.ts';
import type { StoreIdentity } from '../store/identity-store.ts';

/**
 * Result of the comparison of the key folder with the store.
 * - `found`: the installation is new, or its first start was interrupted.
 * - `bind`: the key folder and the store belong together, but one of them does not record this yet.
 * - `open`: the key folder and the store both record that they belong together.
 */
export type InstallationVerdict = 'found' | 'bind' | 'open';

export interface DataLocations {
  readonly keys: string;
  readonly store: string;
}

const CAUSES =
  'The usual causes are a volume that is not mounted, and a wrong CORDON_HOME or CORDON_DATABASE_URL. Correct that and start again.';
const RESTORE = 'If the data is lost, restore a backup with `cordon restore`.';

/**
 * Compares the key folder with the store. Throws `installation_mismatch` if they belong to different installations. `store`: null for a
 * missing database, or a database without tables.
 */
export function judgeInstallation(
  keys: KeyFolderContents,
  store: StoreIdentity | null,
  locations: DataLocations,
): InstallationVerdict {
  const refuse = (reason: string, why: string, remedy = `${CAUSES} ${RESTORE}`) =>
    new CordonError('installation_mismatch', `${why} Nothing was changed. ${remedy}`, { reason, ...locations });
  const used = store !== null && (store.binding !== null || store.roots.length > 0) ? store : null;
  const owner = used?.installation ?? 'an unknown installation';

  if (keys.state === 'partial') {
    const remedy = `Restore the key folder from a backup (\`cordon restore\`), or mount the volume that holds it.`;
    throw refuse(
      'keys_partial',
      `The key folder ${locations.keys} is incomplete: ${keys.missing.join(', ')} missing.`,
      remedy,
    );
  }
  if (!used) {
    if (keys.state !== 'complete' || !keys.founded) return 'found';
    const owner = keys.binding ? `of installation ${keys.binding.installation} ` : '';
    throw refuse(
      'store_empty',
      `The key folder ${locations.keys} holds keys ${owner}and the database ${locations.store} is empty.`,
      `${CAUSES} ${RESTORE} To create a new installation, choose an empty CORDON_HOME.`,
    );
  }
  if (keys.state !== 'complete') {
    const fault = keys.state === 'empty' ? 'has no keys' : `is incomplete: ${keys.missing.join(', ')} missing`;
    throw refuse(
      'keys_missing',
      `The database ${locations.store} belongs to ${owner}, and the key folder ${locations.keys} ${fault}.`,
    );
  }
  if (!matches(keys, used)) {
    const other = keys.binding?.installation;
    const origin = other === undefined || other === used.installation ? 'other keys' : `keys of ${other}`;
    throw refuse(
      'other_installation',
      `The database ${locations.store} belongs to ${owner}, and the key folder ${locations.keys} holds ${origin}.`,
    );
  }
  // The first start was interrupted after it had written the binding into the store.
  if (!keys.founded) return 'found';
  return keys.binding && used.binding ? 'open' : 'bind';
}

/**
 * True if the values that both the key folder and the store contain are equal. Older installations have no binding, but the certificates
 * show whether both belong together.
 */
function matches(keys: Extract<KeyFolderContents, { state: 'complete' }>, store: StoreIdentity): boolean {
  const { binding } = store;
  if (keys.binding && keys.binding.installation !== store.installation) return false;
  if (binding && binding.installation !== store.installation) return false;
  if (keys.binding && (keys.binding.root !== keys.root || keys.binding.issuing !== keys.issuing)) return false;
  if (keys.binding && binding && keys.binding.ledgerKey !== binding.ledgerKey) return false;
  if (binding) return binding.root === keys.root && binding.issuing === keys.issuing;
  return store.roots.includes(keys.root) && store.issuing.includes(keys.issuing);
}

/** Compares the decrypted keys with the store. The ledger key can be checked only after its decryption. */
export function requireSameKeys(
  opened: InstallationBinding,
  store: InstallationBinding,
  locations: DataLocations,
): void {
  const differs = (['root', 'issuing', 'ledgerKey'] as const).filter((name) => opened[name] !== store[name]);
  if (differs.length === 0) return;
  const keyNames = { root: 'root CA', issuing: 'issuing CA', ledgerKey: 'ledger key' };
  throw new CordonError(
    'installation_mismatch',
    `The key folder ${locations.keys} holds another ${differs.map((name) => keyNames[name]).join(' and ')} than the database ${locations.store} expects (installation ${store.installation}). Nothing was changed. ${CAUSES} ${RESTORE}`,
    { reason: 'other_keys', ...locations },
  );
}
