/** Identities of the identity provider, their accounts and their roles, on both databases. */
import { expect, it } from 'vitest';
import { createAdmins } from '../../server/admins/admins.ts';
import type { IdentityProvider, ProviderClaims, RoleMapping } from '../../server/admins/identity-provider.ts';
import type { Account, Session } from '../../server/admins/ports.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { openAdminStores } from '../../server/store/admin-store.ts';
import { ApproverStore } from '../../server/store/approver-store.ts';
import type { Database } from '../../server/store/database.ts';
import { newPasskey } from '../../shared/api/passkeys.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { createPasskey } from '../support/passkey.ts';
import { describeOnEveryStore } from './every-store.ts';

const FLEET = { role: 'fleet', group: null, area: null } as const;
const LEGAL = { role: 'legal', group: null, area: null } as const;
const OWNER = { role: 'owner', group: null, area: null } as const;
const ROLES: readonly RoleMapping[] = [
  { providerGroup: 'fleet-team', ...FLEET },
  { providerGroup: 'counsel', ...LEGAL },
  { providerGroup: 'boss', ...OWNER },
];
const ISSUER = 'https://login.example.org';
const refused = (code: string) => expect.objectContaining({ code });

function worldOver(database: Database, { requirePasskeys = false, onlyProvider = false } = {}) {
  /** Claims of the next response of the provider, by the text of the response. */
  const people = new Map<string, ProviderClaims>();
  const client: IdentityProvider = {
    begin: async () => ({ url: ISSUER, request: { state: 's', nonce: 'n', verifier: 'v' } }),
    finish: async (response) => {
      const claims = people.get(response);
      if (!claims) throw new Error('no such person');
      return claims;
    },
    signOutUrl: () => null,
  };
  const alerts: string[] = [];
  const stores = openAdminStores(database);
  const admins = createAdmins({
    stores,
    sealer: { seal: (plain) => plain.toString('base64'), unseal: (text) => Buffer.from(text, 'base64') },
    browserSealer: { seal: (plain) => plain.toString('base64url'), unseal: (text) => Buffer.from(text, 'base64url') },
    clock: new DrivenClock(1_447_200_000_000),
    bus: new LocalBus(),
    alert: async (code) => void alerts.push(code),
    organization: 'Example',
    provider: { rules: { name: 'Directory', onlyProvider, roles: ROLES }, client },
    passkeyPolicy: { site: { rpId: 'localhost', origin: () => createPasskey().origin }, required: requirePasskeys },
  });
  const { provider } = admins;
  if (!provider) throw new Error('no provider');
  const browser = { address: '192.0.2.1', userAgent: 'Test/1', replaces: null };
  const appears = (subject: string, groups: readonly string[], email: string | null = `${subject}@example.org`) =>
    people.set(subject, {
      identity: { issuer: ISSUER, subject },
      email,
      name: subject,
      groups,
      authenticatedAt: Date.now(),
    });
  const signIn = async (subject: string) => {
    const { cookie } = await provider.begin('192.0.2.1');
    const result = await provider.finish(subject, { ...browser, cookie, session: async () => null });
    if (result.purpose !== 'sign-in') throw new Error(result.purpose);
    return result.signedIn;
  };
  const inSession =
    (purpose: 'link' | 'step-up') =>
    async (subject: string, session: Session, meanwhile = async (): Promise<unknown> => undefined) => {
      const { cookie } = await provider.beginInSession(purpose, '192.0.2.1', session);
      await meanwhile();
      return provider.finish(subject, { ...browser, cookie, session: async () => session });
    };
  const [link, stepUp] = [inSession('link'), inSession('step-up')];
  async function addPasskey(account: Account): Promise<void> {
    const { token, options } = await admins.passkeyOptions(account, 'sign-in');
    const response = createPasskey().registration(options.challenge);
    await admins.registerPasskey(account, newPasskey.parse({ token, name: 'Laptop', response }));
  }
  /** Session of an account with a password. Only its id and its account matter for a link. */
  const sessionOf = (account: Account): Session => ({
    id: 'ses_test',
    account,
    createdAt: 0,
    authenticatedAt: 0,
    lastUsedAt: 0,
    expiresAt: 0,
    address: '',
    userAgent: '',
    byRecoveryCode: false,
  });
  async function withPassword(email: string) {
    const invitation = (await admins.firstOwnerInvitation()) ?? (await admins.createAccount(email, email)).invitation;
    return (await admins.redeemInvitation({ token: invitation, password: 'x'.repeat(20), email, address: 'x' }))
      .account;
  }
  const entries = async () =>
    (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);
  const verified = async (account: AccountId) => {
    await admins.registerApproverKey(await admins.account(account), await publicKeyOf(account));
    return [...(await new ApproverStore(database).approverKeys()).values()].map((key) => key.verified);
  };
  return {
    admins,
    stores,
    appears,
    signIn,
    link,
    stepUp,
    addPasskey,
    sessionOf,
    withPassword,
    entries,
    alerts,
    verified,
  };
}

const keys = new Map<string, string>();
async function publicKeyOf(account: string): Promise<string> {
  const { generateKeyPairSync } = await import('node:crypto');
  const made =
    keys.get(account) ??
    generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  keys.set(account, made);
  return made;
}

describeOnEveryStore('identities of the provider', (open) => {
  it('creates one account and one entry for each role from two simultaneous first sign-ins', async () => {
    const { admins, appears, signIn, entries } = worldOver(await open());
    appears('ada', ['fleet-team', 'counsel']);
    const both = await Promise.all([signIn('ada'), signIn('ada')]);
    expect(both.map(({ session }) => session.account.id)).toEqual(Array(2).fill((await admins.accounts())[0]?.id));
    expect(await admins.accounts()).toMatchObject([
      {
        ready: true,
        password: false,
        identity: { issuer: ISSUER, subject: 'ada' },
        grants: [
          { ...FLEET, source: 'provider' },
          { ...LEGAL, source: 'provider' },
        ],
      },
    ]);
    expect(await entries()).toEqual(['role.granted', 'role.granted']);
  });

  it('replaces only roles from the provider, each with its entry, also in simultaneous sign-ins', async () => {
    const { admins, appears, signIn, entries } = worldOver(await open());
    appears('ada', ['fleet-team']);
    const { id } = (await signIn('ada')).session.account;
    await admins.grant(id, LEGAL);
    appears('ada', ['counsel', 'boss']);
    await Promise.all([signIn('ada'), signIn('ada'), signIn('ada')]);
    expect((await admins.account(id)).grants).toEqual([LEGAL, { ...OWNER, source: 'provider' }]);
    expect(await entries()).toEqual(['role.granted', 'role.granted', 'role.revoked', 'role.granted']);
    appears('ada', []);
    await signIn('ada');
    expect((await admins.account(id)).grants).toEqual([LEGAL]);
  });

  it('keeps a role that an owner also grants, with one ledger entry of the owner', async () => {
    const { admins, appears, signIn, entries } = worldOver(await open());
    appears('ada', ['fleet-team']);
    const { id } = (await signIn('ada')).session.account;
    await Promise.all([admins.grant(id, FLEET), admins.grant(id, FLEET)]);
    await admins.grant(id, FLEET);
    appears('ada', []);
    await signIn('ada');
    expect((await admins.account(id)).grants).toEqual([FLEET]);
    expect(await entries()).toEqual(['role.granted', 'role.granted']);
  });

  it('case 49: does not count an owner by the provider as the last owner', async () => {
    const { admins, appears, signIn, link, sessionOf, withPassword } = worldOver(await open());
    const owner = await withPassword('owner@example.org');
    const other = await withPassword('other@example.org');
    appears('boss', ['boss']);
    await link('boss', sessionOf(other));
    expect((await signIn('boss')).session.account.grants).toEqual([{ ...OWNER, source: 'provider' }]);
    await expect(admins.revokeGrant(owner.id, OWNER)).rejects.toEqual(refused('last_owner'));
    await expect(admins.setStatus(owner.id, 'disabled')).rejects.toEqual(refused('last_owner'));
    appears('boss', []);
    await expect(signIn('boss')).rejects.toEqual(refused('role_missing'));
  });

  it('case 49: ends sessions and tokens with the last role, in the same transaction', async () => {
    const { admins, appears, signIn } = worldOver(await open());
    appears('ada', ['fleet-team']);
    const { token, csrf, session } = await signIn('ada');
    const script = await admins.createToken(session.account.id, 'script', null);
    expect((await admins.tokenAccount(script.secret, 'x'))?.account.grants).toHaveLength(1);
    appears('ada', ['kitchen']);
    await expect(signIn('ada')).rejects.toEqual(refused('role_missing'));
    expect(await admins.session(token, csrf, { active: true })).toBeNull();
    expect(await admins.tokenAccount(script.secret, 'x')).toBeNull();
  });

  it('opens no account by its address, in any spelling, and creates none beside it', async () => {
    const { admins, appears, signIn, withPassword } = worldOver(await open());
    await withPassword('owner@example.org');
    for (const email of ['owner@example.org', 'OWNER@example.org', 'owner+work@example.org', 'ｏwner@example.org']) {
      appears('eve', ['boss'], email);
      await expect(signIn('eve'), email).rejects.toEqual(refused('identity_not_linked'));
    }
    appears('eve', ['boss'], null);
    await expect(signIn('eve')).rejects.toEqual(refused('provider_refused'));
    expect(await admins.accounts()).toHaveLength(1);
  });

  it('case 31: gives one person to one subject, and to an account that an owner creates for the same address', async () => {
    const { admins, appears, signIn, link, sessionOf, withPassword } = worldOver(await open());
    const owner = await withPassword('owner@example.org');
    appears('ada', ['fleet-team']);
    const { account } = (await signIn('ada')).session;
    // The subject of one account cannot become the subject of a second one.
    await expect(link('ada', sessionOf(owner))).rejects.toEqual(refused('conflict'));
    const { account: second } = await admins.createAccount('ada+legal@example.org', 'Ada', [LEGAL], owner.id);
    expect(second.person).toBe(account.person);
    expect(owner.person).not.toBe(account.person);
  });

  it('links an account once, raises an alert, and keeps the roles that an owner granted', async () => {
    const { admins, appears, signIn, link, sessionOf, withPassword, alerts } = worldOver(await open());
    const owner = await withPassword('owner@example.org');
    appears('olivia', ['fleet-team'], 'owner@example.org');
    appears('other', ['fleet-team']);
    await link('olivia', sessionOf(owner));
    expect(alerts).toEqual(['identity_linked']);
    await expect(link('other', sessionOf(owner))).rejects.toEqual(refused('conflict'));
    const { account } = (await signIn('olivia')).session;
    expect([account.id, account.grants]).toEqual([owner.id, [OWNER, { ...FLEET, source: 'provider' }]]);
    expect((await admins.account(owner.id)).password).toBe(true);
  });

  it('treats a linked approver as verified, until an admin sees a reset link of the account', async () => {
    const { admins, appears, link, sessionOf, withPassword, verified } = worldOver(await open());
    const owner = await withPassword('owner@example.org');
    expect(await verified(owner.id)).toEqual([false]);
    appears('olivia', []);
    await link('olivia', sessionOf(owner));
    expect(await verified(owner.id)).toEqual([true]);
    const { invitation } = await admins.createAccountLink(owner.id, owner.id);
    await admins.redeemInvitation({ token: invitation, password: 'y'.repeat(20), address: 'x' });
    expect(await verified(owner.id)).toEqual([false]);
    await link('olivia', sessionOf(await admins.account(owner.id)));
    expect(await verified(owner.id)).toEqual([true]);
  });

  it('unlinks an account, whose subject then opens no other account, and links it again', async () => {
    const world = worldOver(await open());
    const { admins, appears, signIn, link, sessionOf, withPassword, verified, entries, alerts } = world;
    const owner = await withPassword('owner@example.org');
    const other = await withPassword('other@example.org');
    appears('olivia', ['fleet-team'], 'olivia@example.org');
    await link('olivia', sessionOf(owner));
    await signIn('olivia');
    expect(await verified(owner.id)).toEqual([true]);

    const after = await admins.unlinkIdentity(owner.id, owner);
    expect([after.identity, after.grants]).toEqual([null, [OWNER]]);
    expect(await verified(owner.id)).toEqual([false]);
    expect(alerts).toEqual(['identity_linked', 'identity_unlinked']);
    expect((await entries()).slice(-2)).toEqual(['role.revoked', 'identity.unlinked']);
    // The holder's own sessions stay.
    expect(await admins.sessions(owner.id)).toHaveLength(1);
    await expect(admins.unlinkIdentity(owner.id, owner)).rejects.toEqual(refused('conflict'));

    // The new address belongs to no account, and the subject still gives no second account.
    await expect(signIn('olivia')).rejects.toEqual(refused('identity_not_linked'));
    await expect(link('olivia', sessionOf(other))).rejects.toEqual(refused('conflict'));
    // The directory created the person again, with another subject.
    appears('olivia-2', ['fleet-team'], 'olivia@example.org');
    await link('olivia-2', sessionOf(await admins.account(owner.id)));
    await admins.unlinkIdentity(owner.id, other);
    expect(await admins.sessions(owner.id)).toHaveLength(0);
    await link('olivia', sessionOf(await admins.account(owner.id)));
    expect((await signIn('olivia')).session.account.id).toBe(owner.id);
    await expect(signIn('olivia-2')).rejects.toEqual(refused('identity_not_linked'));
  });

  it('does not unlink an account that only the provider signs in', async () => {
    const { admins, appears, signIn, withPassword } = worldOver(await open());
    const owner = await withPassword('owner@example.org');
    appears('ada', ['fleet-team']);
    const { account } = (await signIn('ada')).session;
    for (const by of [account, owner]) {
      await expect(admins.unlinkIdentity(account.id, by)).rejects.toEqual(refused('conflict'));
    }
    expect((await signIn('ada')).session.account.id).toBe(account.id);
  });
});

describeOnEveryStore('required passkeys and the identity provider', (open) => {
  it('refuse the provider for an account with password and passkey, and keep its roles current', async () => {
    const { admins, appears, signIn, link, stepUp, addPasskey, sessionOf, withPassword } = worldOver(await open(), {
      requirePasskeys: true,
    });
    const { id } = await withPassword('owner@example.org');
    appears('olivia', ['fleet-team'], 'owner@example.org');
    await link('olivia', sessionOf(await admins.account(id)));
    const account = await admins.account(id);
    expect((await signIn('olivia')).session.authenticatedAt).toBeGreaterThan(0);
    expect(await stepUp('olivia', sessionOf(account))).toMatchObject({ purpose: 'step-up' });

    // The server checks the response too, because the passkey may be newer than the request.
    const late = stepUp('olivia', sessionOf(account), () => addPasskey(account));
    await expect(late).rejects.toEqual(refused('passkey_required'));
    const early = stepUp('olivia', sessionOf(account), () => Promise.reject(new Error('the step-up began')));
    await expect(early).rejects.toEqual(refused('passkey_required'));
    appears('olivia', ['counsel'], 'owner@example.org');
    await expect(signIn('olivia')).rejects.toEqual(refused('passkey_required'));
    expect(await admins.sessions(id)).toHaveLength(1);
    expect((await admins.account(id)).grants).toEqual([OWNER, { ...LEGAL, source: 'provider' }]);
  });

  it('exempt an account without a password', async () => {
    const { admins, appears, signIn, stepUp, addPasskey, sessionOf } = worldOver(await open(), {
      requirePasskeys: true,
    });
    appears('ada', ['fleet-team']);
    const { account } = (await signIn('ada')).session;
    await addPasskey(account);
    expect((await signIn('ada')).session.authenticatedAt).toBeGreaterThan(0);
    expect(await stepUp('ada', sessionOf(await admins.account(account.id)))).toMatchObject({ purpose: 'step-up' });
  });

  it('let an account sign in that only the provider may sign in, and require the passkey for grave actions', async () => {
    const { admins, appears, signIn, link, stepUp, addPasskey, sessionOf, withPassword } = worldOver(await open(), {
      requirePasskeys: true,
      onlyProvider: true,
    });
    const owner = await withPassword('owner@example.org');
    const other = await withPassword('other@example.org');
    for (const [subject, account] of [
      ['olivia', owner],
      ['oscar', other],
    ] as const) {
      appears(subject, ['fleet-team']);
      await link(subject, sessionOf(account));
      await addPasskey(account);
    }
    await expect(signIn('olivia')).rejects.toEqual(refused('passkey_required'));
    expect((await signIn('oscar')).session.authenticatedAt).toBe(0);
    const linked = await admins.account(other.id);
    await expect(stepUp('oscar', sessionOf(linked))).rejects.toEqual(refused('passkey_required'));
  });

  it('leave the provider to accounts with passkeys while passkeys are voluntary', async () => {
    const { admins, appears, signIn, link, stepUp, addPasskey, sessionOf, withPassword } = worldOver(await open());
    const owner = await withPassword('owner@example.org');
    appears('olivia', []);
    await link('olivia', sessionOf(owner));
    await addPasskey(owner);
    expect((await signIn('olivia')).session.authenticatedAt).toBeGreaterThan(0);
    expect(await stepUp('olivia', sessionOf(await admins.account(owner.id)))).toMatchObject({ purpose: 'step-up' });
  });
});
