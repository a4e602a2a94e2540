/** Proofs of an account's e-mail address on both databases, and their effect on an approver set (case 31). */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { createAccountLinks } from '../../server/admins/account-links.ts';
import { createAdmins } from '../../server/admins/admins.ts';
import type { Mail } from '../../server/admins/ports.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { openAdminStores } from '../../server/store/admin-store.ts';
import { ApproverStore } from '../../server/store/approver-store.ts';
import type { Database } from '../../server/store/database.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { approversSchema } from '../../shared/order/documents.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { type OrderWorld, openOrderWorld, type Person } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const PASSWORD = 'correct horse battery';
const HOUR = 3_600_000;
const refused = (code: string) => expect.objectContaining({ code });

/** Mail server of the test, which stores mail for all recipients or refuses it. */
function mailSupport() {
  const sent: Mail[] = [];
  const state = { failure: null as string | null };
  const tokenTo = (address: string) => {
    const mail = sent.findLast(({ to }) => to.address === address);
    return /=(\S+)$/m.exec(mail?.text ?? '')?.[1] ?? '';
  };
  const send = async (mail: Mail) => {
    if (state.failure !== null) throw new CordonError('mail_failed', state.failure);
    sent.push(mail);
  };
  return { sent, state, tokenTo, send };
}

function world(database: Database) {
  const store = openAdminStores(database);
  const time = { ahead: 0 };
  const now = () => Date.now() + time.ahead;
  const mail = mailSupport();
  const alerts: string[] = [];
  const seal = (plain: Buffer) => plain.toString('base64');
  const unseal = (text: string) => Buffer.from(text, 'base64');
  const admins = createAdmins({
    stores: store,
    now,
    organization: 'Example',
    sealer: { seal, unseal },
    browserSealer: { seal, unseal },
    clock: new DrivenClock(NOW),
    bus: new LocalBus(),
    alert: async (_code, detail) => void alerts.push(detail),
  });
  const links = (mailed: boolean) =>
    createAccountLinks({
      admins,
      verifications: store.verifications,
      now,
      changed: () => undefined,
      invitationLink: (token) => `https://cordon.example.org/#invitation=${token}`,
      mail: mailed
        ? {
            send: mail.send,
            organization: 'Example',
            verificationLink: (token) => `https://cordon.example.org/#verify=${token}`,
          }
        : null,
    });
  const redeem = (token: string, given: { email?: string } = {}) =>
    admins.redeemInvitation({ token, password: PASSWORD, address: 'x', ...given });
  const owner = async () => {
    const token = (await admins.firstOwnerInvitation()) ?? '';
    return (await redeem(token, { email: 'olivia@example.org' })).account;
  };
  const verified = async (id: AccountId) => (await admins.account(id)).emailVerifiedAt !== null;
  return { store, admins, mail, time, alerts, shown: links(false), mailed: links(true), redeem, owner, verified };
}

const ADA = { email: 'ada@example.org', name: 'Ada', grants: [] };

describeOnEveryStore('verified addresses', (open) => {
  it('result from a mailed invitation, and never from one that the creator saw', async () => {
    const { owner, shown, mailed, mail, redeem, verified } = world(await open());
    const olivia = await owner();
    expect(await verified(olivia.id)).toBe(false);
    const kept = await shown.create({ ...ADA, email: 'eve@example.org' }, olivia);
    await redeem(kept.shown?.token ?? '');
    expect([await verified(kept.account.id), kept.mail]).toEqual([false, null]);

    const made = await mailed.create(ADA, olivia);
    expect([made.shown, made.mail]).toEqual([null, { to: ADA.email, failure: null }]);
    expect(await verified(made.account.id)).toBe(false);
    await redeem(mail.tokenTo(ADA.email));
    expect(await verified(made.account.id)).toBe(true);
  });

  it('do not result from a link that was shown before a mail server was configured', async () => {
    const { owner, shown, mailed, redeem, verified } = world(await open());
    const olivia = await owner();
    const kept = await shown.create(ADA, olivia);
    // From here on, the server sends mail. The creator still has the earlier link.
    await redeem(kept.shown?.token ?? '');
    expect(await verified(kept.account.id)).toBe(false);
    const again = await mailed.createAccountLink(kept.account.id, olivia);
    expect(again.shown).toBeNull();
  });

  it('end when an admin sees a link that replaces the credentials', async () => {
    const { owner, shown, mailed, mail, redeem, verified, alerts } = world(await open());
    const olivia = await owner();
    const { account } = await mailed.create(ADA, olivia);
    await redeem(mail.tokenTo(ADA.email));
    await mailed.createAccountLink(account.id, olivia);
    expect(mail.sent.at(-1)?.subject).toContain('new password');
    await redeem(mail.tokenTo(ADA.email));
    expect(await verified(account.id)).toBe(true);
    const kept = await shown.createAccountLink(account.id, olivia);
    await redeem(kept.shown?.token ?? '');
    expect(await verified(account.id)).toBe(false);
    expect(alerts.filter((detail) => detail.includes('reset link'))).toEqual([
      expect.stringMatching(/mailed a credential reset link to ada@example\.org/),
      expect.stringMatching(/Anyone with this link can take over/),
    ]);
  });

  it('apply to the present address: a changed address is unverified, and the first one counts again', async () => {
    const database = await open();
    const { owner, mailed, mail, redeem, verified } = world(database);
    const { account } = await mailed.create(ADA, await owner());
    await redeem(mail.tokenTo(ADA.email));
    const move = (email: string) =>
      database.db.updateTable('accounts').set({ email }).where('id', '=', account.id).execute();
    await move('ada@example.net');
    expect(await verified(account.id)).toBe(false);
    await move(ADA.email);
    expect(await verified(account.id)).toBe(true);
  });

  it('result from a verification link: once, in time, for its account and its address', async () => {
    const database = await open();
    const { owner, shown, mailed, mail, redeem, verified, admins, time } = world(database);
    const olivia = await owner();
    const eve = await shown.create({ ...ADA, email: 'eve@example.org' }, olivia);
    await redeem(eve.shown?.token ?? '');
    const invalid = refused('verification_invalid');
    const fresh = async () => {
      await mailed.sendVerification(await admins.account(olivia.id));
      return mail.tokenTo(olivia.email);
    };

    const first = await fresh();
    const second = await fresh();
    await expect(mailed.verifyAddress(olivia.id, first)).rejects.toEqual(invalid);
    // The reader of the mailbox has another account, so neither account becomes verified.
    await expect(mailed.verifyAddress(eve.account.id, second)).rejects.toEqual(invalid);
    // The verification link creates no account.
    await expect(redeem(second)).rejects.toEqual(refused('invitation_invalid'));
    time.ahead = 25 * HOUR;
    await expect(mailed.verifyAddress(olivia.id, second)).rejects.toEqual(invalid);
    time.ahead = 0;
    const third = await fresh();
    await database.db.updateTable('accounts').set({ email: 'o@example.net' }).where('id', '=', olivia.id).execute();
    await expect(mailed.verifyAddress(olivia.id, third)).rejects.toEqual(invalid);
    await database.db.updateTable('accounts').set({ email: olivia.email }).where('id', '=', olivia.id).execute();
    expect([await verified(olivia.id), await verified(eve.account.id)]).toEqual([false, false]);

    const last = await fresh();
    // An attempt with the wrong account does not consume the link.
    await expect(mailed.verifyAddress(eve.account.id, last)).rejects.toEqual(invalid);
    const both = await Promise.allSettled([1, 2].map(() => mailed.verifyAddress(olivia.id, last)));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await verified(olivia.id)).toBe(true);
    await expect(mailed.sendVerification(await admins.account(olivia.id))).rejects.toEqual(refused('conflict'));
    await expect(shown.sendVerification(eve.account)).rejects.toEqual(refused('mail_not_configured'));
  });

  it('are stored as hashes, and a mailbox receives six mails an hour', async () => {
    const database = await open();
    const { owner, mailed, mail } = world(database);
    const olivia = await owner();
    for (let sent = 0; sent < 6; sent++) await mailed.sendVerification(olivia);
    const stored = JSON.stringify(await database.db.selectFrom('address_verifications').selectAll().execute());
    expect([stored.includes(mail.tokenTo(olivia.email)), stored.includes(olivia.email)]).toEqual([false, true]);
    await expect(mailed.sendVerification(olivia)).rejects.toEqual(refused('rate_limited'));
    await expect(mailed.createAccountLink(olivia.id, olivia)).rejects.toEqual(refused('rate_limited'));
    expect(mail.sent).toHaveLength(6);
    expect(await mailed.verifyAddress(olivia.id, mail.tokenTo(olivia.email))).toMatchObject({ id: olivia.id });
  });

  it('wait while the mail server fails: the creator sees the reason, never the link, and sends it again', async () => {
    const { owner, mailed, mail, redeem, verified } = world(await open());
    const olivia = await owner();
    mail.state.failure = 'The mail server is down.';
    const made = await mailed.create(ADA, olivia);
    expect(made).toMatchObject({ shown: null, mail: { to: ADA.email, failure: 'The mail server is down.' } });
    mail.state.failure = null;
    expect(await mailed.createAccountLink(made.account.id, olivia)).toMatchObject({
      shown: null,
      mail: { failure: null },
    });
    await redeem(mail.tokenTo(ADA.email));
    expect(await verified(made.account.id)).toBe(true);
  });

  it('case 31: do not separate the creator from the account, even if only the mailbox saw the invitation', async () => {
    const database = await open();
    const { owner, mailed, shown, mail, redeem } = world(database);
    const olivia = await owner();
    const { account } = await mailed.create(ADA, olivia);
    await redeem(mail.tokenTo(ADA.email));
    await mailed.createAccountLink(account.id, olivia);
    const links = async () => {
      const rows = await database.db.selectFrom('account_links').select(['account_id', 'seen_by', 'kind']).execute();
      return rows.map(({ kind }) => kind).sort();
    };
    // A reset link that was mailed, so no admin saw it.
    expect(await links()).toEqual(['created']);
    await shown.createAccountLink(account.id, olivia);
    expect(await links()).toEqual(['created', 'link']);
  });

  it('are shown with the approver keys of an account', async () => {
    const database = await open();
    const { owner, mailed, mail, redeem, admins } = world(database);
    const olivia = await owner();
    const { account } = await mailed.create(ADA, olivia);
    await redeem(mail.tokenTo(ADA.email));
    for (const each of [olivia, await admins.account(account.id)]) {
      const { publicKey } = generateKeyPairSync('ed25519');
      await admins.registerApproverKey(each, publicKey.export({ type: 'spki', format: 'der' }).toString('base64'));
    }
    const marks = (await admins.approverKeys()).map((key) => [key.account, key.verified]);
    expect(new Map(marks as [string, boolean][])).toEqual(
      new Map([
        [olivia.id, false],
        [account.id, true],
      ]),
    );
    const known = [...(await new ApproverStore(database).approverKeys()).values()];
    expect(known.map(({ email, verified }) => [email, verified]).sort()).toEqual([
      [ADA.email, true],
      [olivia.email, false],
    ]);
  });
});

describeOnEveryStore('an approver set', (open) => {
  let orders: OrderWorld;
  let database: Database;
  afterEach(async () => orders.stop());

  const begin = async (verifiedApproversOnly: boolean) => {
    database = await open();
    orders = await openOrderWorld(database, undefined, { verifiedApproversOnly });
    return orders.people;
  };
  const accountOf = async ({ key }: Person) =>
    (
      await database.db
        .selectFrom('approver_keys')
        .select('account_id')
        .where('keyid', '=', key.keyid)
        .executeTakeFirstOrThrow()
    ).account_id;
  const verify = async (...people: readonly Person[]) => {
    for (const person of people) {
      const account = await accountOf(person);
      const { email } = await database.db
        .selectFrom('accounts')
        .select('email')
        .where('id', '=', account)
        .executeTakeFirstOrThrow();
      const proved = { verified_email: email, email_verified_at: NOW };
      await database.db.updateTable('accounts').set(proved).where('id', '=', account).execute();
    }
  };
  const created = async (by: Person, made: Person) =>
    database.db
      .insertInto('account_links')
      .values({ account_id: await accountOf(made), seen_by: await accountOf(by), kind: 'created', at: NOW })
      .execute();
  const propose = (people: readonly Person[]) =>
    orders.orders.approverSets.propose({ threshold: 2, keyids: people.map(({ key }) => key.keyid) });
  const sign = ({ id, key }: Person, { version, payload }: { version: number; payload: string }) =>
    orders.orders.approverSets.sign(id, version, { keyid: key.keyid, signature: signApproverSetPayload(key, payload) });
  const attestations = (payload: string) =>
    approversSchema.parse(JSON.parse(payload)).approvers.map(({ attestation }) => attestation ?? 'self-attested');
  const newest = async () => {
    const entry = await database.db
      .selectFrom('ledger_entries')
      .select('body')
      .where('kind', '=', 'approvers.adopted')
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    return JSON.parse(entry.body).public;
  };

  it('marks each approver as verified or self-attested if the server sends no mail', async () => {
    const { ada, ben } = await begin(false);
    await verify(ada);
    const approverSet = await propose([ada, ben]);
    expect(attestations(approverSet.payload).sort()).toEqual(['self-attested', 'verified']);
    await sign(ada, approverSet);
    expect((await sign(ben, approverSet)).state).toBe('adopted');
    expect(await newest()).toMatchObject({ selfAttested: 1, verified: 1 });
  });

  it('case 31: contains only verified approvers if the server sends mail', async () => {
    const { ada, ben, cyd } = await begin(true);
    await verify(ada);
    const error = await propose([ada, ben, cyd]).catch((thrown: unknown) => thrown);
    expect(isCordonError(error, 'address_unverified') && error.message).toMatch(
      /no verified e-mail address: .*@example\.com.*"Send a verification link"/,
    );
    await verify(ben);
    const approverSet = await propose([ada, ben]);
    expect(attestations(approverSet.payload)).toEqual(['verified', 'verified']);
  });

  it('remains valid and self-attested when the server begins to send mail', async () => {
    const { ada, ben, cyd } = await begin(false);
    await orders.approverSet([ada, ben, cyd], [ada, ben]);
    await orders.stop();
    orders = await openOrderWorld(database, undefined, { verifiedApproversOnly: true });
    const { current } = await orders.orders.approverSets.view();
    expect([current?.state, attestations(current?.payload ?? '')]).toEqual([
      'adopted',
      ['self-attested', 'self-attested', 'self-attested'],
    ]);
  });

  it('case 31: two verified accounts of one creator are two people; the creator and one of them are one', async () => {
    const { proposer: owner, ada, ben } = await begin(true);
    await created(owner, ada);
    await created(owner, ben);
    await verify(owner, ada, ben);
    await expect(propose([owner, ada])).rejects.toEqual(refused('same_person'));
    const approverSet = await propose([ada, ben]);
    await sign(ada, approverSet);
    expect((await sign(ben, approverSet)).state).toBe('adopted');
  });
});
