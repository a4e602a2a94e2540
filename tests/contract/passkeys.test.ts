/** Passkeys, recovery codes and confirmations of actions, on both databases, with simultaneous requests. */
import { createHash } from 'node:crypto';
import { generateSync } from 'otplib';
import { expect, it } from 'vitest';
import { createAdmins } from '../../server/admins/admins.ts';
import { createSignInLimits } from '../../server/admins/sign-in-limits.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { openAdminStores } from '../../server/store/admin-store.ts';
import type { Database } from '../../server/store/database.ts';
import { newPasskey, passkeySignIn } from '../../shared/api/passkeys.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { readPublicKey, signedBy } from '../../shared/order/dsse.ts';
import { pae } from '../../shared/order/pae.ts';
import { encodeAssertion } from '../../shared/order/passkey-assertion.ts';
import { type PasskeyStatement, statementBytes, statementText } from '../../shared/order/passkey-challenge.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { type Changes, createPasskey, type Passkey, UP } from '../support/passkey.ts';
import { describeOnEveryStore } from './every-store.ts';

const PASSWORD = 'correct horse battery';
const ORIGIN = 'http://localhost:8445';
const from = { address: '192.0.2.1', replaces: null };
const refused = (code: string) => expect.objectContaining({ code });
const outcomes = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? 'done' : result.reason.code)).sort();
const challengeOf = (statement: PasskeyStatement) =>
  createHash('sha256')
    .update(statementBytes(statementText(statement)))
    .digest('base64url');

async function worldOver(database: Database, { required = false } = {}) {
  const time = { ahead: 0 };
  const alerts: string[] = [];
  const restart = () =>
    createAdmins({
      stores: openAdminStores(database),
      sealer: { seal: (plain) => plain.toString('base64'), unseal: (text) => Buffer.from(text, 'base64') },
      browserSealer: { seal: (plain) => plain.toString('base64url'), unseal: (text) => Buffer.from(text, 'base64url') },
      clock: new DrivenClock(1_447_200_000_000),
      bus: new LocalBus(),
      alert: async (code) => void alerts.push(code),
      organization: 'Example',
      limits: createSignInLimits({ codes: 1000 }),
      passkeyPolicy: { site: { rpId: 'localhost', origin: () => ORIGIN }, required },
      now: () => Date.now() + time.ahead,
    });
  const admins = restart();

  async function person(email: string) {
    const invitation = (await admins.firstOwnerInvitation()) ?? (await admins.createAccount(email, email)).invitation;
    const redemption = { token: invitation, password: PASSWORD, email, address: 'x' };
    const { account, totpSecret } = await admins.redeemInvitation(redemption);
    const byCode = (more: { totp?: string; recoveryCode?: string } = {}) => {
      time.ahead += 30_000;
      const totp = generateSync({ secret: totpSecret, epoch: Math.floor((Date.now() + time.ahead) / 1000) });
      return admins.signIn({ email, password: PASSWORD, totp, browser: null, ...from, ...more });
    };
    const byRecovery = (recoveryCode: string, password = PASSWORD) =>
      admins.signIn({ email, password, totp: undefined, recoveryCode, browser: null, ...from });

    async function creation(purpose: 'sign-in' | 'approval', passkey: Passkey, changes?: Changes) {
      const { token, options } = await admins.passkeyOptions(account, purpose);
      return newPasskey.parse({ token, name: 'Laptop', response: passkey.registration(options.challenge, changes) });
    }
    async function register(passkey = createPasskey(), changes?: Changes) {
      await admins.registerPasskey(account, await creation('sign-in', passkey, changes));
      return passkey;
    }
    return { account, email, byCode, byRecovery, creation, register };
  }

  function attempt(passkey: Passkey, changes?: Changes, over = admins) {
    const { token, nonce } = over.passkeySignInChallenge();
    const { response } = passkeySignIn.parse({
      response: passkey.authentication(challengeOf({ purpose: 'sign-in', nonce }), changes),
    });
    return { challenge: token, response, ...from };
  }
  const signIn = (passkey: Passkey, changes?: Changes) => admins.signInByPasskey(attempt(passkey, changes));

  const entries = async () =>
    (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);
  return { admins, restart, time, person, attempt, signIn, alerts, entries, database };
}

describeOnEveryStore('passkeys', (open) => {
  it.each(['ES256', 'EdDSA'] as const)('sign in and confirm an identity (%s)', async (algorithm) => {
    const { admins, person, signIn } = await worldOver(await open());
    const { account, register } = await person('owner@example.org');
    const passkey = await register(createPasskey({ algorithm }));
    const { session, token, csrf } = await signIn(passkey);
    expect(session.account.id).toBe(account.id);
    expect((await admins.session(token, csrf, { active: true }))?.account.id).toBe(account.id);

    const challenge = await admins.passkeyStepUpChallenge(account, token);
    expect(challenge.credentials).toEqual([passkey.id]);
    const answer = passkey.authentication(challengeOf({ purpose: 'step-up', nonce: challenge.nonce }));
    const { response } = passkeySignIn.parse({ response: answer });
    const stepUp = { account, token: challenge.token, response };
    await expect(admins.stepUpByPasskey({ ...stepUp, session: 'another' })).rejects.toEqual(refused('passkey_invalid'));
    expect(await admins.stepUpByPasskey({ ...stepUp, session: token })).toBeGreaterThanOrEqual(session.authenticatedAt);
    await expect(admins.stepUpByPasskey({ ...stepUp, session: token })).rejects.toEqual(refused('passkey_invalid'));

    const listed = await admins.passkeys(account);
    expect(listed.passkeys).toMatchObject([{ name: 'Laptop', purpose: 'sign-in', usable: true, keyid: null }]);
    expect(listed.passkeys[0]?.lastUsedAt).not.toBeNull();
  });

  it('case 48: refuses a passkey whose counter goes back, and raises an alert', async () => {
    const { person, signIn, alerts, entries } = await worldOver(await open());
    const { register } = await person('owner@example.org');
    const passkey = await register();
    await signIn(passkey, { counter: 7 });
    const before = await entries();
    for (const counter of [7, 6, 0]) {
      await expect(signIn(passkey, { counter }), String(counter)).rejects.toEqual(refused('passkey_invalid'));
    }
    expect(alerts).toEqual(['passkey_copied', 'passkey_copied', 'passkey_copied']);
    await signIn(passkey, { counter: 8 });
    expect(await entries()).toEqual(before);

    // An authenticator without a counter always gives 0.
    const without = await register();
    await signIn(without, { counter: 0 });
    await signIn(without, { counter: 0 });
    expect(alerts).toHaveLength(3);
  });

  it('accepts each challenge once, in its browser, for five minutes and until a restart', async () => {
    const { admins, restart, person, attempt, time } = await worldOver(await open());
    const { register } = await person('owner@example.org');
    const passkey = await register();
    const once = attempt(passkey);
    expect(outcomes(await Promise.allSettled([admins.signInByPasskey(once), admins.signInByPasskey(once)]))).toEqual([
      'done',
      'passkey_invalid',
    ]);
    const other = attempt(passkey);
    for (const challenge of [null, 'x', once.challenge, attempt(passkey).challenge]) {
      await expect(admins.signInByPasskey({ ...other, challenge })).rejects.toEqual(refused('passkey_invalid'));
    }
    const late = attempt(passkey);
    time.ahead += 5 * 60_000;
    await expect(admins.signInByPasskey(late)).rejects.toEqual(refused('passkey_invalid'));
    await expect(restart().signInByPasskey(attempt(passkey))).rejects.toEqual(refused('passkey_invalid'));
    await admins.signInByPasskey(attempt(passkey));
  });

  const wrong: readonly [string, Changes][] = [
    ['without user verification', { flags: UP }],
    ['of another page', { origin: 'http://localhost:9999' }],
    ['of another site', { origin: 'https://evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['of a registration', { type: 'webauthn.create' }],
    ['over the bare nonce', { challenge: 'A'.repeat(43) }],
  ];
  it.each(wrong)('refuse a response %s', async (_name, changes) => {
    const { person, signIn } = await worldOver(await open());
    const { register } = await person('owner@example.org');
    const passkey = await register();
    await expect(signIn(passkey, changes)).rejects.toEqual(refused('passkey_invalid'));
    await signIn(passkey);
  });

  it('refuse strangers, other accounts, disabled accounts and repeated registrations', async () => {
    const { admins, person, signIn } = await worldOver(await open());
    const ada = await person('ada@example.org');
    const ben = await person('ben@example.org');
    await expect(signIn(createPasskey())).rejects.toEqual(refused('passkey_invalid'));
    const passkey = await ben.register();
    await expect(ada.register(passkey)).rejects.toEqual(refused('conflict'));
    await expect(ada.register(createPasskey(), { flags: UP | 0x40 })).rejects.toEqual(refused('passkey_invalid'));
    const foreign = createPasskey({ rpId: 'evil.example', origin: 'https://evil.example' });
    await expect(ada.register(foreign)).rejects.toEqual(refused('passkey_invalid'));
    const stolen = await ben.creation('sign-in', createPasskey());
    await expect(admins.registerPasskey(ada.account, stolen)).rejects.toEqual(refused('passkey_invalid'));
    await admins.setStatus(ben.account.id, 'disabled');
    await expect(signIn(passkey)).rejects.toEqual(refused('passkey_invalid'));
  });

  it('for approvals never sign in, and an assertion of one purpose never serves the other', async () => {
    const { admins, person, signIn, attempt } = await worldOver(await open());
    const { account, creation, register } = await person('owner@example.org');
    const approver = createPasskey();
    const key = await admins.registerApproverPasskey(account, await creation('approval', approver));
    expect(key).toMatchObject({ keyid: approver.keyid, publicKey: approver.publicKey, rpId: 'localhost' });
    await expect(signIn(approver)).rejects.toEqual(refused('passkey_invalid'));
    const signing = await register();
    // The options for one purpose are not valid for the other.
    const asSignIn = await creation('approval', createPasskey());
    await expect(admins.registerPasskey(account, asSignIn)).rejects.toEqual(refused('passkey_invalid'));

    // An honest page hashes the server's nonce. The server of this test is hostile, and chooses the hash of a document as the nonce.
    const payload = Buffer.from('{"order":"2015-001"}');
    const document = createHash('sha256').update(pae(PAYLOAD_TYPES.revision, payload)).digest('base64url');
    const assertion = approver.assertion(challengeOf({ purpose: 'sign-in', nonce: document }));
    const envelope = (sig: string) => ({
      payloadType: PAYLOAD_TYPES.revision,
      payload: payload.toString('base64'),
      signatures: [{ keyid: key.keyid, sig }],
    });
    const verifier = { ...readPublicKey(key.publicKey), rpId: 'localhost' };
    expect(signedBy(envelope(encodeAssertion(assertion)), [verifier]).size).toBe(0);
    const approval = approver.sign(pae(PAYLOAD_TYPES.revision, payload));
    expect(signedBy(envelope(approval), [verifier]).size).toBe(1);

    // An approval is no sign-in, not even by the passkey for sign-in.
    const used = attempt(signing, { challenge: document });
    await expect(admins.signInByPasskey(used)).rejects.toEqual(refused('passkey_invalid'));
    const lastUse = async () => {
      const { passkeys } = await admins.passkeys(account);
      return Object.fromEntries(passkeys.map(({ purpose, lastUsedAt }) => [purpose, lastUsedAt]));
    };
    expect(await lastUse()).toEqual({ approval: null, 'sign-in': null });
    await admins.approverKeySigned(key.keyid);
    expect(await lastUse()).toEqual({ approval: expect.any(Number), 'sign-in': null });
  });

  it('can be removed by their holder only, and end with a credential reset', async () => {
    const { admins, person, signIn } = await worldOver(await open());
    const ada = await person('ada@example.org');
    const ben = await person('ben@example.org');
    const approver = createPasskey();
    await admins.registerApproverPasskey(ada.account, await ada.creation('approval', approver));
    const [first, second] = [await ada.register(), await ada.register()];
    const { passkeys } = await admins.passkeys(ada.account);
    const id = passkeys.find(({ credential }) => credential === first.id)?.id ?? '';
    await expect(admins.removePasskey(ben.account, id)).rejects.toEqual(refused('not_found'));
    await admins.removePasskey(ada.account, id);
    await expect(signIn(first)).rejects.toEqual(refused('passkey_invalid'));
    await signIn(second);
    const [code = ''] = await admins.newRecoveryCodes(ada.account);

    const { invitation } = await admins.createAccountLink(ada.account.id);
    await admins.redeemInvitation({ token: invitation, password: `${PASSWORD} 2`, address: 'x' });
    await expect(signIn(second)).rejects.toEqual(refused('passkey_invalid'));
    await expect(ada.byRecovery(code, `${PASSWORD} 2`)).rejects.toEqual(refused('credentials_wrong'));
    expect((await admins.passkeys(ada.account)).passkeys.map(({ purpose }) => purpose)).toEqual(['approval']);
  });
});

describeOnEveryStore('recovery codes', (open) => {
  it('work once each, with the password, and raise an alert', async () => {
    const { admins, person, alerts, entries, database } = await worldOver(await open());
    const ada = await person('ada@example.org');
    const ben = await person('ben@example.org');
    const codes = await admins.newRecoveryCodes(ada.account);
    expect(new Set(codes).size).toBe(10);
    const [first = '', second = ''] = codes;
    expect(first).toMatch(/^([a-z2-7]{4}-){3}[a-z2-7]{4}$/);
    await expect(ada.byRecovery(first, 'wrong password')).rejects.toEqual(refused('credentials_wrong'));
    await expect(ben.byRecovery(first)).rejects.toEqual(refused('credentials_wrong'));
    const both = await Promise.allSettled([ada.byRecovery(first), ada.byRecovery(first)]);
    expect(outcomes(both)).toEqual(['credentials_wrong', 'done']);
    expect(alerts).toEqual(['recovery_code_used']);
    expect((await entries()).filter((kind) => kind === 'credentials.recovery-code')).toHaveLength(1);
    expect((await admins.passkeys(ada.account)).recoveryCodes.unused).toBe(9);
    // People write codes in capital letters and without hyphens.
    await ada.byRecovery(second.toUpperCase().replaceAll('-', ' '));

    const rows = await database.db.selectFrom('recovery_codes').selectAll().execute();
    for (const code of codes) expect(JSON.stringify(rows)).not.toContain(code.replaceAll('-', ''));
    const [newer = ''] = await admins.newRecoveryCodes(ada.account);
    await expect(ada.byRecovery(codes[2] ?? '')).rejects.toEqual(refused('credentials_wrong'));
    await ada.byRecovery(newer);
  });
});

describeOnEveryStore('an installation that requires passkeys', (open) => {
  it('refuses password and code for an account with a passkey, and keeps its last passkey', async () => {
    const { admins, person, signIn } = await worldOver(await open(), { required: true });
    const { account, byCode, byRecovery, register } = await person('owner@example.org');
    expect(await admins.passkeyPending(account)).toBe(true);
    const { token } = await byCode();
    const passkey = await register();
    expect(await admins.passkeyPending(account)).toBe(false);
    await expect(byCode()).rejects.toEqual(refused('passkey_required'));
    await expect(admins.stepUp({ account, totp: '000000', token })).rejects.toEqual(refused('passkey_required'));
    await signIn(passkey);
    const [code = ''] = await admins.newRecoveryCodes(account);
    const recovered = await byRecovery(code);
    const opened = await admins.session(recovered.token, recovered.csrf, { active: true });
    expect([opened?.byRecoveryCode, recovered.session.byRecoveryCode]).toEqual([true, true]);
    expect((await signIn(passkey)).session.byRecoveryCode).toBe(false);

    const [stored] = (await admins.passkeys(account)).passkeys;
    await expect(admins.removePasskey(account, stored?.id ?? '')).rejects.toEqual(refused('conflict'));
    await signIn(passkey);
    await register();
    await admins.removePasskey(account, stored?.id ?? '');
  });
});
