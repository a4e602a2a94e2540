/** Pending destructive actions on both databases, with simultaneous requests. */
import { expect, it } from 'vitest';
import type { StoredAction } from '../../server/admins/actions.ts';
import { insertAccount } from '../../server/store/account-rows.ts';
import { ActionStore } from '../../server/store/action-store.ts';
import type { Database } from '../../server/store/database.ts';
import { type DeviceId, newAccountId, newActionId, type PersonId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const AT = 10 * DAY;

async function world(database: Database) {
  const store = new ActionStore(database);
  const id = newAccountId();
  const email = 'a@example.org';
  await database.transaction((tx) =>
    insertAccount(tx, { id, email, name: 'A', emailKey: email, subject: `email:${email}`, at: 1 }),
  );
  const group = await addGroup(database, 'g');
  const devices: DeviceId[] = [];
  for (let index = 0; index < 12; index += 1) devices.push(await addDevice(database, { group }));
  const ended = await addDevice(database, { group });
  await database.db.updateTable('devices').set({ status: 'revoked' }).where('id', '=', ended).execute();
  const person = 'per_a' as PersonId;
  const take = (wanted: readonly DeviceId[], { at = AT, limit = 5, who = person } = {}) => {
    const asked = { person: who, account: id, action: 'workspace.wipe', devices: wanted, at, since: at - DAY } as const;
    return store.useSoloLimit(asked, ({ used }) => used <= limit);
  };
  const draft = (content: string): StoredAction => ({
    id: newActionId(),
    action: 'workspace.wipe',
    route: 'commands.issue',
    content,
    hash: content,
    devices: 1,
    account: id,
    person,
    proposedAt: AT,
    expiresAt: AT + DAY,
    status: 'pending',
    decidedAt: null,
    decidedBy: null,
    reason: null,
    outcome: null,
  });
  const propose = (action: StoredAction, atMost = 20) =>
    store.propose(action, { kind: 'action.proposed', at: 1, subject: id, public: { id: action.id } }, atMost);
  const decide = (action: StoredAction, status: 'confirmed' | 'declined', at = AT + 1) =>
    store.decide(
      action.id,
      { status, at, by: id, reason: null },
      { kind: `action.${status}`, at: 2, subject: id, public: { id: action.id } },
      null,
    );
  const entries = async () =>
    (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);
  return { store, devices, person, take, draft, propose, decide, entries };
}

describeOnEveryStore('actions', (open) => {
  it('count the distinct devices of one person within the period, also for simultaneous requests', async () => {
    const { store, devices, person, take } = await world(await open());
    const results = await Promise.all(devices.slice(0, 8).map((device) => take([device])));
    expect(results.filter(Boolean)).toHaveLength(5);
    expect(await store.soloUse(person, AT - DAY)).toEqual({ used: 5, fleet: 12 });
    expect(await take(devices.slice(0, 2), { limit: 7 })).toBe(true);
    expect(await take(devices.slice(8, 12))).toBe(false);
    expect(await take(devices.slice(8, 12), { who: 'per_b' as PersonId })).toBe(true);
    expect((await store.soloUse(person, AT - DAY)).used).toBeLessThanOrEqual(7);
    expect(await take(devices.slice(8, 12), { at: AT + DAY })).toBe(true);
    expect((await store.soloUse(person, AT)).used).toBe(4);
  });

  it('are recorded once for repeated requests, each with one ledger entry, and limited in number', async () => {
    const { draft, propose, entries } = await world(await open());
    const [first, second] = await Promise.all([propose(draft('one')), propose(draft('one'))]);
    expect(first?.id).toBe(second?.id);
    expect(await propose(draft('two'), 1)).toBeNull();
    expect(await propose(draft('two'), 2)).toMatchObject({ content: 'two' });
    expect(await entries()).toEqual(['action.proposed', 'action.proposed']);
  });

  it('accept only one of two simultaneous decisions, and none after their expiry', async () => {
    const { store, draft, propose, decide, entries } = await world(await open());
    const action = draft('one');
    await propose(action);
    const both = await Promise.all([decide(action, 'confirmed'), decide(action, 'declined')]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await entries()).toHaveLength(2);
    const late = draft('late');
    await propose(late);
    expect(await decide(late, 'confirmed', AT + DAY)).toBe(false);
    await store.finish(action.id, 'failed', 'why');
    expect(await store.get(action.id)).toMatchObject({ status: 'failed', outcome: 'why' });
    expect((await store.list(0, 10)).map(({ id }) => id).sort()).toEqual([action.id, late.id].sort());
    expect(await store.list(AT, 10)).toEqual([]);
  });
});
