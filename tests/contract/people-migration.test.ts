/** `joinEqualPersons`, for a migration to a new rule for e-mail addresses: two accounts of one person join, and nothing is lost. */
import { expect, it } from 'vitest';
import { AccountStore } from '../../server/store/account-store.ts';
import { joinEqualPersons } from '../../server/store/equal-persons.ts';
import { describeOnEveryStore } from './every-store.ts';

describeOnEveryStore('persons whose addresses are equal in canonical form', (open) => {
  it('case 31: join in a migration under the oldest record', async () => {
    const database = await open();
    const { db } = database;
    // Key by the older rule, which knew case, full-width letters and plus tags.
    const people = [
      ['per_aaaaaaaaaaaaaaaa', 'acc_aaaaaaaaaaaaaaaa', 'amina@example.org', 3],
      ['per_bbbbbbbbbbbbbbbb', 'acc_bbbbbbbbbbbbbbbb', '\u0430mina@example.org', 1],
      ['per_cccccccccccccccc', 'acc_cccccccccccccccc', 'ami\u200bna+x@example.org', 2],
      ['per_dddddddddddddddd', 'acc_dddddddddddddddd', 'ben@example.org', 4],
    ] as const;
    for (const [person, account, email, at] of people) {
      const subject = `email:${email.replace('+x', '')}`;
      await db
        .insertInto('persons')
        .values({ ...PERSON, id: person, subject, created_at: at })
        .execute();
      await db
        .insertInto('accounts')
        .values({ id: account, person_id: person, email, email_key: email, name: email, ...NEW, created_at: at })
        .execute();
    }
    for (const _ of ['once', 'again']) {
      await database.transaction((tx) => joinEqualPersons(tx));
      const accounts = await new AccountStore(database).list();
      expect(accounts.map(({ id, person, email }) => [id, person, email])).toEqual([
        ['acc_bbbbbbbbbbbbbbbb', 'per_bbbbbbbbbbbbbbbb', '\u0430mina@example.org'],
        ['acc_cccccccccccccccc', 'per_bbbbbbbbbbbbbbbb', 'ami\u200bna+x@example.org'],
        ['acc_aaaaaaaaaaaaaaaa', 'per_bbbbbbbbbbbbbbbb', 'amina@example.org'],
        ['acc_dddddddddddddddd', 'per_dddddddddddddddd', 'ben@example.org'],
      ]);
    }
    const subjects = await db.selectFrom('persons').select(['id', 'subject']).orderBy('created_at').execute();
    expect(subjects[0]).toEqual({ id: 'per_bbbbbbbbbbbbbbbb', subject: 'email:amina@example.org' });
    expect(new Set(subjects.map(({ subject }) => subject)).size).toBe(4);
  });
});

const NEW = { password_hash: null, totp_sealed: null, totp_last_step: 0, status: 'active' } as const;
const PERSON = {
  name: 'n',
  folded: 'n',
  status: 'active',
  email: null,
  email_key: null,
  directory_id: null,
  same_as: null,
} as const;
