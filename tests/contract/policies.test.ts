/** Policies on both databases: versions, precedence, rollout, rehearsal and rollback. */
import { afterEach, expect, it } from 'vitest';
import { createGroupMembers } from '../../server/groups/groups.ts';
import { markFacts } from '../../server/store/changed-facts.ts';
import type { Database } from '../../server/store/database.ts';
import { FactReader } from '../../server/store/fact-reader.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { digestOf } from '../../shared/policy/policy-digest.ts';
import type { PolicyDocument } from '../../shared/policy/policy-document.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { BY, FIREWALL, openPolicyWorld } from '../support/policy-world.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const RULES = { graceHours: 0, actions: [] };
const LOGS = (level: 'debug' | 'warn'): PolicyDocument => ({
  settings: { 'agent.log-level': level },
  compliance: RULES,
});

const stops: (() => Promise<unknown>)[] = [];

async function world(database: Database) {
  const opened = await openPolicyWorld(database);
  stops.push(opened.stop);
  const [paris, karachi] = [await addGroup(database, 'Paris'), await addGroup(database, 'Karachi')];
  const settings = async (device: Awaited<ReturnType<typeof addDevice>>) =>
    (await opened.policies.effectiveFor([device])).get(device)?.settings ?? [];
  const entries = async () =>
    (
      await database.db
        .selectFrom('ledger_entries')
        .select(['kind', 'body'])
        .where('kind', 'like', 'policy.%')
        .orderBy('id')
        .execute()
    ).map(({ kind, body }) => ({ kind, ...JSON.parse(body).public }));
  return { ...opened, policies: opened.policies, database, paris, karachi, settings, entries };
}

describeOnEveryStore('policies', (openStore) => {
  // Runs before the store is closed.
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  it('have immutable versions, each with its digest in the ledger, and no effect before rollout and assignment', async () => {
    const { policies, database, paris, settings, entries } = await world(await openStore());
    const device = await addDevice(database, { group: paris });
    const { id } = await policies.create('Laptops', FIREWALL, 'first', BY);
    expect(await settings(device)).toEqual([]);
    await policies.assign(id, [paris], BY);
    expect(await settings(device)).toEqual([]);
    await policies.rollOut(id, 1, 100, BY);
    expect(await settings(device)).toMatchObject([
      { setting: 'firewall.enabled', value: true, name: 'Laptops', version: 1, because: 'only', over: [] },
    ]);
    const second = await policies.addVersion(id, 1, LOGS('warn'), 'second', BY);
    await expect(policies.addVersion(id, 1, LOGS('debug'), 'late', BY)).rejects.toMatchObject({ code: 'conflict' });
    expect(await settings(device)).toMatchObject([{ version: 1 }]);
    expect((await policies.versions(id, null)).map(({ version, note }) => [version, note])).toEqual([
      [2, 'second'],
      [1, 'first'],
    ]);
    expect((await policies.compare(id, 1, 2)).differences).toEqual([
      { setting: 'agent.log-level', from: null, to: 'warn' },
      { setting: 'firewall.enabled', from: true, to: null },
    ]);
    expect(await entries()).toEqual([
      { kind: 'policy.version', policy: id, version: 1, digest: digestOf(FIREWALL) },
      { kind: 'policy.assigned', policy: id, groups: 1 },
      { kind: 'policy.rollout', policy: id, version: 1, percent: 100 },
      { kind: 'policy.version', policy: id, version: 2, digest: second.digest },
    ]);
  });

  it('follow one order of precedence, and say which policies lost', async () => {
    const { policies, database, paris, settings, apply } = await world(await openStore());
    const device = await addDevice(database, { group: paris });
    const first = await apply('Quiet', LOGS('warn'), [paris]);
    const second = await apply('Loud', LOGS('debug'), [paris]);
    expect(await settings(device)).toMatchObject([
      { value: 'warn', name: 'Quiet', because: 'precedence', over: [{ name: 'Loud', version: 1, value: 'debug' }] },
    ]);
    await policies.order([second.id, first.id], BY);
    expect((await policies.list()).map(({ name, precedence }) => [name, precedence])).toEqual([
      ['Loud', 1],
      ['Quiet', 2],
    ]);
    expect(await settings(device)).toMatchObject([{ value: 'debug', name: 'Loud' }]);
    await expect(policies.order([first.id], BY)).rejects.toMatchObject({ code: 'conflict' });
    await expect(policies.order([first.id, first.id], BY)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('are rolled out in stages and rolled back, as the rehearsal predicted', async () => {
    const { policies, database, paris, karachi, settings, apply, report } = await world(await openStore());
    const devices: DeviceId[] = [];
    for (let index = 0; index < 20; index += 1) devices.push(await addDevice(database, { group: paris }));
    await addDevice(database, { group: karachi });
    const { id } = await apply('Laptops', LOGS('warn'), [paris]);
    await policies.addVersion(
      id,
      1,
      { settings: { 'agent.log-level': 'debug', 'firewall.enabled': true }, compliance: RULES },
      '',
      BY,
    );
    const rehearsed = await policies.rehearse(id, { version: 2, percent: 40 }, null);
    expect(rehearsed.devices).toBe(20);
    await policies.rollOut(id, 2, 40, BY);
    const versions = async () =>
      (await Promise.all(devices.map(settings))).map(([setting]) => setting?.version).filter((number) => number === 2);
    const staged = await versions();
    expect(staged).toHaveLength(rehearsed.changed);
    expect(staged.length).toBeLessThan(20);
    await policies.rollOut(id, 2, 100, BY);
    expect(await versions()).toHaveLength(20);
    for (const [index, device] of devices.entries()) {
      await report(device, { 'firewall.enabled': index < 5 ? 'not-met' : 'met' });
    }
    const back = await policies.rollBack(id, 1, BY);
    expect(back).toMatchObject({ current: 3, next: null, newestVersion: 3 });
    expect((await policies.version(id, 3)).document).toEqual(LOGS('warn'));
    // The last reports tell how many devices meet the firewall setting of version 2 already.
    const again = await policies.rehearse(id, { version: 2 }, null);
    expect(again.settings).toContainEqual({ setting: 'firewall.enabled', devices: 20, met: 15, notMet: 5 });
    // Version 4 has the settings of version 3, and only adds a wipe.
    const wipe = { action: 'wipe-workspace', afterHours: 24 } as const;
    await policies.addVersion(id, 3, { ...LOGS('warn'), compliance: { graceHours: 0, actions: [wipe] } }, '', BY);
    const graver = await policies.rehearse(id, { version: 4 }, null);
    expect(graver).toMatchObject({ changed: 0, otherActions: 20, settings: [] });
    expect([...graver.changedDevices].sort()).toEqual([...devices].sort());
    const moved = await policies.rehearse(id, { groups: [karachi] }, null);
    expect(moved).toMatchObject({ devices: 21, changed: 21 });
    const inKarachi = await policies.rehearse(id, { groups: [karachi] }, [{ group: karachi, homes: null }]);
    expect(inKarachi).toMatchObject({ devices: 1, changed: 1 });
  });

  it('apply to all members of a group: primary, static and dynamic, also after a membership changes', async () => {
    const { policies, compliance, bus, clock, database, paris, karachi, settings, apply } = await world(
      await openStore(),
    );
    const groups = createGroupMembers({
      store: new GroupMemberStore(database),
      facts: new FactReader(database),
      bus,
      clock,
    });
    const dynamic = await groups.createDynamic('French', 'home == "FR"');
    const devices = await Promise.all([karachi, karachi, paris].map((group) => addDevice(database, { group })));
    const [device, other, resident] = devices as [DeviceId, DeviceId, DeviceId];
    const { id } = await apply('Logs', LOGS('warn'), [paris, dynamic]);
    const managed = async () =>
      (await Promise.all(devices.map(settings))).map((own) => own.flatMap((each) => each.groups));
    expect(await managed()).toEqual([[], [], [paris]]);

    await groups.changeMembers(paris, [device], []);
    expect(await managed()).toEqual([[paris], [], [paris]]);
    // The wake of the membership decides the compliance again, without a report of the device.
    await until(async () => expect((await compliance.state(device)).changedAt).toBe(clock.now()));
    const counts = async () => (await compliance.counts(null, null)).unknown;
    await until(async () => expect(await counts()).toBe(2));

    const homed = await addDevice(database, { group: karachi, home: 'FR' });
    devices.push(homed);
    await database.transaction((tx) => markFacts(tx, [homed], 'device'));
    await groups.settle();
    expect(await managed()).toEqual([[paris], [], [paris], [dynamic]]);
    await until(async () => expect(await counts()).toBe(3));
    const rehearsed = await policies.rehearse(id, { groups: [] }, null);
    expect(rehearsed).toMatchObject({ devices: 3, changed: 3 });
    expect(rehearsed.examples.map((each) => each.device)).toEqual([device, resident, homed].sort());

    await groups.changeMembers(paris, [], [device]);
    expect(await settings(device)).toEqual([]);
    await until(async () => expect(await counts()).toBe(2));
    expect(await settings(other)).toEqual([]);
    const held = new GroupStore(database).deleteGroup(dynamic, 1);
    await expect(held).rejects.toMatchObject({ context: { uses: [{ kind: 'policies', count: 1, names: ['Logs'] }] } });
  });

  it('cannot lose a group or be deleted while they are assigned, and need unique names', async () => {
    const { policies, database, paris, apply } = await world(await openStore());
    const { id } = await apply('Laptops', FIREWALL, [paris]);
    await expect(policies.create('Laptops', FIREWALL, '', BY)).rejects.toMatchObject({ code: 'conflict' });
    await expect(new GroupStore(database).deleteGroup(paris, 1)).rejects.toMatchObject({ code: 'conflict' });
    await expect(policies.remove(id, BY)).rejects.toMatchObject({ code: 'conflict' });
    await policies.assign(id, [], BY);
    await policies.remove(id, BY);
    await expect(policies.get(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await new GroupStore(database).deleteGroup(paris, 1)).toBe(true);
  });
});
