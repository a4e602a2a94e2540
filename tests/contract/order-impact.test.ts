/** Impact previews of orders on every store. Devices, their locations and receipts are rows in tables. */
import { afterEach, expect, it } from 'vitest';
import { createJurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import type { ImpactClass } from '../../shared/api/impact-classes.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, addReceipts, addWaiting, type LocatedDevice } from '../support/located-fleet.ts';
import { NO_ADDRESSES } from '../support/no-addresses.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');

describeOnEveryStore('impact preview of an order', (openStore) => {
  let database: Database;
  let world: OrderWorld;
  let group: GroupId;
  afterEach(async () => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    const devices = new DeviceStore(database);
    const groups = new GroupStore(database);
    world = await openOrderWorld(database, ({ clock, changes }) => ({
      fleet: { personalia: (device) => devices.get(device), devicesOf: (of) => groups.devicesOf(of) },
      jurisdiction: createJurisdiction({
        store: new JurisdictionStore(database),
        past: new PastLocationStore(database),
        ip: NO_ADDRESSES,
        clock,
        changes,
      }),
    }));
    group = await addGroup(database, 'all');
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    return world.people;
  }
  const seen = (area: string, at = NOW - HOUR) => [{ source: 'address', areas: [area], at, connected: true } as const];
  const online = (listVersion = 1) => ({ connected: true, listVersion });
  const offline = (listVersion = 1) => ({ connected: false, listVersion });
  async function add<K extends string>(fleet: Record<K, LocatedDevice>): Promise<Record<K, DeviceId>> {
    const ids = await addLocatedFleet(database, group, NOW, Object.values<LocatedDevice>(fleet));
    const entries = Object.keys(fleet).map((name, index) => [name, ids[index]]);
    return Object.fromEntries(entries) as Record<K, DeviceId>;
  }
  async function adopt(order: string, revision: number): Promise<void> {
    const { ada, ben } = world.people;
    for (const person of [ada, ben]) await world.sign(order, revision, person);
  }
  async function impact(order: string, at: 'now' | 'effective', wanted?: ImpactClass) {
    const { revision } = await world.orders.adoption.scope(order);
    return world.orders.impact.page(order, revision, { at, class: wanted, offset: 0, limit: 200 });
  }
  const counted = (counts: Record<string, number>) =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

  it('finds exactly the affected devices, now and at the effective time', async () => {
    const { proposer } = await begin();
    const fleet = await add({
      resident: { home: 'PK', presence: online(), seen: seen('PK') },
      visitor: { home: 'GB', presence: online(), seen: seen('PK') },
      traveler: { home: 'PK', presence: online(), seen: seen('AE') },
      border: { home: 'IN', presence: online(), seen: [{ source: 'position', areas: ['IN', 'PK'], at: NOW }] },
      lost: { home: 'IN', presence: offline(), seen: [{ source: 'network', areas: ['IN'], at: NOW - 25 * HOUR }] },
      never: { home: 'IN' },
      mission: { home: 'PK', presence: online(), seen: seen('PK') },
      missionAbroad: { home: 'GB', presence: online(), seen: seen('GB') },
      elsewhere: { home: 'GB', presence: online(), seen: seen('GB') },
      ended: { home: 'PK', status: 'revoked', presence: offline(), seen: seen('PK') },
      silent: { home: 'PK', presence: offline(1), seen: [{ source: 'network', areas: ['PK'], at: NOW - HOUR }] },
    });
    const { order } = await world.orders.drafting.propose(proposer.id, {
      ...PROPOSAL,
      visitors: 'P7D',
      exempt: [{ device: fleet.mission }, { device: fleet.missionAbroad }],
    });
    const now = await impact(order, 'now');
    expect(now).toMatchObject({ at: NOW, revision: 1, fleet: 10, total: 9 });
    expect(counted(now.counts)).toEqual({
      denied: 2,
      borderline: 1,
      unknown: 2,
      visiting: 1,
      traveling: 1,
      exempt: 2,
      offline_behind: 1,
      undelivered: 2,
    });
    const classes = Object.fromEntries(now.devices.map((each) => [each.device, each.classes.join(' ')]));
    expect(classes).toEqual({
      [fleet.resident]: 'denied undelivered',
      [fleet.visitor]: 'visiting',
      [fleet.traveler]: 'traveling',
      [fleet.border]: 'borderline',
      [fleet.lost]: 'unknown',
      [fleet.never]: 'unknown',
      [fleet.mission]: 'exempt',
      [fleet.missionAbroad]: 'exempt',
      [fleet.silent]: 'denied offline_behind undelivered',
    });
    const then = await impact(order, 'effective', 'denied');
    expect(then).toMatchObject({ at: EFFECTIVE, total: 3 });
    expect(then.devices.map(({ device }) => device).sort()).toEqual(
      [fleet.resident, fleet.visitor, fleet.silent].sort(),
    );
    expect(then.devices.find(({ device }) => device === fleet.visitor)).toMatchObject({
      classes: ['denied', 'visiting', 'undelivered'],
      denied: ['messaging', 'mail'],
      reasons: ['present'],
      areas: ['PK'],
      home: 'GB',
      connected: true,
    });
    expect((await world.orders.impact.affected(order)).map(({ device }) => device).sort()).toEqual(
      [fleet.resident, fleet.silent].sort(),
    );
  });

  it('counts pending data and undelivered devices, and compares two revisions', async () => {
    const { proposer } = await begin();
    const { resident, told, emirati, far } = await add({
      resident: { home: 'PK', presence: online(), seen: seen('PK') },
      told: { home: 'PK', presence: offline(), seen: [{ source: 'network', areas: ['PK'], at: NOW - HOUR }] },
      emirati: { home: 'AE', presence: online(), seen: seen('AE') },
      far: { home: 'GB', presence: online(), seen: seen('GB') },
    });
    await addWaiting(database, [
      { device: resident, messages: 2, bytes: 900, commands: 1 },
      { device: emirati, messages: 5, bytes: 5_000, commands: 5 },
      { device: far, messages: 1, bytes: 1, commands: 1 },
    ]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await addReceipts(database, [{ device: told, kind: 'delivered', order, revision: 1, service: null, at: NOW }]);
    // No device can have received a revision before its adoption.
    const first = await impact(order, 'effective');
    expect(counted(first.counts)).toMatchObject({ denied: 2, undelivered: 2 });
    expect(first).toMatchObject({ baseline: null, changes: null });
    expect(first.waiting).toEqual({ devices: 1, messages: 2, bytes: 900, commands: 1 });
    await adopt(order, 1);
    expect(counted((await impact(order, 'effective')).counts)).toMatchObject({ denied: 2, undelivered: 1 });

    await world.orders.drafting.proposeAction(proposer.id, order, {
      action: 'revise',
      areas: ['PK', 'AE'],
      exempt: [{ device: told }],
    });
    const held = (more: object) =>
      world.orders.impact.page(order, 2, { at: 'effective', baseline: 1, offset: 0, limit: 10, ...more });
    const second = await held({});
    expect(second).toMatchObject({
      revision: 2,
      baseline: 1,
      changes: { newly_affected: 1, no_longer_affected: 1, changed: 0 },
      total: 3,
    });
    expect(second.waiting).toEqual({ devices: 2, messages: 7, bytes: 5_900, commands: 6 });
    expect(second.areas).toEqual([
      { area: 'AE', devices: 1, denied: 1 },
      { area: 'PK', devices: 2, denied: 1 },
    ]);
    const byDevice = Object.fromEntries(second.devices.map((each) => [each.device, each]));
    expect(byDevice[told]).toMatchObject({
      classes: ['exempt'],
      denied: [],
      waits: { messages: 0, bytes: 0, commands: 0 },
      change: {
        kind: 'no_longer_affected',
        before: { denied: ['messaging', 'mail'], reasons: ['present', 'network'] },
      },
    });
    expect(byDevice[emirati]).toMatchObject({
      classes: ['denied', 'undelivered'],
      waits: { messages: 5, bytes: 5_000, commands: 5 },
      change: { kind: 'newly_affected', before: { denied: [], reasons: [] } },
    });
    const some = async (more: object) => {
      const { total, devices } = await held(more);
      expect(devices).toHaveLength(total);
      return devices.map(({ device }) => device);
    };
    expect(await some({ change: 'newly_affected' })).toEqual([emirati]);
    expect(await some({ change: 'no_longer_affected', class: 'denied' })).toEqual([]);
    expect(await some({ area: 'PK', class: 'undelivered' })).toEqual([resident]);
    // A withdrawn revision blocks no device.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    const withdrawn = await world.orders.impact.page(order, 3, { at: 'effective', baseline: 1, offset: 0, limit: 0 });
    expect(withdrawn.changes).toEqual({ newly_affected: 0, no_longer_affected: 2, changed: 0 });
    await expect(held({ baseline: 9 })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('returns pages without gaps or repetitions', async () => {
    const { proposer } = await begin();
    await addLocatedFleet(
      database,
      group,
      NOW,
      Array.from({ length: 30 }, (_, index) => ({
        home: index % 2 ? 'PK' : 'AE',
        presence: index % 3 ? online() : offline(),
        seen: seen('PK'),
      })),
    );
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    const page = async (offset: number, limit: number) =>
      (await world.orders.impact.page(order, 1, { at: 'now', class: 'denied', offset, limit })).devices.map(
        (each) => each.device,
      );
    const all = await page(0, 200);
    expect(new Set(all).size).toBe(30);
    for (const limit of [1, 7, 29]) {
      const pages: DeviceId[] = [];
      for (let offset = 0; offset < 35; offset += limit) pages.push(...(await page(offset, limit)));
      expect(pages).toEqual(all);
    }
    expect(await page(0, 0)).toEqual([]);
    expect(await page(30, 10)).toEqual([]);
  });

  it('says whether offline devices have a list with the revision, before and after its adoption', async () => {
    const { proposer } = await begin();
    await add({
      early: { home: 'PK', presence: offline(1), seen: seen('PK') },
      late: { home: 'PK', presence: offline(2), seen: seen('PK') },
      newest: { home: 'PK', presence: offline(3), seen: seen('PK') },
    });
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    expect(counted((await impact(order, 'effective')).counts)).toEqual({
      denied: 3,
      offline_behind: 3,
      undelivered: 3,
    });
    await adopt(order, 1);
    expect(world.orders.list.current()?.version).toBe(2);
    expect(counted((await impact(order, 'effective')).counts)).toEqual({
      denied: 3,
      offline_current: 2,
      offline_behind: 1,
      undelivered: 3,
    });
    // A refreshed list without changes does not affect the result.
    world.clock.jump(NOW + DAY);
    await expect.poll(() => world.orders.list.current()?.version, { timeout: 10_000 }).toBe(3);
    expect(counted((await impact(order, 'effective')).counts)).toMatchObject({ offline_current: 2, offline_behind: 1 });
    // The pending revision counts, regardless of the adopted one.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', services: ['mail'] });
    expect(counted((await impact(order, 'effective')).counts)).toEqual({
      denied: 3,
      offline_behind: 3,
      undelivered: 3,
    });
    const adopted = await world.orders.impact.page(order, 1, { at: 'effective', offset: 0, limit: 0 });
    expect(adopted).toMatchObject({ revision: 1, total: 3, devices: [] });
  });

  it('gives the same warnings for a draft and for its proposal', async () => {
    const { proposer, ada } = await begin();
    await database.db.updateTable('accounts').set({ name: 'Ada Lovelace' }).where('person_id', '=', ada.id).execute();
    await add({
      hers: { user: 'ADA  LOVELACE'.replace('  ', ' '), home: 'PK', presence: online(), seen: seen('PK') },
      lost: { home: 'IN', presence: offline() },
      far: { home: 'GB', presence: online(), seen: seen('GB') },
    });
    const terms = { ...PROPOSAL, services: ['management', 'enrollment'], unknown: 'deny' } as const;
    const preview = await world.orders.impact.preview({ ...terms, action: 'propose' }, () => undefined);
    expect(preview).toMatchObject({ problems: [], effective: EFFECTIVE, until: null });
    expect(preview.impact).toMatchObject({ at: EFFECTIVE, fleet: 3 });
    expect(preview.impact?.counts).toMatchObject({ denied: 2, unknown: 1, offline_behind: 1 });
    expect(preview.warnings.map(({ code, devices }) => [code, devices])).toEqual([
      ['names_management', 2],
      ['names_enrollment', null],
      ['affects_approver', 1],
      ['large_share', 2],
      ['denies_unknown', 1],
    ]);
    expect(await world.orders.adoption.list()).toEqual([]);
    const { order } = await world.orders.drafting.propose(proposer.id, terms);
    expect(await world.orders.impact.warnings(order, 1)).toEqual(preview.warnings);
    await adopt(order, 1);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    expect(await world.orders.impact.warnings(order, 2)).toEqual([]);
    expect((await world.orders.impact.warnings(order, 1)).length).toBe(5);
  });

  it('rejects an end in the past, in the preview and in the proposal', async () => {
    const { proposer } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await adopt(order, 1);
    world.clock.jump(EFFECTIVE + DAY);
    const draft = { action: 'extend', until: new Date(EFFECTIVE + HOUR).toISOString() } as const;
    const { problems } = await world.orders.impact.preview({ ...draft, order }, () => undefined);
    expect(problems).toMatchObject([{ field: 'until', code: 'until_in_past' }]);
    await expect(world.orders.drafting.proposeAction(proposer.id, order, draft)).rejects.toMatchObject({
      code: 'until_in_past',
    });
    expect(await world.orders.adoption.get(order)).toMatchObject({ latestRevision: 1, terms: { until: null } });
  });

  it('reports all problems of a draft at once, and stores nothing', async () => {
    const { proposer } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    const against = async (draft: Parameters<typeof world.orders.impact.preview>[0]) => {
      const { problems, warnings, impact: found } = await world.orders.impact.preview(draft, () => undefined);
      expect([found === null, warnings.length === 0]).toEqual([
        problems.length > 0,
        problems.length > 0 || warnings.length === 0,
      ]);
      return problems.map(({ field, code }) => `${field}: ${code}`);
    };
    const nobody = 'dev_aaaaaaaaaaaaaaaa';
    expect(
      await against({
        ...PROPOSAL,
        action: 'propose',
        areas: ['PK', 'pk'],
        exempt: [{ device: nobody }, { device: 'x' }, { group: 'y' }],
      }),
    ).toEqual([
      'areas.1: unknown_area',
      'exempt.0: unknown_device',
      'exempt.1: unknown_device',
      'exempt.2: invalid_input',
    ]);
    expect(await against({ action: 'revise', order: '2015-777' })).toEqual(['order: not_found']);
    expect(await against({ action: 'revise' })).toEqual(['order: invalid_input']);
    expect(await against({ action: 'propose', order })).toEqual(['action: action_not_allowed']);
    expect(await against({ action: 'pause', order, areas: ['IN'], exempt: [] })).toEqual([
      'action: action_not_allowed',
      'exempt: invalid_input',
      'areas: invalid_input',
    ]);
    expect(await against({ action: 'revise', order, nexus: ['home'] })).toEqual([]);
    expect(await against({ action: 'revise', order, exempt: [{ group }] })).toEqual(['exempt.0: invalid_input']);
    await adopt(order, 1);
    expect(await against({ action: 'pause', order })).toEqual([]);
    expect(await against({ action: 'extend', order })).toEqual(['effective: invalid_input']);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    await adopt(order, 2);
    expect(await against({ action: 'revise', order, title: '' })).toEqual([
      'action: order_closed',
      'title: invalid_input',
    ]);
    expect((await world.orders.adoption.get(order)).latestRevision).toBe(2);
    // An admin whose role covers only some areas gets a problem for each other area.
    const only = (places: readonly HomeArea[]) => {
      const beyond = places.find((facts) => facts !== 'IN');
      if (beyond) throw new CordonError('out_of_scope', `not ${beyond}`);
    };
    const beyond = async (draft: Parameters<typeof world.orders.impact.preview>[0]) => {
      const { problems, impact: found } = await world.orders.impact.preview(draft, only);
      return [...problems.map(({ field, code }) => `${field}: ${code}`), found];
    };
    expect(await beyond({ ...PROPOSAL, action: 'propose', areas: ['IN', 'PK'] })).toEqual([
      'areas.1: out_of_scope',
      null,
    ]);
    const other = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    expect(await beyond({ action: 'revise', order: other.order, areas: ['IN'] })).toEqual([
      'order: out_of_scope',
      null,
    ]);
  });

  it('reports a missing approver set', async () => {
    database = await openStore();
    world = await openOrderWorld(database);
    const { problems } = await world.orders.impact.preview({ ...PROPOSAL, action: 'propose' }, () => undefined);
    expect(problems).toMatchObject([{ field: 'action', code: 'approvers_required', suggestions: [] }]);
  });
});
