/** A store of the version that named people by strings: each name becomes one person, and conversations keep their identifiers. */
import { createHash } from 'node:crypto';
import { Migrator, sql } from 'kysely';
import { expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { migrate } from '../../server/store/migrate.ts';
import { spine } from '../../server/store/migrations/0001-spine.ts';
import { messagingKeys } from '../../server/store/migrations/0002-messaging-keys.ts';
import { mailboxes } from '../../server/store/migrations/0003-mailboxes.ts';
import { legalHolds } from '../../server/store/migrations/0004-legal-holds.ts';
import { PeopleStore } from '../../server/store/people-store.ts';
import { newDeviceId, newGroupId, newLegalHoldId, newPersonId } from '../../shared/protocol/ids.ts';
import { describeOnEveryStore } from './every-store.ts';

const INSTALLATION = 'ins_aaaaaaaaaaaaaaaa';
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** The identifier that the earlier version derived from a name, as its certificates and conversations carry it. */
function earlierId(folded: string): string {
  const hash = createHash('sha256').update(`${INSTALLATION}\n${folded}`).digest('hex').slice(0, 20);
  const value = BigInt(`0x${hash}`);
  return `per_${Array.from({ length: 16 }, (_, at) => ALPHABET[Number((value >> BigInt(5 * at)) & 31n)]).join('')}`;
}

async function toEarlierVersion({ db, dialect }: Database): Promise<void> {
  if (dialect === 'postgres') {
    await sql`drop schema public cascade`.execute(db);
    await sql`create schema public`.execute(db);
  } else {
    await sql`pragma foreign_keys = off`.execute(db);
    const tables = await sql<{ name: string }>`
      select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`.execute(db);
    for (const { name } of tables.rows) await sql`drop table ${sql.table(name)}`.execute(db);
    await sql`pragma foreign_keys = on`.execute(db);
  }
  const earlier = {
    '0001-spine': spine(dialect),
    '0002-messaging-keys': messagingKeys(dialect),
    '0003-mailboxes': mailboxes(dialect),
    '0004-legal-holds': legalHolds(dialect),
  };
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => earlier } }).migrateToLatest();
  if (error) throw error;
}

describeOnEveryStore('the migration to people', (open) => {
  it('makes one person of each name, in the groups of the devices and codes, and keeps what refers to them', async () => {
    const database = await open();
    await toEarlierVersion(database);
    const { db } = database;
    const run = (statement: ReturnType<typeof sql>) => statement.execute(db);
    const [interns, board] = [newGroupId(), newGroupId()];
    const [first, second, third] = [newDeviceId(), newDeviceId(), newDeviceId()];
    const [hold, later] = [newLegalHoldId(), newLegalHoldId()];
    const holder = newPersonId();
    await run(sql`insert into meta (key, value) values ('installation', ${INSTALLATION})`);
    for (const [id, name] of [
      [interns, 'interns'],
      [board, 'board'],
    ]) {
      await run(sql`insert into groups (id, name, created_at) values (${id}, ${name}, 1)`);
    }
    const devices = [
      [first, 'AMINA  rahman', board, 1],
      [second, 'Amina Rahman', interns, 2],
      [third, 'Bilal', board, 3],
    ] as const;
    for (const [id, name, group, at] of devices) {
      const folded = name.replaceAll(/\s+/g, ' ').toLowerCase();
      await run(sql`insert into devices (id, generation, status, user_name, user_folded, group_id, enrolled_at, record_version)
        values (${id}, 1, 'active', ${name}, ${folded}, ${group}, ${sql.lit(at)}, 0)`);
    }
    await run(sql`insert into activation_codes
      (id, secret_hash, user_name, group_id, created_by, created_at, expires_at)
      values (${newDeviceId()}, 'h', 'bilal', ${interns}, 'acc', 1, 2)`);
    for (const [id, name, folded] of [
      [hold, 'AMINA RAHMAN', 'amina rahman'],
      [later, 'Zoe', 'zoe'],
    ]) {
      await run(sql`insert into legal_holds (id, user_name, user_folded, reason, placed_at, placed_by, told)
        values (${id}, ${name}, ${folded}, 'r', 1, 'acc', 1)`);
    }
    await run(sql`insert into persons (id, subject, created_at) values (${holder}, 'email:cara@example.org', 1)`);
    await run(sql`insert into accounts (id, person_id, email, name, totp_last_step, status, created_at)
      values ('acc_1', ${holder}, 'cara@example.org', 'Cara', 0, 'active', 1)`);

    await migrate(db, database.dialect);

    const people = new PeopleStore(database);
    const all = await people.list({ filter: {}, scope: null, after: null, limit: 10 });
    expect(
      all.map(({ person }) => [person.id, person.name, person.groups.map(({ name }) => name), person.devices]),
    ).toEqual([
      [earlierId('amina rahman'), 'Amina Rahman', ['board', 'interns'], 2],
      [earlierId('bilal'), 'Bilal', ['board', 'interns'], 1],
      [holder, 'Cara', [], 0],
      [earlierId('zoe'), 'Zoe', [], 0],
    ]);
    expect(all[2]?.person).toMatchObject({ email: 'cara@example.org', account: true });
    const codes = await sql<{ person_id: string }>`select person_id from activation_codes`.execute(db);
    expect(codes.rows).toEqual([{ person_id: earlierId('bilal') }]);
    const holds = new HoldStore(database);
    expect(await holds.held([first, second, third])).toEqual(new Set([first, second]));
    expect((await holds.hold(later))?.on).toEqual({
      kind: 'person',
      person: earlierId('zoe'),
      user: 'Zoe',
      devices: 0,
    });
  });
});
