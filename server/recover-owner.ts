/**
 * The way back for an owner who lost the password or the phone, where no other owner can help: on the server's machine, with the passphrase
 * of the installation, while the server is stopped. It makes a one-time link that resets the owner's credentials. The ledger entry and the
 * alarm commit before the link is shown.
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
import { AdminStore } from './store/admin-store.ts';
import { PresenceStore } from './store/presence-store.ts';

export interface RecoveredOwner {
  readonly account: Account;
  /** Anyone with this link becomes the owner. */
  readonly link: string;
  readonly expiresAt: number;
}

/**
 * `email`: null when there is one owner alone. Throws `store_locked` while the server runs, `passphrase_wrong`, and `not_found` for an
 * owner or keys that are not there.
 */
export async function recoverOwner(config: Config, email: string | null): Promise<RecoveredOwner> {
  const folder = keyFolderOf(config);
  // Otherwise the authority would make new keys.
  if (!existsSync(join(folder, 'root.crt'))) {
    throw new CordonError('not_found', `${folder} holds no keys. Set CORDON_HOME to the data folder of the server.`);
  }
  const checked = await preflight(config, async () => null);
  try {
    const { passphrase } = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder });
    const authority = openAuthority({
      folder,
      passphrase,
      organisation: config.organisation,
      serverNames: config.names,
      crlUrl: null,
      finish: 'later',
    });
    await checked.settle(authority);
    const { database } = checked;
    const clock = new SystemClock();
    const store = new AdminStore(database);
    const presence = new PresenceStore(database);
    const sealerFor = (purpose: string) => ({
      seal: (plain: Buffer) => authority.seal(plain, purpose),
      unseal: (text: string) => authority.unseal(text, purpose),
    });
    const admins = createAdmins({
      accounts: store,
      sessions: store,
      approverKeys: store,
      sealer: sealerFor('totp'),
      browserSealer: sealerFor('browser'),
      clock,
      // Nobody listens: the server is stopped, and reads the store at its start.
      bus: new LocalBus(),
      organisation: config.organisation,
      alarm: (code, detail) => presence.raise({ device: null, code, detail, at: clock.now() }),
    });
    const account = ownerOf(await admins.accounts(), email);
    const { invitation, expiresAt } = await admins.inviteAgain(account.id);
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
  const wanted = email === null ? owners : owners.filter((owner) => owner.email.toLowerCase() === email.toLowerCase());
  const [owner] = wanted;
  if (owner && wanted.length === 1) return owner;
  const known = owners.map((each) => each.email).join(', ') || 'none';
  const detail =
    email === null && owners.length > 1
      ? `There are several owners. Name one with --email, or ask another owner for a reset link. Owners: ${known}.`
      : `There is no such active owner. Owners: ${known}.`;
  throw new CordonError('not_found', detail);
}
