/** Custom roles, their versions and their uses, on both databases. */
import { expect, it } from 'vitest';
import { createAdmins } from '../../server/admins/admins.ts';
import type { CustomRoleDraft } from '../../server/admins/custom-roles.ts';
import type { IdentityProvider, ProviderClaims, RoleMapping } from '../../server/admins/identity-provider.ts';
import { RIGHTS } from '../../server/admins/rights.ts';
import { type HeldGrant, rightsOf } from '../../server/admins/roles.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { openAdminStores } from '../../server/store/admin-store.ts';
import type { Database } from '../../server/store/database.ts';
import { MOST_CUSTOM_ROLES } from '../../shared/api/custom-roles.ts';
import { type CustomRoleId, type GroupId, newCustomRoleId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const OWNER = { role: 'owner', group: null, area: null } as const;
const VIEWER: CustomRoleDraft = {
  name: 'Viewer',
  description: 'For partners',
  rights: ['devices.show', 'devices.list'],
};
const refused = (code: string, text: RegExp | string = '') =>
  expect.objectContaining({ code, message: expect.stringMatching(text) });

function worldOver(database: Database, mappings: RoleMapping[] = []) {
  const claims: ProviderClaims = {
    identity: { issuer: 'https://login.example.org', subject: 'zoe' },
    email: 'zoe@example.org',
    name: 'Zoe',
    groups: ['partners', 'everyone'],
    authenticatedAt: Date.now(),
  };
  const client: IdentityProvider = {
    begin: async () => ({ url: 'https://login.example.org', request: { state: 's', nonce: 'n', verifier: 'v' } }),
    finish: async () => claims,
    signOutUrl: () => null,
  };
  const admins = createAdmins({
    stores: openAdminStores(database),
    sealer: { seal: (plain) => plain.toString('base64'), unseal: (text) => Buffer.from(text, 'base64') },
    browserSealer: { seal: (plain) => plain.toString('base64url'), unseal: (text) => Buffer.from(text, 'base64url') },
    clock: new DrivenClock(1_447_200_000_000),
    bus: new LocalBus(),
    alert: async () => undefined,
    organization: 'Example',
    provider: { rules: { name: 'Directory', onlyProvider: false, roles: mappings }, client },
  });
  const account = async (email: string, grants: Parameters<typeof admins.createAccount>[2]) =>
    (await admins.createAccount(email, email, grants)).account;
  const signIn = async () => {
    if (!admins.provider) throw new Error('no provider');
    const { cookie } = await admins.provider.begin('192.0.2.1');
    const from = { address: '192.0.2.1', userAgent: 'Test/1', replaces: null };
    const result = await admins.provider.finish('x', { ...from, cookie, session: async () => null });
    if (result.purpose !== 'sign-in') throw new Error(result.purpose);
    return result.signedIn.session.account;
  };
  const entries = async () =>
    (await database.db.selectFrom('ledger_entries').select(['kind', 'body']).orderBy('id').execute()).filter(
      ({ kind }) => kind.startsWith('custom-role'),
    );
  return { admins, account, signIn, entries };
}

/** Rights to devices that the grants give. Each account has the rights of the scope `self` without a grant. */
const given = (grants: readonly HeldGrant[]) =>
  rightsOf(grants).filter((name) => name.startsWith('devices.') && RIGHTS[name].scope !== 'self');
const held = (role: CustomRoleId) => ({ role, group: null, area: null });

describeOnEveryStore('custom roles', (open) => {
  it('keeps each version with a digest, and records each change in the ledger', async () => {
    const { admins, account, entries } = worldOver(await open());
    const by = await account('ada@example.org', [OWNER]);
    const { id, version } = await admins.createCustomRole(VIEWER, by);
    await admins.changeCustomRole(id, { version, rights: ['devices.list'] }, by);
    const unchanged = await admins.changeCustomRole(id, { version: 2, rights: ['devices.list'] }, by);
    expect(unchanged.version).toBe(2);
    await expect(admins.changeCustomRole(id, { version, name: 'Late' }, by)).rejects.toEqual(
      refused('conflict', /Another admin changed/),
    );
    const { versions, ...role } = await admins.customRole(id);
    expect(role).toMatchObject({ name: 'Viewer', rights: ['devices.list'], version: 2 });
    expect(versions.map((each) => [each.version, each.rights, each.changedBy])).toEqual([
      [2, ['devices.list'], by.id],
      [1, ['devices.list', 'devices.show'], by.id],
    ]);
    await admins.deleteCustomRole(id, by);
    const recorded = await entries();
    expect(recorded.map(({ kind }) => kind)).toEqual([
      'custom-role.created',
      'custom-role.changed',
      'custom-role.deleted',
    ]);
    for (const [at, each] of versions.toReversed().entries()) expect(recorded[at]?.body).toContain(each.digest);
    expect(JSON.stringify(recorded)).not.toContain('Viewer');
    await expect(admins.customRole(id)).rejects.toEqual(refused('not_found'));
  });

  it('changes the rights of accounts and of limited tokens at once', async () => {
    const database = await open();
    const { admins, account } = worldOver(database);
    const by = await account('ada@example.org', [OWNER]);
    const { id } = await admins.createCustomRole(VIEWER, by);
    const group = await addGroup(database, 'Karachi');
    const desk = await account('desk@example.org', [{ role: id, group, area: null }]);
    const limited = await admins.createToken(by.id, 'report', null, false, id);
    const own = await admins.createToken(desk.id, 'script', null);
    const rights = async () =>
      Promise.all([
        admins.account(desk.id).then(({ grants }) => given(grants)),
        ...[limited, own].map(async ({ secret }) =>
          given((await admins.tokenAccount(secret, '192.0.2.1'))?.account.grants ?? []),
        ),
      ]);
    const both = ['devices.list', 'devices.show'];
    expect(await rights()).toEqual([both, both, both]);
    expect((await admins.account(desk.id)).grants).toEqual([
      { role: id, group, area: null, name: 'Viewer', rights: both },
    ]);
    await admins.changeCustomRole(id, { version: 1, rights: ['devices.list', 'codes.list'] }, by);
    const one = ['devices.list'];
    expect(await rights()).toEqual([one, one, one]);
    expect((await admins.tokens(by.id)).map(({ role }) => role)).toEqual([id]);
  });

  it('refuses a right that no custom role may contain, or that its maker lacks', async () => {
    const { admins, account } = worldOver(await open());
    const by = await account('ada@example.org', [OWNER]);
    const create = (rights: string[], name = 'Viewer') => admins.createCustomRole({ ...VIEWER, name, rights }, by);
    await expect(create(['grants.create'])).rejects.toEqual(refused('invalid_input', /Only an owner/));
    await expect(create(['disclosures.show'])).rejects.toEqual(refused('invalid_input', /role legal/));
    await expect(create(['orders.approve'])).rejects.toEqual(refused('invalid_input', /approval of orders/));
    await expect(create(['devices.fly'])).rejects.toEqual(refused('invalid_input', /GET \/rights/));
    for (const name of ['Owner', 'fleet  ADMIN', 'helpdesk']) {
      await expect(create(['devices.list'], name)).rejects.toEqual(refused('conflict', /built-in/));
    }
    const limited = { ...by, grants: [{ ...OWNER, group: 'grp_aaaaaaaaaaaaaaaa' as GroupId }] };
    await expect(admins.createCustomRole(VIEWER, limited)).rejects.toEqual(refused('forbidden', /devices.list/));
    const fleet = await account('fleet@example.org', [{ role: 'fleet', group: null, area: null }]);
    const { id } = await create(['devices.list', 'activity.read-all']);
    await expect(admins.requireGrantable(held(id), fleet)).rejects.toEqual(refused('forbidden', /activity.read-all/));
    await expect(admins.requireGrantable(held(id), by)).resolves.toBeUndefined();
    await expect(admins.requireGrantable(held(newCustomRoleId()), by)).rejects.toEqual(refused('not_found'));
  });

  it('names are unique without regard to case, and the number of roles is limited', async () => {
    const { admins, account } = worldOver(await open());
    const by = await account('ada@example.org', [OWNER]);
    const first = await admins.createCustomRole(VIEWER, by);
    await expect(admins.createCustomRole({ ...VIEWER, name: ' VIEWER' }, by)).rejects.toEqual(
      refused('conflict', /has the name/),
    );
    for (let at = 1; at < MOST_CUSTOM_ROLES; at += 1)
      await admins.createCustomRole({ ...VIEWER, name: `Role ${at}` }, by);
    await expect(admins.createCustomRole({ ...VIEWER, name: 'One more' }, by)).rejects.toEqual(
      refused('conflict', /There are 50/),
    );
    await expect(admins.changeCustomRole(first.id, { version: 1, name: 'role 7' }, by)).rejects.toEqual(
      refused('conflict', /has the name/),
    );
  });

  it('refuses the deletion with the list of uses, and a use of a deleted role', async () => {
    const mappings: RoleMapping[] = [];
    const { admins, account } = worldOver(await open(), mappings);
    const invitation = (await admins.firstOwnerInvitation()) ?? '';
    const owner = { token: invitation, password: 'correct horse battery', email: 'ada@example.org', address: 'x' };
    const { account: by } = await admins.redeemInvitation(owner);
    const { id } = await admins.createCustomRole(VIEWER, by);
    const { id: invited } = await account('Ben', [held(id)]);
    const token = await admins.createToken(by.id, 'Nightly', null, false, id);
    mappings.push({ providerGroup: 'partners', ...held(id) });
    const attempt = () => admins.deleteCustomRole(id, by);
    await expect(attempt()).rejects.toEqual(refused('conflict', /invitation of Ben.*token Nightly.*group partners/));
    mappings.length = 0;
    await expect(attempt()).rejects.toEqual(refused('conflict', /invitation of Ben, the API token Nightly\./));
    await admins.revokeGrant(invited, held(id));
    await expect(attempt()).rejects.toEqual(refused('conflict', /in use: the API token Nightly\./));
    await admins.deleteToken(by.id, token.id);
    await attempt();
    await expect(admins.grant(invited, held(id))).rejects.toEqual(refused('not_found'));
    await expect(admins.createToken(by.id, 'late', null, false, id)).rejects.toEqual(refused('not_found'));
    await expect(account('late@example.org', [held(id)])).rejects.toEqual(refused('not_found'));
  });

  it('never leaves a grant of a deleted role when both happen at once', async () => {
    const { admins, account } = worldOver(await open());
    const by = await account('ada@example.org', [OWNER]);
    const { id } = await admins.createCustomRole(VIEWER, by);
    await Promise.allSettled([admins.grant(by.id, held(id)), admins.deleteCustomRole(id, by)]);
    const kept = (await admins.customRoles()).length === 1;
    expect((await admins.account(by.id)).grants.some(({ role }) => role === id)).toBe(kept);
  });

  it('gives a role of the identity provider, and ignores a mapping to a role that does not exist', async () => {
    const mappings: RoleMapping[] = [];
    const { admins, account, signIn } = worldOver(await open(), mappings);
    const by = await account('ada@example.org', [OWNER]);
    const { id } = await admins.createCustomRole(VIEWER, by);
    mappings.push(
      { providerGroup: 'partners', ...held(id) },
      { providerGroup: 'everyone', ...held(newCustomRoleId()) },
    );
    expect(await admins.unknownMappings()).toMatchObject([{ providerGroup: 'everyone' }]);
    const zoe = await signIn();
    expect(zoe.grants).toMatchObject([{ role: id, name: 'Viewer', source: 'provider' }]);
    expect(await admins.customRole(id)).toMatchObject({
      grants: [{ name: 'Zoe', source: 'provider', invited: false }],
      providerGroups: ['partners'],
    });
    expect((await signIn()).grants).toHaveLength(1);
  });
});
