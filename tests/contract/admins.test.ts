/** Accounts, sessions and grants on both databases, with simultaneous requests. */
import { generateKeyPairSync } from 'node:crypto';
import { generateSync } from 'otplib';
import { expect, it } from 'vitest';
import { createAdmins } from '../../server/admins/admins.ts';
import { createSignInLimits } from '../../server/admins/sign-in-limits.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { openAdminStores } from '../../server/store/admin-store.ts';
import type { Database } from '../../server/store/database.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const OWNER = { role: 'owner', group: null, area: null } as const;
const PASSWORD = 'correct horse battery';
const from = { address: '192.0.2.1', replaces: null, browser: null };
const refused = (code: string) => expect.objectContaining({ code });
const outcomes = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? 'done' : result.reason.code)).sort();

function adminsOver(database: Database) {
  const time = { ahead: 0 };
  const alerts: string[] = [];
  const admins = createAdmins({
    stores: openAdminStores(database),
    sealer: { seal: (plain) => plain.toString('base64'), unseal: (text) => Buffer.from(text, 'base64') },
    browserSealer: { seal: (plain) => plain.toString('base64url'), unseal: (text) => Buffer.from(text, 'base64url') },
    clock: new DrivenClock(1_447_200_000_000),
    bus: new LocalBus(),
    alert: async (code) => void alerts.push(code),
    organization: 'Example',
    limits: createSignInLimits({ codes: 1000 }),
    now: () => Date.now() + time.ahead,
  });
  async function person(email: string) {
    const invitation = (await admins.firstOwnerInvitation()) ?? (await admins.createAccount(email, email)).invitation;
    const { account, totpSecret } = await admins.redeemInvitation({
      token: invitation,
      password: PASSWORD,
      email,
      address: 'x',
    });
    const code = () => generateSync({ secret: totpSecret, epoch: Math.floor((Date.now() + time.ahead) / 1000) });
    return { id: account.id, email, code };
  }
  const entries = async () =>
    (await database.db.selectFrom('ledger_entries').select(['kind', 'at']).orderBy('id').execute()).map(
      ({ kind }) => kind,
    );
  return { admins, time, person, entries, alerts };
}

describeOnEveryStore('admins', (open) => {
  it('creates one first owner from two simultaneous requests, and records one grant', async () => {
    const { admins, entries } = adminsOver(await open());
    const token = await admins.firstOwnerInvitation();
    const redeem = (email: string) =>
      admins.redeemInvitation({ token: token ?? '', password: PASSWORD, email, address: 'x' });
    const both = await Promise.allSettled([redeem('a@example.org'), redeem('b@example.org')]);
    expect(outcomes(both)).toEqual(['done', 'invitation_invalid']);
    expect((await admins.accounts()).map(({ grants }) => grants)).toEqual([[OWNER]]);
    expect(await entries()).toEqual(['role.granted']);
    expect(await admins.firstOwnerInvitation()).toBeNull();
  });

  it('does not consume the first owner’s link by a wrong guess, and refuses it after its expiry', async () => {
    const { admins, time } = adminsOver(await open());
    const token = (await admins.firstOwnerInvitation()) ?? '';
    const redeem = (given: string) =>
      admins.redeemInvitation({ token: given, password: PASSWORD, email: 'a@example.org', address: 'x' });
    await expect(redeem('A'.repeat(43))).rejects.toEqual(refused('invitation_invalid'));
    time.ahead = 73 * 3_600_000;
    await expect(redeem(token)).rejects.toEqual(refused('invitation_invalid'));
    time.ahead = 0;
    expect((await redeem(token)).account.email).toBe('a@example.org');
  });

  it('accepts an invitation once, and only the newest one', async () => {
    const { admins, person } = adminsOver(await open());
    await person('owner@example.org');
    const { account, invitation } = await admins.createAccount('n@example.org', 'N');
    const { invitation: newer } = await admins.createAccountLink(account.id);
    const redeem = (token: string) => admins.redeemInvitation({ token, password: PASSWORD, address: 'x' });
    await expect(redeem(invitation)).rejects.toEqual(refused('invitation_invalid'));
    expect(outcomes(await Promise.allSettled([redeem(newer), redeem(newer)]))).toEqual(['done', 'invitation_invalid']);
    await expect(admins.createAccount('N@EXAMPLE.ORG', 'N')).rejects.toEqual(refused('conflict'));
  });

  it('case 48: accepts a code once in simultaneous requests, and never an old code after a reset', async () => {
    const { admins, person } = adminsOver(await open());
    const { email, code, id } = await person('owner@example.org');
    const attempt = { email, password: PASSWORD, totp: code(), ...from };
    expect(outcomes(await Promise.allSettled([admins.signIn(attempt), admins.signIn(attempt)]))).toEqual([
      'done',
      'totp_reused',
    ]);
    const { invitation } = await admins.createAccountLink(id);
    await admins.redeemInvitation({ token: invitation, password: `${PASSWORD} 2`, address: 'x' });
    await expect(admins.signIn(attempt)).rejects.toEqual(refused('credentials_wrong'));
  });

  it('ends sessions by sign-out, expiry, replacement, reset and disabling', async () => {
    const { admins, person, time } = adminsOver(await open());
    await person('owner@example.org');
    const { id, email, code } = await person('n@example.org');
    const signIn = (replaces: string | null = null) => {
      time.ahead += 30_000;
      return admins.signIn({ email, password: PASSWORD, totp: code(), address: 'x', replaces, browser: null });
    };
    const [a, b] = [await signIn(), await signIn()];
    expect((await admins.session(a.token, a.csrf, { active: true }))?.account.id).toBe(id);
    const c = await signIn(a.token);
    expect(await admins.session(a.token, a.csrf, { active: true })).toBeNull();
    await admins.signOut(b.token);
    expect(await admins.session(b.token, b.csrf, { active: true })).toBeNull();
    const before = time.ahead;
    time.ahead += 12 * 3_600_000;
    expect(await admins.session(c.token, c.csrf, { active: true })).toBeNull();
    time.ahead = before;
    const token = await admins.createToken(id, 'script', Date.now() + before + 60_000);
    expect((await admins.tokenAccount(token.secret, 'x'))?.account.id).toBe(id);
    time.ahead += 61_000;
    expect(await admins.tokenAccount(token.secret, 'x')).toBeNull();
    const lasting = await admins.createToken(id, 'script', null);
    await admins.setStatus(id, 'disabled');
    expect(await admins.session(c.token, c.csrf, { active: true })).toBeNull();
    await admins.setStatus(id, 'active');
    expect([
      await admins.session(c.token, c.csrf, { active: true }),
      await admins.tokenAccount(lasting.secret, 'x'),
    ]).toEqual([null, null]);
    await expect(admins.deleteToken(id, lasting.id)).rejects.toEqual(refused('not_found'));
  });

  it('ends an unused session, and counts only the admin’s own requests as use', async () => {
    const { admins, person, time } = adminsOver(await open());
    const { id, email, code } = await person('owner@example.org');
    const signed = await admins.signIn({ email, password: PASSWORD, totp: code(), ...from, userAgent: 'Test/1' });
    const use = (active: boolean) => admins.session(signed.token, signed.csrf, { active });
    const opened = { address: '192.0.2.1', userAgent: 'Test/1', account: id };
    expect(await admins.sessions(id)).toMatchObject([{ id: signed.session.id, ...opened }]);
    time.ahead = 50 * 60_000;
    expect((await use(true))?.lastUsedAt).toBeGreaterThan(signed.session.lastUsedAt);
    time.ahead = 100 * 60_000;
    expect((await use(false))?.account.id).toBe(id);
    expect((await admins.sessionOfCookie(signed.token))?.account.id).toBe(id);
    time.ahead = 111 * 60_000;
    expect(await admins.sessions(null)).toEqual([]);
    expect([await use(true), await admins.sessionOfCookie(signed.token)]).toEqual([null, null]);
  });

  it('case 48: accepts neither half of a session alone, nor halves of two sessions', async () => {
    const { admins, person, time } = adminsOver(await open());
    const { email, code } = await person('owner@example.org');
    const signIn = () => {
      time.ahead += 30_000;
      return admins.signIn({ email, password: PASSWORD, totp: code(), ...from });
    };
    const [a, b] = [await signIn(), await signIn()];
    const found = (cookie: string, page: string) => admins.session(cookie, page, { active: true });
    expect((await found(a.token, a.csrf))?.id).toBe(a.session.id);
    for (const [cookie, page] of [
      [a.token, b.csrf],
      [a.token, ''],
      [a.token, a.token],
      ['', a.csrf],
    ] as const) {
      expect(await found(cookie, page)).toBeNull();
    }
  });

  it('lists and ends sessions and tokens, of one account or of all', async () => {
    const { admins, person } = adminsOver(await open());
    const [a, b] = [await person('a@example.org'), await person('b@example.org')];
    const signIn = ({ email, code }: typeof a) => admins.signIn({ email, password: PASSWORD, totp: code(), ...from });
    const [inA, inB] = [await signIn(a), await signIn(b)];
    const token = await admins.createToken(b.id, 'script', null);
    expect(await admins.tokens(null)).toMatchObject([{ id: token.id, account: b.id, lastUsedAt: null }]);
    await admins.tokenAccount(token.secret, '192.0.2.7');
    expect(await admins.tokens(b.id)).toMatchObject([{ lastAddress: '192.0.2.7', lastUsedAt: expect.any(Number) }]);
    expect((await admins.sessions(null)).map(({ account }) => account).sort()).toEqual([a.id, b.id].sort());
    await expect(admins.endSession(a.id, inB.session.id)).rejects.toEqual(refused('not_found'));
    await admins.endSession(null, inA.session.id);
    expect(await admins.sessions(a.id)).toEqual([]);
    expect(await admins.endAccess(b.id)).toEqual({ sessions: 1, tokens: 1 });
    expect([await admins.sessions(null), await admins.tokens(null)]).toEqual([[], []]);
    await expect(admins.deleteToken(null, token.id)).rejects.toEqual(refused('not_found'));
  });

  it('ends tokens at a credential reset, and reports the link and the reset', async () => {
    const { admins, person, entries, alerts } = adminsOver(await open());
    const owner = await person('owner@example.org');
    const { id, email, code } = await person('n@example.org');
    const token = await admins.createToken(id, 'script', null);
    const signed = await admins.signIn({ email, password: PASSWORD, totp: code(), ...from });
    expect(alerts).toEqual([]);
    const { invitation } = await admins.createAccountLink(id, owner.id);
    expect(alerts).toEqual(['credential_reset_link']);
    expect((await admins.tokenAccount(token.secret, 'x'))?.account.id).toBe(id);
    await admins.redeemInvitation({ token: invitation, password: `${PASSWORD} 2`, address: 'x' });
    expect(alerts).toEqual(['credential_reset_link', 'credential_reset']);
    expect(await admins.tokenAccount(token.secret, 'x')).toBeNull();
    expect(await admins.session(signed.token, signed.csrf, { active: true })).toBeNull();
    expect(await entries()).toEqual(['role.granted', 'credentials.reset-link', 'credentials.reset']);
    const { account } = await admins.createAccount('late@example.org', 'Late', [], owner.id);
    await admins.createAccountLink(account.id, owner.id);
    expect(alerts).toHaveLength(2);
  });

  it('case 49: keeps one owner who can sign in, also with simultaneous requests', async () => {
    const { admins, person, entries } = adminsOver(await open());
    const a = await person('a@example.org');
    const b = await person('b@example.org');
    await admins.grant(b.id, OWNER);
    await admins.grant(b.id, OWNER);
    const race = [admins.revokeGrant(a.id, OWNER), admins.setStatus(b.id, 'disabled')];
    expect(outcomes(await Promise.allSettled(race))).toEqual(['done', 'last_owner']);
    expect(await entries()).toEqual(['role.granted', 'role.granted', 'role.revoked']);
    await expect(admins.revokeGrant(a.id, { role: 'legal', group: null, area: null })).rejects.toEqual(
      refused('not_found'),
    );
    const scoped = { role: 'owner', group: await addGroup(await open(), 'elsewhere'), area: null } as const;
    await expect(admins.grant(a.id, scoped)).rejects.toEqual(refused('not_found'));
  });

  it('case 31: assigns accounts with one mailbox to one person, and a key to one person', async () => {
    const { admins, person } = adminsOver(await open());
    const a = await admins.account((await person('pat@example.org')).id);
    const b = await admins.account((await person('pat+legal@example.org')).id);
    const c = await admins.account((await person('kim@example.org')).id);
    expect([a.person === b.person, a.person === c.person]).toEqual([true, false]);
    const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    await admins.registerApproverKey(a, key);
    await admins.registerApproverKey(b, key);
    await expect(admins.registerApproverKey(c, key)).rejects.toEqual(refused('conflict'));
    expect(await admins.approverKeys()).toMatchObject([{ person: a.person, account: a.id, publicKey: key }]);
  });

  it('reports an unknown account', async () => {
    const { admins } = adminsOver(await open());
    const nobody = 'acc_aaaaaaaaaaaaaaaa' as AccountId;
    await expect(admins.grant(nobody, OWNER)).rejects.toEqual(refused('not_found'));
    await expect(admins.setStatus(nobody, 'disabled')).rejects.toEqual(refused('not_found'));
    await expect(admins.createAccountLink(nobody)).rejects.toEqual(refused('not_found'));
  });
});
