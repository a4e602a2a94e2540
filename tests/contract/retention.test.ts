import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RETIRED_DAYS } from '../../server/devices/life-cycle.ts';
import { BEFOREHAND_DAYS, EVIDENCE_DAYS } from '../../server/jurisdiction/past-location.ts';
import type { Database } from '../../server/store/database.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { retentionPeriods } from '../../server/store/retention-periods.ts';
import { newAccountId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
/** Domain time and real time are years apart, so that a mix-up fails the test. */
const NOW = { domain: 1_447_200_000_000, real: 1_800_000_000_000 };

/** Two rows of each kind: one row that has just expired, and one that has not. */
async function fill(database: Database) {
  const group = await addGroup(database, 'g');
  const device = await addDevice(database, { group });
  await addCertificate(database, { device, notAfter: 1 });
  const account = newAccountId();
  const { db } = database;
  await db
    .insertInto('persons')
    .values({ id: 'per_1', subject: 's', name: 'n', folded: 'n', status: 'active', created_at: 1 })
    .execute();
  await db
    .insertInto('accounts')
    .values({
      id: account,
      person_id: 'per_1',
      email: 'e',
      email_key: 'e',
      name: 'n',
      totp_last_step: 0,
      status: 'active',
      created_at: 1,
    })
    .execute();
  const exit = { order_number: '2026-001', revision: 1 };
  await db
    .insertInto('orders')
    .values({ number: exit.order_number, title: '', latest_revision: 1, created_at: 1 })
    .execute();
  await db
    .insertInto('order_revisions')
    .values({ ...exit, action: 'exit', payload: '', digest: '', proposer: '', state: 'adopted', proposed_at: 1 })
    .execute();
  for (const [name, ago] of [
    ['old', 1],
    ['young', -1],
  ] as const) {
    const [long, short] = [NOW.domain - 400 * DAY - ago, NOW.real - 30 * DAY - ago];
    await db
      .insertInto('evidence')
      .values({
        device_id: device,
        generation: 1,
        at: long,
        detail: name,
        received_at: long,
      })
      .execute();
    await db
      .insertInto('compliance_events')
      .values({ device_id: device, at: long, event: 'compliant', detail: name })
      .execute();
    await db
      .insertInto('lost_modes')
      .values({
        device_id: await addDevice(database, { group }),
        id: `lost ${name}`,
        generation: 1,
        reason: 'r',
        contact: 'c',
        started_at: 1,
        until_at: 2,
        ended_at: long,
      })
      .execute();
    await db
      .insertInto('script_outputs')
      .values({
        command_id: `output ${name}`,
        byte_offset: 0,
        device_id: device,
        bytes: 1,
        text: name,
        at: NOW.real - 30 * DAY - ago,
      })
      .execute();
    for (const until_at of [long, null]) {
      const change = { from_at: 1, until_at };
      const belongs = { device_id: device, generation: 1, status: 'active', group_id: group } as const;
      await db
        .insertInto('device_history')
        .values({ ...change, ...belongs })
        .execute();
      await db
        .insertInto('group_history')
        .values({ ...change, group_id: group, name: until_at === null ? 'stays' : name })
        .execute();
    }
    await db
      .insertInto('notification_channels')
      .values({ id: `channel ${name}`, name, sealed: '', created_at: 1 })
      .execute();
    for (const state of ['waiting', 'dead'] as const) {
      await db
        .insertInto('notification_deliveries')
        .values({
          id: `${name} ${state}`,
          channel_id: `channel ${name}`,
          test: 0,
          title: '',
          body: '',
          state,
          attempts: 1,
          created_at: NOW.real - 90 * DAY - ago,
          deadline_at: 1,
        })
        .execute();
    }
    const batch = ago === 1 ? 1 : 2;
    await db
      .insertInto('activity_batches')
      .values({
        number: batch,
        size: 1,
        from_at: long,
        to_at: long,
        root: '',
        previous: '',
        hash: '',
        sealed_at: long,
        ledger_entry: 1,
      })
      .execute();
    const entry = { at: long, count: 1, kind: 'change', actor_kind: 'server', action: name, outcome: 'ok' } as const;
    const { id: entry_id } = await db
      .insertInto('activity_entries')
      .values({ ...entry, target_count: 1, salt: '', batch })
      .returning('id')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('activity_targets')
      .values({ entry_id, kind: 'group', target: group, person_id: null, batch })
      .execute();
    await db
      .insertInto('alerts')
      .values({ at: long, first_at: long, count: 1, device_id: null, code: name, detail: '' })
      .execute();
    for (const finished_at of [NOW.real - 400 * DAY - ago, null]) {
      const state = finished_at === null ? 'queued' : 'done';
      await db
        .insertInto('commands')
        .values({
          id: newCommandId(),
          device_id: device,
          generation: 1,
          kind: 'lock-workspace',
          body: '{}',
          state,
          created_by: 'x',
          created_at: 1,
          expires_at: 1,
          finished_at,
        })
        .execute();
    }
    const job = {
      kind: 'restart-agent',
      body: '{"kind":"restart-agent"}',
      created_by: 'x',
      created_at: 1,
      refused: '[]',
      state: 'expired' as const,
      released: '~',
      plan: '{}',
      progress: '{}',
      wake: 0 as const,
    };
    await db
      .insertInto('jobs')
      .values({ ...job, id: name, expires_at: 1, devices: 1, waiting: 1, ended_at: NOW.real - 400 * DAY - ago })
      .execute();
    await db.insertInto('job_members').values({ job: name, device_id: device, generation: 1, waiting: 1 }).execute();
    const sent = { device_id: device, generation: 1, post_id: name, at: NOW.domain - 7 * DAY - ago };
    await db
      .insertInto('post_results')
      .values({ ...sent, digest: 1, answer: '' })
      .execute();
    await db
      .insertInto('posts')
      .values({ ...sent, id: ago + 1, keep: 0, entries: 1, body: 'sealed' })
      .execute();
    const committed = { conversation: 'c', device_id: device, generation: 1, post_id: name };
    await db
      .insertInto('conversation_epochs')
      .values({ ...committed, epoch: ago + 1, at: NOW.domain - 90 * DAY - ago })
      .execute();
    await db
      .insertInto('attachments')
      .values({ id: name, device_id: device, size: 1, at: NOW.domain - 30 * DAY - ago, body: Buffer.of(1) })
      .execute();
    await db
      .insertInto('device_logs')
      .values({ command_id: name, device_id: device, at: NOW.real - 7 * DAY - ago, size: 1, body: Buffer.of(1) })
      .execute();
    await db
      .insertInto('fetched_files')
      .values({
        command_id: name,
        device_id: device,
        name: 'a',
        reason: 'b',
        at: NOW.real - 7 * DAY - ago,
        size: 1,
        body: Buffer.of(1),
      })
      .execute();
    const own = { device_id: device, generation: 1 };
    for (const mail of [null, 1]) {
      await db
        .insertInto('mail_pieces')
        .values({
          ...own,
          id: `${name} ${mail}`,
          sha256: '',
          size: 1,
          at: NOW.domain - DAY - ago,
          mail,
          body: Buffer.of(1),
        })
        .execute();
    }
    await db
      .insertInto('mail_results')
      .values({ ...own, mail_id: name, at: NOW.domain - 30 * DAY - ago, answer: '' })
      .execute();
    const day = NOW.domain / DAY - 30 - (ago === 1 ? 1 : 0);
    await db.insertInto('mail_returns').values({ day, mails: 1, bytes: 1 }).execute();
    const checked_at = NOW.domain - 30 * DAY - ago;
    await db
      .insertInto('pending_exits')
      .values({ ...exit, device_id: name, generation: 1, since: 1, checked_at })
      .execute();
    const uploaded = {
      uploaded_by: 'per_x',
      uploaded_at: NOW.domain - 30 * DAY - ago,
      media_type: 'text/plain',
      size: 1,
    };
    await db
      .insertInto('order_documents')
      .values(([0, 1] as const).map((named) => ({ ...uploaded, sha256: `${name} ${named}`, sealed: '', named })))
      .execute();
    const ended = { account_id: account, expires_at: short };
    await db
      .insertInto('sessions')
      .values({
        ...ended,
        id: name,
        hash: name,
        page_hash: '',
        created_at: 1,
        authenticated_at: 1,
        last_used_at: 1,
        address: '',
        user_agent: '',
        by_recovery_code: 0,
      })
      .execute();
    await db
      .insertInto('api_tokens')
      .values({ ...ended, id: name, hash: name, name, created_at: 1, destructive: 0 })
      .execute();
    await db
      .insertInto('invitations')
      .values({ ...ended, hash: name })
      .execute();
    const holder = { id: newAccountId(), person_id: 'per_1', email: name, email_key: name, name };
    await db
      .insertInto('accounts')
      .values({ ...holder, totp_last_step: 0, status: 'active', created_at: 1 })
      .execute();
    await db
      .insertInto('connection_log')
      .values({ person_id: 'per_1', day_end: NOW.domain - 90 * DAY - ago, id: name, sealed: '' })
      .execute();
    await db
      .insertInto('enrollment_records')
      .values({ person_id: 'per_1', device_id: name, generation: 1, enrolled_at: long, sealed: '' })
      .execute();
    await db
      .insertInto('passkey_confirmations')
      .values({
        digest: name,
        account_id: account,
        passkey_id: 'psk_1',
        action_hash: name,
        content: name,
        statement: name,
        assertion: name,
        at: NOW.real - 400 * DAY - ago,
      })
      .execute();
    await db
      .insertInto('address_verifications')
      .values({ account_id: holder.id, hash: name, email: name, expires_at: short })
      .execute();
    await db
      .insertInto('activation_codes')
      .values({
        id: newDeviceId(),
        secret_hash: name,
        person_id: 'per_1',
        group_id: group,
        created_by: account,
        created_at: 1,
        used_at: short,
        expires_at: NOW.real,
      })
      .execute();
  }
  await db
    .insertInto('api_tokens')
    .values({ account_id: account, id: 'lasting', hash: 'lasting', name: 'lasting', created_at: 1, destructive: 0 })
    .execute();
}

describeOnEveryStore('retention', (open) => {
  it('removes exactly the expired records of each kind, by domain time or real time', async () => {
    const database = await open();
    await fill(database);
    const lists = Array.from({ length: 1702 }, (_, i) => i + 1);
    for (let from = 0; from < lists.length; from += 500) {
      const rows = lists.slice(from, from + 500);
      await database.db
        .insertInto('order_lists')
        .values(rows.map((version) => ({ version, envelope: '', hash: String(version), issued_at: 1, expires_at: 1 })))
        .execute();
    }
    const once = {
      evidence: 1,
      device_history: 1,
      group_history: 1,
      alerts: 1,
      activity_entries: 1,
      activity_targets: 1,
      connection_log: 1,
      enrollment_records: 1,
      compliance_events: 1,
      lost_modes: 1,
      script_outputs: 1,
      commands: 1,
      jobs: 1,
      job_members: 1,
      sessions: 1,
      api_tokens: 1,
      invitations: 1,
      address_verifications: 1,
      activation_codes: 1,
      passkey_confirmations: 1,
      notification_deliveries: 1,
      post_results: 1,
      conversation_epochs: 1,
      conversations: 0,
      conversation_members: 0,
      attachments: 1,
      device_logs: 1,
      fetched_files: 1,
      mail_pieces: 1,
      mail_results: 1,
      mail_returns: 1,
      order_documents: 1,
      pending_exits: 1,
    };
    expect(await removeExpired(database, NOW, 400)).toEqual({ ...once, order_lists: 702 });
    const none = Object.fromEntries(retentionPeriods(400).map(({ table }) => [table, 0]));
    expect(await removeExpired(database, NOW, 400)).toEqual(none);

    const { db } = database;
    expect(await db.selectFrom('evidence').select('detail').execute()).toEqual([{ detail: 'young' }]);
    const groups = (await db.selectFrom('group_history').select('name').execute()).map(({ name }) => name);
    expect(groups.sort()).toEqual(['g', 'stays', 'stays', 'young']);
    expect(await db.selectFrom('alerts').select('code').execute()).toEqual([{ code: 'young' }]);
    expect(await db.selectFrom('sessions').select('hash').execute()).toEqual([{ hash: 'young' }]);
    const tokens = (await db.selectFrom('api_tokens').select('id').execute()).map(({ id }) => id);
    expect(tokens.sort()).toEqual(['lasting', 'young']);
    expect(await db.selectFrom('activation_codes').select('secret_hash').execute()).toEqual([{ secret_hash: 'young' }]);
    const confirmations = await db.selectFrom('passkey_confirmations').select('digest').execute();
    expect(confirmations).toEqual([{ digest: 'young' }]);
    const states = (await db.selectFrom('commands').select('state').execute()).map(({ state }) => state);
    expect(states.sort()).toEqual(['done', 'queued', 'queued']);
    expect(await db.selectFrom('post_results').select('post_id').execute()).toEqual([{ post_id: 'young' }]);
    const waiting = (await db.selectFrom('posts').select('post_id').execute()).map(({ post_id }) => post_id);
    expect(waiting.sort()).toEqual(['old', 'young']);
    expect(await db.selectFrom('conversation_epochs').select('epoch').execute()).toEqual([{ epoch: 0 }]);
    const pieces = (await db.selectFrom('mail_pieces').select('id').execute()).map(({ id }) => id);
    expect(pieces.sort()).toEqual(['old 1', 'young 1', 'young null']);
    const oldest = await db.selectFrom('order_lists').select('version').orderBy('version').executeTakeFirst();
    expect(oldest).toEqual({ version: 703 });
    expect(await db.selectFrom('certificates').select('not_after').execute()).toEqual([{ not_after: 1 }]);
  });
});

it('has the same periods as the table in SECURITY.md', () => {
  const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
  const periods = retentionPeriods(EVIDENCE_DAYS + BEFOREHAND_DAYS).map(
    ({ records, days, newest }) =>
      `| ${records} | ${newest === undefined ? `${days} ${days === 1 ? 'day' : 'days'}` : `the newest ${newest}`} |`,
  );
  const retired = `| records of retired devices, from their retirement | ${RETIRED_DAYS} days |`;
  const [, rows = ''] = /\| record \| kept \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? [];
  expect(rows.trim().split('\n').sort()).toEqual([...periods, retired].sort());
});
