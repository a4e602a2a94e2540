/**
 * Credential reset for an owner whom no other owner can help. The program runs on the server's machine with the installation's passphrase,
 * while the server is stopped, and creates a one-time link. The ledger entry and the alert are stored before the link is shown.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openAuthority } from '../certs/authority.ts';
import { resolvePassphrase } from '../certs/custody.ts';
import { CordonError } from '../shared/errors.ts';
import { SystemClock } from '../shared/time/system-clock.ts';
import { createAdmins } from './admins/admins.ts';
import type { Account } from './admins/ports.ts';
import { LocalBus } from './bus/bus.ts';
import type { Config } from './config.ts';
import { consoleLink } from './console-link.ts';
import { keyFolderOf, preflight } from './startup/preflight.ts';
import { openAdminStores } from './store/admin-store.ts';
import { AlertStore } from './store/alert-store.ts';

export interface RecoveredOwner {
  readonly account: Account;
  /** One-time link. Anyone with the link can sign in as the owner. */
  readonly link: string;
  readonly expiresAt: number;
}

/**
 * Creates a one-time sign-in link for an owner. `email`: the owner's e-mail address; null if there is only one owner. Throws `store_locked`
 * while the server runs, `passphrase_wrong`, and `not_found` for a missing owner or missing keys.
 */
export async function recoverOwner(config: Config, email: string | null): Promise<RecoveredOwner> {
  const folder = keyFolderOf(config);
  // The folder must contain keys. Otherwise the certificate authority would create new keys in the empty folder.
  if (!existsSync(join(folder, 'root.crt'))) {
    throw new CordonError('not_found', `${folder} holds no keys. Set CORDON_HOME to the data folder of the server.`);
  }
  const checked = await preflight(config, async () => null);
  try {
    const { passphrase } = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder });
    const authority = openAuthority({
      folder,
      passphrase,
      organization: config.organization,
      serverNames: config.names,
      crlUrl: null,
      finish: 'later',
    });
    await checked.settle(authority);
    const { database } = checked;
    const clock = new SystemClock();
    const alerts = new AlertStore(database);
    const sealerFor = (purpose: string) => ({
      seal: (plain: Buffer) => authority.seal(plain, purpose),
      unseal: (text: string) => authority.unseal(text, purpose),
    });
    const admins = createAdmins({
      stores: openAdminStores(database),
      sealer: sealerFor('totp'),
      browserSealer: sealerFor('browser'),
      clock,
      // No subscriber listens to this bus, because the server is stopped. The server reads the store at its next start.
      bus: new LocalBus(),
      organization: config.organization,
      alert: (code, detail) => alerts.raise({ device: null, code, detail, at: clock.now() }),
    });
    const account = ownerOf(await admins.accounts(), email);
    const { invitation, expiresAt } = await admins.createAccountLink(account.id);
    return { account, link: consoleLink(config, config.admin.port, `invitation=${invitation}`), expiresAt };
  } finally {
    checked.ports.release();
    await checked.close();
  }
}

function ownerOf(accounts: readonly Account[], email: string | null): Account {
  const owners = accounts.filter(
    ({ status, grants }) =>
      status === 'active' &&
      grants.some(({ role, group, area }) => role === 'owner' && group === null && area === null),
  );
  const matching =
    email === null ? owners : owners.filter((owner) => owner.email.toLowerCase() === email.toLowerCase());
  const [owner] = matching;
  if (owner && matching.length === 1) return owner;
  const known = owners.map((each) => each.email).join(', ') || 'none';
  const detail =
    email === null && owners.length > 1
      ? `There are several owners. Name one with --email, or ask another owner for a reset link. Owners: ${known}.`
      : `There is no such active owner. Owners: ${known}.`;
  throw new CordonError('not_found', detail);
}
