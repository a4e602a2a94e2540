/** Compliance on both databases, on a driven clock: grace, actions, reversal, restarts and guards. */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { countsOfPolicy, listOfPolicy } from '../../server/compliance/policy-compliance.ts';
import type { ComplianceQuery } from '../../server/compliance/ports.ts';
import { createHolds } from '../../server/holds/holds.ts';
import { ComplianceStore } from '../../server/store/compliance-store.ts';
import type { Database } from '../../server/store/database.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { readPublicKey } from '../../shared/order/dsse.ts';
import { readComplianceStatement, STATEMENT_LIFE } from '../../shared/policy/compliance-statement.ts';
import type { PolicyDocument } from '../../shared/policy/policy-document.ts';
import { type DeviceId, newPolicyId, type PolicyId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { BY, FIREWALL, HOUR, openPolicyWorld, START } from '../support/policy-world.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const OFF = { 'firewall.enabled': 'not-met' } as const;
const WIPING: PolicyDocument = {
  settings: { 'firewall.enabled': true },
  compliance: { graceHours: 0, actions: [{ action: 'wipe-workspace', afterHours: 1 }] },
};

const stops: (() => Promise<unknown>)[] = [];

async function world(database: Database, document = FIREWALL) {
  const opened = await openPolicyWorld(database);
  stops.push(async () => {
    await opened.stop();
    expect(opened.failures).toEqual([]);
  });
  const group = await addGroup(database, 'Paris');
  const device = await addDevice(database, { group, user: 'Amina' });
  const policy = await opened.apply('Laptops', document, [group]);
  const state = async (of = device) => (await opened.compliance.state(of)).state;
  const events = async () => (await opened.compliance.events(device, null)).map(({ event }) => event).reverse();
  // The getters of the world return the parts of the newest start.
  return { opened, group, device, policy, state, events };
}

describeOnEveryStore('compliance', (openStore) => {
  // Runs before the store is closed.
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  it('gives time, then sends a message and locks, and unlocks when the device complies again', async () => {
    const { opened, device, state, events } = await world(await openStore());
    const { report, pass, kinds, finish, compliance } = opened;
    expect(await state()).toBe('unknown');
    await report(device);
    expect(await state()).toBe('compliant');
    await report(device, OFF);
    await compliance.settled();
    expect(await state()).toBe('in-grace');
    expect((await compliance.state(device)).countdown).toEqual([
      { action: 'lock-workspace', at: START + 48 * HOUR, settings: ['firewall.enabled'] },
    ]);
    const [message] = await opened.commands.list(device);
    expect(message?.command).toMatchObject({
      kind: 'message',
      text: expect.stringMatching(/- Firewall\nThe workspace is locked on 2015-11-22 09:00 UTC\./),
    });
    await pass(24);
    expect(await state()).toBe('not-compliant');
    expect(await compliance.counts(null, null)).toMatchObject({ 'not-compliant': 1, compliant: 0 });
    await pass(24);
    expect(await kinds(device)).toEqual(['message', 'lock-workspace']);
    await finish(device, 'lock-workspace');
    await pass(100);
    expect(await kinds(device)).toEqual(['message', 'lock-workspace']);
    await report(device);
    await compliance.settled();
    expect(await state()).toBe('compliant');
    expect(await kinds(device)).toEqual(['message', 'lock-workspace', 'unlock-workspace']);
    expect(await events()).toEqual([
      'state',
      'state',
      'state',
      'notify',
      'state',
      'lock-workspace',
      'state',
      'unlock-workspace',
    ]);
  });

  it('restricts messaging and mail without a command, also after a restart, and ends the restriction by itself', async () => {
    const { opened, device, state, events } = await world(await openStore(), {
      settings: { 'firewall.enabled': true },
      compliance: { graceHours: 1, actions: [{ action: 'restrict-services', afterHours: 2 }] },
    });
    const restricted = () => opened.compliance.restricts(device);
    await opened.report(device, OFF);
    await opened.pass(1);
    expect([await state(), restricted()]).toEqual(['not-compliant', false]);
    await opened.pass(1);
    expect([restricted(), await opened.kinds(device)]).toEqual([true, []]);
    await opened.restart();
    expect(restricted()).toBe(true);
    expect((await opened.compliance.state(device)).taken).toEqual({ 'restrict-services': START + 2 * HOUR });
    const wakes: string[] = [];
    opened.bus.subscribe((wake) => void ('devices' in wake && wakes.push(wake.kind)));
    await opened.report(device);
    expect([await state(), restricted()]).toEqual(['compliant', false]);
    await until(() => expect(wakes).toEqual(['mailbox', 'mail']));
    expect((await events()).slice(-4)).toEqual(['state', 'restrict-services', 'state', 'restore-services']);
  });

  it('continues after a restart, and issues nothing twice', async () => {
    const { opened, device, state } = await world(await openStore());
    await opened.report(device, OFF);
    await opened.compliance.settled();
    await opened.restart();
    expect(await opened.kinds(device)).toEqual(['message']);
    await opened.stop();
    opened.clock.jump(START + 48 * HOUR);
    await opened.restart();
    expect(await state()).toBe('not-compliant');
    expect(await opened.kinds(device)).toEqual(['message', 'lock-workspace']);
    await opened.restart();
    expect(await opened.kinds(device)).toEqual(['message', 'lock-workspace']);
  });

  it('ends the actions when the policy no longer applies', async () => {
    const { opened, device, policy, state } = await world(await openStore());
    await opened.report(device, OFF);
    await opened.pass(48);
    await opened.finish(device, 'lock-workspace');
    await opened.policies.assign(policy.id, [], BY);
    await opened.compliance.settled();
    expect(await state()).toBe('no-policy');
    expect(await opened.kinds(device)).toEqual(['message', 'lock-workspace', 'unlock-workspace']);
  });

  it('does not unlock a workspace that an admin has locked', async () => {
    const { opened, device, events } = await world(await openStore());
    await opened.report(device, OFF);
    await opened.pass(48);
    await opened.finish(device, 'lock-workspace');
    await opened.commands.issue({ device, command: { kind: 'lock-workspace' }, by: BY });
    await opened.report(device);
    await opened.compliance.settled();
    expect(await opened.kinds(device)).toEqual(['message', 'lock-workspace', 'lock-workspace']);
    expect((await events()).at(-1)).toBe('withheld');
  });

  it('unlocks a workspace after its offline limit, unless an admin has locked it too', async () => {
    const { opened, device, events } = await world(await openStore());
    const { compliance, clock } = opened;
    const share = await compliance.offlineShare(device);
    expect(share).toHaveLength(44);
    expect(await compliance.offlineShare(device)).toBe(share);
    await opened.report(device);
    await compliance.offlineLocked(device, 2, clock.now());
    expect(await opened.kinds(device)).toEqual([]);
    await compliance.offlineLocked(device, 1, clock.now());
    await compliance.offlineLocked(device, 1, clock.now());
    expect(await opened.kinds(device)).toEqual(['unlock-workspace']);
    const [unlock] = await opened.commands.pendingFor(device, 1);
    expect(unlock?.shares).toContain(share);
    await opened.finish(device, 'unlock-workspace');

    await opened.commands.issue({ device, command: { kind: 'lock-workspace' }, by: BY });
    // The device could unlock itself with a share, so it gets none.
    expect(await compliance.offlineShare(device)).toBeNull();
    clock.jump(clock.now() + HOUR);
    await compliance.offlineLocked(device, 1, clock.now());
    expect(await opened.kinds(device)).toEqual(['unlock-workspace', 'lock-workspace']);
    expect((await events()).filter((event) => event === 'offline-lock')).toHaveLength(2);
  });

  it('keeps each repair of a setting once in the history, and none of an earlier enrollment', async () => {
    const { opened, device } = await world(await openStore());
    const { compliance, clock } = opened;
    await opened.report(device);
    const repair = { setting: 'firewall.enabled', at: clock.now() };
    for (const generation of [1, 1, 2]) await compliance.settingChanged(device, generation, 'setting-repaired', repair);
    await compliance.settingChanged(device, 1, 'setting-repaired', { ...repair, at: repair.at + HOUR });
    const found = (await compliance.events(device, null)).filter(({ event }) => event === 'setting-repaired');
    expect(found.map(({ detail }) => JSON.parse(detail))).toEqual([{ ...repair, at: repair.at + HOUR }, repair]);

    const end = { setting: 'software.forbidden', at: clock.now(), detail: 'The device had removed telnet.' };
    for (const generation of [1, 1, 2]) await compliance.settingChanged(device, generation, 'change-kept', end);
    const ended = (await compliance.events(device, null)).filter(({ event }) => event === 'change-kept');
    expect(ended.map(({ detail }) => JSON.parse(detail))).toEqual([end]);
  });

  it('ignores a report about other settings and of an earlier enrollment', async () => {
    const { opened, device, state } = await world(await openStore());
    const results = [{ setting: 'firewall.enabled', status: 'not-met' as const, detail: '' }];
    await opened.compliance.report(device, 1, { digest: 'another', at: 1, results });
    await opened.report(device, OFF, 2);
    expect(await state()).toBe('unknown');
  });

  it('never wipes under a legal hold, and lets wipes beyond the limit of a day wait', async () => {
    const database = await openStore();
    const { opened, group, device } = await world(database, WIPING);
    const holds = createHolds({
      store: new HoldStore(database),
      records: { reissueRecord: async () => undefined },
      bus: opened.bus,
      clock: opened.clock,
      log: { error: () => undefined },
    });
    await holds.place({ on: { device }, reason: 'a case', reference: null, by: BY });
    const others = await Promise.all(Array.from({ length: 7 }, () => addDevice(database, { group })));
    await opened.restart();
    await opened.report(device, OFF);
    await opened.pass(1);
    expect(await opened.kinds(device)).toEqual([]);
    expect((await opened.devices.alerts({ scope: null, device })).map(({ code }) => code)).toEqual([
      'compliance_wipe_prevented',
    ]);
    for (const each of others) await opened.report(each, OFF);
    await opened.pass(1);
    const wiped = async () =>
      (await Promise.all(others.map(opened.kinds))).filter(([kind]) => kind === 'wipe-workspace');
    // A fleet of eight devices allows five.
    expect(await wiped()).toHaveLength(5);
    const alerts = await opened.devices.alerts({ scope: null, device: null });
    expect(alerts.map(({ code }) => code)).toContain('compliance_wipes_wait');
    // A device that complies before its wipe is not wiped.
    const kinds = await Promise.all(others.map(opened.kinds));
    const waiting = others.filter((_, index) => kinds[index]?.length === 0);
    expect(waiting).toHaveLength(2);
    for (const each of waiting.slice(0, 1)) await opened.report(each);
    await opened.pass(25);
    expect(await wiped()).toHaveLength(6);
    const wipes = await database.db
      .selectFrom('ledger_entries')
      .select('id')
      .where('kind', '=', 'workspace.wipe')
      .execute();
    expect(wipes).toHaveLength(6);
    await holds.stop();
  });

  it('states the compliance of a device with a signature, for ten minutes', async () => {
    const { opened, device } = await world(await openStore());
    const { compliance, clock, onlineKey: key } = opened;
    const read = async (more: { now?: number; device?: string } = {}) =>
      readComplianceStatement(await compliance.statement(device), {
        key,
        installation: 'ins_test',
        device,
        now: clock.now(),
        ...more,
      });
    await opened.report(device);
    expect(await read()).toMatchObject({ device, generation: 1, state: 'compliant', admit: true });
    await opened.report(device, OFF);
    await opened.pass(25);
    expect(await read()).toMatchObject({ state: 'not-compliant', admit: false });
    expect(await read({ now: clock.now() + STATEMENT_LIFE })).toBeNull();
    expect(await read({ device: 'dev_aaaaaaaaaaaaaaaa' })).toBeNull();
    const { publicKey } = generateKeyPairSync('ed25519');
    const other = readPublicKey(publicKey.export({ type: 'spki', format: 'der' }).toString('base64'));
    const given = { key: other, installation: 'ins_test', device, now: clock.now() };
    expect(readComplianceStatement(await compliance.statement(device), given)).toBeNull();
  });

  it('lists devices by state within the scope', async () => {
    const database = await openStore();
    const { opened, group, device } = await world(database);
    const other = await addDevice(database, { group: await addGroup(database, 'Karachi'), user: 'Bilal' });
    await opened.report(device, OFF);
    const { compliance } = opened;
    const query = { scope: null, state: null, setting: null, policy: null, after: null, limit: 10 };
    expect((await compliance.list(query)).map((each) => [each.device, each.state, each.failing]).sort()).toEqual(
      [
        [device, 'in-grace', ['firewall.enabled']],
        [other, 'no-policy', []],
      ].sort(),
    );
    expect(await compliance.list({ ...query, state: 'no-policy' })).toMatchObject([{ device: other, user: 'Bilal' }]);
    const scope = [{ group, homes: null }];
    expect(await compliance.list({ ...query, scope })).toMatchObject([{ device }]);
    expect(await compliance.counts(scope, null)).toMatchObject({ 'in-grace': 1, 'no-policy': 0 });
  });

  it('lists and counts by failed setting and policy, in steps, within the scope', async () => {
    const database = await openStore();
    const { opened, group, device, policy } = await world(database);
    const own: PolicyDocument = {
      settings: { 'firewall.enabled': true, 'disk.encryption': true },
      compliance: FIREWALL.compliance,
    };
    const karachi = await addGroup(database, 'Karachi');
    const other = await addDevice(database, { group: karachi, user: 'Bilal' });
    const member = await addDevice(database, { group: await addGroup(database, 'Oslo'), user: 'Chloe' });
    await addDevice(database, { group: karachi, user: 'Dana' });
    await database.db.insertInto('group_members').values({ group_id: group, device_id: member }).execute();
    const second = await opened.apply('Disks', own, [karachi]);
    await opened.compliance.settled();
    await opened.report(device, OFF);
    await opened.report(member);
    await opened.report(other, { 'disk.encryption': 'not-met' });
    await opened.pass(24);
    await opened.report(member, OFF);
    // Two devices per step, so that a page consists of several steps.
    const store = new ComplianceStore(database, 2);
    const ports = { store, policies: opened.policies };
    const usersOf = async (more: Partial<ComplianceQuery>) => {
      const query = { scope: null, state: null, setting: null, policy: null, after: null, limit: 10, ...more };
      const list = ({ policy, ...rest }: ComplianceQuery) =>
        policy === null ? store.list(rest) : listOfPolicy(ports, { ...rest, policy, now: opened.clock.now() });
      const rows = await list(query);
      // Each page continues after the last device of the page before.
      const pages: typeof rows = [];
      for (let after: DeviceId | null = null; ; after = pages.at(-1)?.device ?? null) {
        const page = await list({ ...query, after, limit: 1 });
        pages.push(...page);
        if (page.length === 0) break;
      }
      expect(pages.map((row) => row.device)).toEqual(rows.map((row) => row.device));
      return rows.map(({ user }) => user).sort();
    };
    const scope = [{ group: karachi, homes: null }];
    expect(await usersOf({})).toEqual(['Amina', 'Bilal', 'Chloe', 'Dana']);
    expect(await usersOf({ state: 'failing' })).toEqual(['Amina', 'Bilal', 'Chloe']);
    expect(await usersOf({ state: 'in-grace' })).toEqual(['Chloe']);
    expect(await usersOf({ setting: 'firewall.enabled' })).toEqual(['Amina', 'Chloe']);
    expect(await usersOf({ setting: 'disk.encryption', scope })).toEqual(['Bilal']);
    expect(await usersOf({ setting: 'firewall.enabled', scope })).toEqual([]);
    expect(await usersOf({ policy: policy.id })).toEqual(['Amina', 'Chloe']);
    expect(await usersOf({ policy: second.id, state: 'failing' })).toEqual(['Bilal']);
    expect(await usersOf({ policy: policy.id, scope })).toEqual([]);
    const none = { compliant: 0, 'in-grace': 0, 'not-compliant': 0, unknown: 0, 'no-policy': 0 };
    const count = (within: ComplianceQuery['scope'], of: PolicyId) =>
      countsOfPolicy(ports, { scope: within, policy: of, now: opened.clock.now() });
    expect(await count(null, policy.id)).toEqual({ ...none, 'in-grace': 1, 'not-compliant': 1 });
    expect(await count(scope, second.id)).toEqual({ ...none, 'not-compliant': 1, unknown: 1 });
    expect(await count(scope, policy.id)).toEqual(none);
    const unknown = opened.compliance.counts(null, newPolicyId());
    await expect(unknown).rejects.toMatchObject({ code: 'not_found' });
  });

  it('counts and lists the devices of a policy by the settings of this policy alone', async () => {
    const database = await openStore();
    const { opened, group, device, policy } = await world(database);
    const { compliance } = opened;
    const rules = FIREWALL.compliance;
    const both: PolicyDocument = { settings: { 'firewall.enabled': true, 'disk.encryption': true }, compliance: rules };
    const disks = await opened.apply('Disks', both, [group]);
    const hidden = await opened.apply('Hidden', FIREWALL, [group]);
    await opened.compliance.settled();
    const none = { compliant: 0, 'in-grace': 0, 'not-compliant': 0, unknown: 0, 'no-policy': 0 };
    const counts = async () => Promise.all([policy, disks, hidden].map(({ id }) => compliance.counts(null, id)));
    // The device gets the firewall setting from the policy Laptops and the disk setting from Disks. Hidden gives it no value.
    expect(await counts()).toEqual([
      { ...none, unknown: 1 },
      { ...none, unknown: 1 },
      { ...none, 'no-policy': 1 },
    ]);
    await opened.report(device, { 'disk.encryption': 'not-met' });
    expect(await counts()).toEqual([
      { ...none, compliant: 1 },
      { ...none, 'in-grace': 1 },
      { ...none, 'no-policy': 1 },
    ]);
    await opened.report(device, { 'disk.encryption': 'not-supported', 'firewall.enabled': 'not-met' });
    await opened.pass(24);
    expect((await counts()).slice(0, 2)).toEqual([
      { ...none, 'not-compliant': 1 },
      // A check that failed and can no longer be made stays failed.
      { ...none, 'not-compliant': 1 },
    ]);
    const query = { scope: null, setting: null, after: null, limit: 10 };
    const failing = async (id: PolicyId, state: ComplianceQuery['state']) =>
      (await compliance.list({ ...query, policy: id, state })).map((each) => each.failing);
    expect(await failing(policy.id, 'failing')).toEqual([['firewall.enabled']]);
    expect(await failing(disks.id, 'not-compliant')).toEqual([['disk.encryption']]);
    expect(await failing(policy.id, 'compliant')).toEqual([]);
    expect(await failing(hidden.id, 'no-policy')).toEqual([[]]);
  });
});
