/** The activity log over both databases: outcomes, sealing, verification of an export, tampering, and retention. */
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { createActivity } from '../../server/activity/activity.ts';
import { insertEvents } from '../../server/store/activity-rows.ts';
import { ActivityStore } from '../../server/store/activity-store.ts';
import type { Database } from '../../server/store/database.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { commitmentOf, verifyActivityExport } from '../../shared/activity/verify-export.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import { newAccountId, newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const START = 1_700_000_000_000;
const ALL = {
  from: null,
  to: null,
  admin: null,
  device: null,
  person: null,
  kind: null,
  action: null,
  outcome: null,
  text: null,
};

function logOf(database: Database) {
  const clock = new DrivenClock(START);
  const activity = createActivity({
    store: new ActivityStore(database),
    installation: 'test',
    clock,
    days: 400,
    log: { error: (facts) => expect(facts).toBeNull() },
  });
  const account = newAccountId();
  const request = (action: string, from = account as string | null) => ({
    ...({ kind: 'change', account: from, action, via: 'token', credential: 'tok_x', address: '192.0.2.1' } as const),
    agent: 'test',
  });
  const entries = async (filter = {}) =>
    (await activity.list({ ...ALL, ...filter }, { readable: 'all', cursor: null, limit: 200 })).entries;
  const exported = async (range = {}) => {
    const lines: string[] = [];
    for await (const part of activity.sealedExport({ from: null, to: null, ...range })) lines.push(part);
    return lines.join('').split('\n').filter(Boolean);
  };
  const commitments = async () =>
    (await database.db.selectFrom('ledger_entries').select('body').execute()).flatMap(
      ({ body }) => commitmentOf(entrySchema.parse(JSON.parse(body))) ?? [],
    );
  return {
    activity,
    account,
    request,
    entries,
    exported,
    commitments,
    pass: (milliseconds: number) => clock.jump(clock.now() + milliseconds),
  };
}

describeOnEveryStore('the activity log', (open) => {
  it('has an entry before a change, and its outcome afterward', async () => {
    const { activity, request, entries } = logOf(await open());
    const [person, group] = [
      { kind: 'person', id: 'per_1' },
      { kind: 'group', id: 'grp_1' },
    ] as const;
    const begun = await activity.begin(request('groups.create'), [person]);
    expect(await entries()).toMatchObject([{ action: 'groups.create', outcome: null, targetCount: 1 }]);
    await begun.end('ok', [group]);
    expect(await entries()).toMatchObject([{ outcome: 'ok', targetCount: 2, targets: [group, person] }]);
  });

  it('states an unknown outcome after a restart', async () => {
    const { activity, request, entries } = logOf(await open());
    await activity.begin(request('groups.create'), []);
    await activity.start();
    await activity.stop();
    expect(await entries()).toMatchObject([{ outcome: 'unknown' }]);
  });

  it('bounds the entries about refusals, and counts the others', async () => {
    const { activity, request, entries, pass } = logOf(await open());
    for (let i = 0; i < 40; i++) await activity.record(request('session.create', null), 'credentials_wrong', []);
    // Other sources, as of an attacker with many addresses.
    for (let i = 0; i < 300; i++) {
      await activity.record(
        { ...request('session.create', null), address: `198.51.100.${i}` },
        'credentials_wrong',
        [],
      );
    }
    for (let i = 0; i < 20; i++) {
      const begun = await activity.begin(request('groups.delete'), []);
      await begun.end('not_found', []);
    }
    expect((await entries()).length).toBeLessThan(70);
    pass(DAY);
    await activity.seal();
    const all = await entries();
    expect(all.length).toBeLessThan(75);
    expect(all.filter(({ action }) => action === 'session.create').reduce((sum, { count }) => sum + count, 0)).toBe(
      340,
    );
    expect(all.filter(({ action }) => action === 'groups.delete').reduce((sum, { count }) => sum + count, 0)).toBe(20);
  });

  it('has one entry for repeated reads in an hour', async () => {
    const { activity, request, entries, pass } = logOf(await open());
    const read = () =>
      activity.recordRead({ ...request('devices.evidence'), kind: 'read' }, [{ kind: 'device', id: 'd' }]);
    await read();
    await read();
    expect(await entries()).toHaveLength(1);
    pass(3_600_001);
    await read();
    expect(await entries()).toHaveLength(2);
  });

  it('filters by admin, device, person, action, outcome, time and text', async () => {
    const database = await open();
    const { activity, request, account, entries, pass } = logOf(database);
    const group = await addGroup(database, 'g');
    const device = await addDevice(database, { group });
    const { person_id: person } = await database.db
      .selectFrom('devices')
      .select('person_id')
      .where('id', '=', device)
      .executeTakeFirstOrThrow();
    await activity.record(request('devices.revoke'), 'ok', [{ kind: 'device', id: device }]);
    pass(1000);
    await activity.record(request('groups.create', newAccountId()), 'forbidden', []);
    await activity.record(request('groupsx.create', newAccountId()), 'ok', []);
    const actions = async (filter: object) => (await entries(filter)).map(({ action }) => action);
    expect(await actions({ admin: account })).toEqual(['devices.revoke']);
    expect(await actions({ device })).toContain('devices.revoke');
    expect(await actions({ person })).toContain('devices.revoke');
    expect(await actions({ person: 'per_other' })).toEqual([]);
    expect(await actions({ action: 'groups' })).toEqual(['groups.create']);
    expect(await actions({ outcome: 'refused' })).toEqual(['groups.create']);
    expect(await actions({ from: START + 1, to: START + 2000, kind: 'change' })).toEqual([
      'groupsx.create',
      'groups.create',
    ]);
    expect(await actions({ text: 'REVOKE' })).toEqual(['devices.revoke']);
    expect(await actions({ text: '%' })).toEqual([]);
  });

  it('proves an export, and finds a changed, removed or reordered entry', async () => {
    const database = await open();
    const { activity, request, exported, commitments, pass } = logOf(database);
    for (let batch = 0; batch < 3; batch++) {
      for (let i = 0; i < 5; i++) {
        await activity.record(request('groups.create'), 'ok', [{ kind: 'device', id: newDeviceId() }]);
      }
      pass(60_000);
      await activity.seal();
    }
    await activity.record(request('groups.create'), 'ok', []);
    const lines = await exported();
    expect(await verifyActivityExport(lines, await commitments())).toMatchObject({
      batches: 3,
      entries: 15,
      expired: 0,
      unsealed: 1,
      inLedger: 3,
    });
    const refused = async (changed: readonly string[]) =>
      expect(verifyActivityExport(changed, await commitments())).rejects.toMatchObject({ code: 'proof_invalid' });
    const at = lines.findIndex((line) => line.includes('"entry"'));
    const swap = [...lines.slice(0, at), lines[at + 1] ?? '', lines[at] ?? '', ...lines.slice(at + 2)];
    await refused(swap);
    await refused(lines.toSpliced(at, 1));
    await refused(lines.toSpliced(at, 1, (lines[at] ?? '').replace('groups.create', 'groups.delete')));
    await refused(lines.slice(0, -1));
    // The first or last batch is missing, with a matching end.
    const without = (number: number) => {
      const from = lines.findIndex((line) => line.includes(`"number":${number},`));
      return [...lines.toSpliced(from, 6).slice(0, -1), '{"end":{"batches":2,"entries":10}}'];
    };
    for (const number of [1, 2, 3]) await refused(without(number));
    // Without the ledger, the operator could make the batches anew.
    await expect(verifyActivityExport(without(3))).resolves.toMatchObject({ batches: 2, inLedger: null });

    await database.db.updateTable('activity_entries').set({ outcome: 'forbidden' }).where('id', '=', 7).execute();
    await refused(await exported());
  });

  it('exports whole batches of a time range', async () => {
    const { activity, request, exported, commitments, pass } = logOf(await open());
    for (let batch = 0; batch < 4; batch++) {
      await activity.record(request('groups.create'), 'ok', []);
      pass(60_000);
      await activity.seal();
    }
    const range = { from: START + 60_000, to: START + 150_000 };
    const verified = await verifyActivityExport(await exported(range), await commitments());
    expect(verified).toMatchObject({ first: { number: 1 }, last: { number: 3 } });
  });

  it('keeps the hashes of batches after the retention period, so that the rest verifies', async () => {
    const database = await open();
    const { activity, request, exported, commitments, pass } = logOf(database);
    for (let batch = 0; batch < 2; batch++) {
      await activity.record(request('groups.create'), 'ok', [{ kind: 'device', id: newDeviceId() }]);
      await activity.seal();
      pass(300 * DAY);
    }
    const now = START + 600 * DAY;
    expect(await removeExpired(database, { domain: now, real: now }, 400)).toMatchObject({
      activity_entries: 1,
      activity_targets: 1,
    });
    const verified = await verifyActivityExport(await exported(), await commitments());
    expect(verified).toMatchObject({ batches: 2, entries: 1, expired: 1, newestExpired: START });
  });

  it('has events of devices in the transaction of their change', async () => {
    const database = await open();
    const { entries } = logOf(database);
    const device = newDeviceId();
    await expect(
      database.transaction(async (tx) => {
        await insertEvents(tx, [{ device, at: START, action: 'device.revoked' }]);
        await sql`select no_such_column from devices`.execute(tx);
      }),
    ).rejects.toThrow();
    expect(await entries()).toEqual([]);
    await database.transaction((tx) => insertEvents(tx, [{ device, at: START, action: 'device.revoked' }]));
    expect(await entries({ device })).toMatchObject([
      { action: 'device.revoked', kind: 'event', actor: { kind: 'device', id: device }, outcome: 'ok' },
    ]);
  });
});
