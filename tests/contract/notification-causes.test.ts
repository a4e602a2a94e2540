/** Causes of each condition of notifications, from real rows of both databases. */
import { afterEach, expect, it } from 'vitest';
import { createActions, type StoredAction } from '../../server/admins/actions.ts';
import { commandIdFor } from '../../server/commands/command-id-for.ts';
import { createCommands } from '../../server/commands/commands.ts';
import type { JobOptions } from '../../server/commands/job-plan.ts';
import { causeSources } from '../../server/composition/notification-sources.ts';
import type { Cause } from '../../server/notifications/notifications.ts';
import { createOverview } from '../../server/overview/overview.ts';
import { insertAccount } from '../../server/store/account-rows.ts';
import { ActionStore } from '../../server/store/action-store.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { OverviewStore } from '../../server/store/overview-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import type { ConditionKind, NotificationCondition } from '../../shared/api/notifications.ts';
import { type DeviceId, type GroupId, newAccountId, newActionId, type PersonId } from '../../shared/protocol/ids.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { FIREWALL, openPolicyWorld } from '../support/policy-world.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const stops: (() => unknown)[] = [];

const SERVER = {
  realNow: NOW,
  certificates: [],
  ipDatabase: { name: 'test', builtAt: Number.MAX_SAFE_INTEGER },
  ledgerFailing: false,
  markFailing: false,
  unreadableCertificates: 0,
  witnesses: { status: [], obstacle: null, remedy: '', threshold: 0 },
  clockDoubt: null,
  diskFull: false,
  mailFailure: null,
  mail: { connectors: 0, connected: 0, waiting: 0 },
  backups: { newest: null, next: null, failure: null, scheduled: false },
  statementExpires: null,
  restored: { state: null, lost: [] },
} as never;

/** Sources over the store, with the orders of `world`. */
function sourcesOf(database: Database, world: OrderWorld) {
  const absent = async (): Promise<never> => {
    throw new Error('a list of actions asks for nothing else');
  };
  const actions = createActions({
    store: new ActionStore(database),
    clock: world.clock,
    bus: world.bus,
    people: absent,
    account: absent,
    accounts: absent,
    passkeys: { holdsPasskey: absent, confirmAction: absent, signAction: absent } as never,
    requireInScope: absent,
    stepUpWithin: 0,
  });
  const overview = createOverview({
    store: new OverviewStore(database),
    orders: world.orders,
    membership: { waiting: async () => ({ count: 0, possible: false }) },
    server: async () => SERVER,
    clock: world.clock,
  });
  const viewer = { person: 'per_x' as PersonId, scope: null, located: [], signs: false, setsUp: false };
  const healthIssues = async () =>
    (await overview({ ...viewer, approves: () => false, mayAnswer: () => true })).healthIssues;
  const sources = causeSources({ database }, { orders: world.orders, actions }, healthIssues);
  return async (
    condition: NotificationCondition,
    { now, since = now - HOUR, group = null }: { now: number; since?: number; group?: GroupId | null },
  ): Promise<readonly Cause[]> => {
    const source = sources[condition.kind] as (typeof sources)[ConditionKind];
    return source({ condition, group, since, now, limit: 100 } as never);
  };
}

async function openWorld(database: Database) {
  const world = await openOrderWorld(database, undefined, { warn: () => undefined });
  stops.push(() => world.stop());
  return { world, causes: sourcesOf(database, world) };
}

const keys = (causes: readonly Cause[]) => causes.map(({ key }) => key);

/** A group whose members the expression decided. */
async function dynamicGroup(database: Database, members: readonly DeviceId[]): Promise<GroupId> {
  const group = await addGroup(database, 'Debian');
  for (const device_id of members) {
    await database.db.insertInto('group_members').values({ group_id: group, device_id }).execute();
  }
  return group;
}

describeOnEveryStore('causes of notifications', (open) => {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  it('device-offline: devices that did not connect for the days, also if they never connected', async () => {
    const database = await open();
    const { causes } = await openWorld(database);
    const { devices, clock } = fleet(database);
    const primary = await addGroup(database, 'Lahore');
    const [silent, online, never, revoked] = await Promise.all(
      ['Ada', 'Ben', 'Cyd', 'Dan'].map((user) => addDevice(database, { group: primary, user, enrolledAt: NOW })),
    );
    for (const device of [silent!, online!, revoked!]) {
      const { epoch } = await devices.connected({ device, generation: 1, address: '192.0.2.1', agent: '0.1.0' });
      if (device !== online) await devices.disconnected({ device, epoch });
    }
    await database.db.updateTable('devices').set({ status: 'revoked' }).where('id', '=', revoked!).execute();
    const offline = { kind: 'device-offline', days: 7 } as const;
    expect(await causes(offline, { now: NOW + 7 * DAY })).toEqual([]);
    const late = { now: NOW + 8 * DAY };
    expect(keys(await causes(offline, late)).sort()).toEqual([`offline ${silent} 1`, `offline ${never} 1`].sort());
    const dynamic = await dynamicGroup(database, [never!, online!]);
    expect(await causes(offline, { ...late, group: dynamic })).toMatchObject([
      { key: `offline ${never} 1`, title: 'Cyd', detail: 'Last seen 1970-01-01 00:08 UTC.', device: never },
    ]);
    clock.jump(late.now);
    await devices.connected({ device: silent!, generation: 1, address: '192.0.2.1', agent: '0.1.0' });
    expect(keys(await causes(offline, late))).toEqual([`offline ${never} 1`]);
  });

  it('device-enrolled: devices that enrolled since the rule was enabled', async () => {
    const database = await open();
    const { causes } = await openWorld(database);
    const group = await addGroup(database, 'Lahore');
    const now = NOW + 30 * DAY;
    const enrolled = (user: string, enrolledAt: number) => addDevice(database, { group, user, enrolledAt });
    await enrolled('Old', now - 2 * HOUR);
    const fresh = await enrolled('Ada', now - 60_000);
    const other = await addGroup(database, 'Other');
    const found = await causes({ kind: 'device-enrolled' }, { now });
    expect(found).toMatchObject([{ key: `enrolled ${fresh} 1`, title: 'Ada', device: fresh }]);
    expect(await causes({ kind: 'device-enrolled' }, { now, group: other })).toEqual([]);
  });

  it('device-not-compliant: devices after the grace period, until they comply', async () => {
    const database = await open();
    const { causes } = await openWorld(database);
    const policies = await openPolicyWorld(database);
    stops.push(() => policies.stop());
    const group = await addGroup(database, 'Paris');
    const device = await addDevice(database, { group, user: 'Amina' });
    const healthy = await addDevice(database, { group, user: 'Zoe' });
    await policies.apply('Laptops', FIREWALL, [group]);
    const found = (of: GroupId | null = null) =>
      causes({ kind: 'device-not-compliant' }, { now: policies.clock.now(), group: of });
    await policies.report(healthy);
    await policies.report(device, { 'firewall.enabled': 'not-met' });
    await policies.compliance.settled();
    // The grace period runs.
    expect(await found()).toEqual([]);
    await policies.pass(24);
    const title = 'Amina';
    const detail = 'Not compliant since 2015-11-21 09:00 UTC: firewall.enabled.';
    expect(await found()).toEqual([{ key: `not-compliant ${device} 1`, title, detail, device, order: null }]);
    expect(keys(await found(await dynamicGroup(database, [device])))).toHaveLength(1);
    expect(await found(await addGroup(database, 'Empty'))).toEqual([]);
    await policies.report(device);
    await policies.compliance.settled();
    expect(await found()).toEqual([]);
  });

  it('job-failed: failed commands, jobs that the server stopped, and no attempt that the job repeats', async () => {
    const database = await open();
    const { world, causes } = await openWorld(database);
    const commands = createCommands({
      stores: commandStores(database),
      shares: new UnlockShareStore(database),
      bus: world.bus,
      clock: world.clock,
      devices: { unenroll: async () => undefined },
    });
    const group = await addGroup(database, 'Lahore');
    const devices: DeviceId[] = [];
    for (let index = 0; index < 6; index += 1) devices.push(await addDevice(database, { group }));
    const command = { kind: 'refresh-inventory' } as const;
    const found = (of: GroupId | null = null) =>
      causes({ kind: 'job-failed' }, { now: world.clock.now(), since: world.clock.now() - HOUR, group: of });
    const job = async (options: JobOptions) =>
      (await commands.issueToMany({ devices, command, by: 'acc', options })).id;
    const fail = (id: Awaited<ReturnType<typeof job>>, device: DeviceId) =>
      commands.finished(device, 1, { command: commandIdFor(id, device, 1), outcome: 'failed', detail: 'no space' });

    const repeating = await job({ retry: { attempts: 3, backoff: 60 } });
    await fail(repeating, devices[0]!);
    expect(await found()).toEqual([]);
    await commands.control(repeating, 'abort', { by: 'Ada', reason: null });

    const stopping = await job({ stop: { percent: 30, minimum: 2 } });
    await fail(stopping, devices[0]!);
    await fail(stopping, devices[1]!);
    const causesNow = await found();
    expect(causesNow).toMatchObject([
      { key: expect.stringMatching(`^stopped ${stopping} `), detail: expect.stringContaining('stopped the job') },
      { key: `job ${stopping}`, detail: `It failed on 2 devices (${stopping}).`, device: null },
    ]);
    expect(await found(await addGroup(database, 'Empty'))).toEqual([]);
    expect(await found(await dynamicGroup(database, [devices[1]!]))).toHaveLength(2);
    await commands.control(stopping, 'resume', { by: 'Ada', reason: null });
    expect(keys(await found())).toEqual([`job ${stopping}`]);

    const single = (await commands.issue({ device: devices[5]!, command, by: 'acc' })).id;
    await commands.finished(devices[5]!, 1, { command: single, outcome: 'failed', detail: 'no space' });
    expect(await found()).toContainEqual(
      expect.objectContaining({
        key: `job ${single}`,
        device: devices[5],
        detail: `It failed on 1 device (${single}).`,
      }),
    );
  });

  it('approval-pending: revisions, approver sets and actions that wait for a person', async () => {
    const database = await open();
    const { world, causes } = await openWorld(database);
    const { proposer, ada, ben, cyd } = world.people;
    const found = async () => keys(await causes({ kind: 'approval-pending' }, { now: world.clock.now() }));
    await world.approverSet([proposer, ada, ben], [ada, ben]);
    expect(await found()).toEqual([]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.orders.approverSets.propose({
      threshold: 2,
      keyids: [ada, ben, cyd].map(({ key }) => key.keyid),
    });
    const account = newAccountId();
    const email = 'a@example.org';
    await database.transaction((tx) =>
      insertAccount(tx, { id: account, email, name: 'A', emailKey: email, subject: email, at: 1 }),
    );
    const id = newActionId();
    const action: StoredAction = {
      id,
      action: 'workspace.wipe',
      route: 'commands.issue',
      content: '{}',
      hash: 'x',
      devices: 3,
      account,
      person: ada.id,
      proposedAt: Date.now(),
      expiresAt: Date.now() + HOUR,
      status: 'pending',
      decidedAt: null,
      decidedBy: null,
      reason: null,
      outcome: null,
    };
    await new ActionStore(database).propose(
      action,
      { kind: 'action.proposed', at: 1, subject: account, public: { id } },
      20,
    );
    expect(await found()).toEqual([`order ${order} 1`, 'approver-set 2', `action ${id}`]);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    expect(await found()).toEqual(['approver-set 2', `action ${id}`]);
  });

  it('order-effective: orders that take effect within the hours', async () => {
    const { world, causes } = await openWorld(await open());
    const { proposer, ada, ben } = world.people;
    await world.approverSet([proposer, ada, ben], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    const within = async (hours: number, now = world.clock.now()) =>
      keys(await causes({ kind: 'order-effective', hours }, { now }));
    expect(await within(720)).toEqual([]);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    const [rule] = world.orders.adoption.rules();
    const effective = rule?.effective ?? 0;
    expect(await within(24, effective - 25 * HOUR)).toEqual([]);
    expect(await within(24, effective - 23 * HOUR)).toEqual([`effective ${order} 1`]);
    expect(await within(24, effective + 1)).toEqual([]);
  });

  it('health-issue: issues of at least the severity', async () => {
    const database = await open();
    const { world, causes } = await openWorld(database);
    const group = await addGroup(database, 'Lahore');
    await addDevice(database, { group, enrolledAt: world.clock.now() });
    const found = async (severity: 'critical' | 'warning' | 'notice') =>
      keys(await causes({ kind: 'health-issue', severity }, { now: world.clock.now() }));
    const all = await found('notice');
    const grave = await found('critical');
    expect(all).toContain('health no_approvers');
    expect(grave.length).toBeLessThan(all.length);
    const { proposer, ada, ben } = world.people;
    await world.approverSet([proposer, ada, ben], [ada, ben]);
    expect(await found('notice')).not.toContain('health no_approvers');
  });
});
