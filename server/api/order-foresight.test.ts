/** What an order would do, over real HTTP: a draft checked as it is written, who is affected, what to be warned of, how far it has come. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { impactView, orderPreview, orderProgress, orderWarnings, revisionView } from '../../shared/api/orders.ts';
import { type AreaCode, parseArea } from '../../shared/areas/area-code.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import {
  type Approver,
  adoptRoot,
  Caller,
  firstOwner,
  inviteApprover,
  type Person,
} from '../../tests/support/people.ts';
import { addPlacedFleet, addReceipts } from '../../tests/support/placed-fleet.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TERMS = {
  ...{ title: 'Pakistan', areas: ['PK'], services: ['messaging'], nexus: ['present'], zone: 'Asia/Karachi' },
  ...{ unknown: 'allow', contested: 'allow', travellers: 'allow', authority: 'Regulator', addressee: 'operators' },
  ...{
    instrument: 'directive',
    statement: { en: 'Service ends.' },
    effective: new Date(Date.now() + 30 * DAY).toISOString(),
  },
};

let api: ApiServer;
let owner: Person;
let ada: Approver;
let ben: Approver;
let devices: DeviceId[];

beforeAll(async () => {
  api = await startApi();
  owner = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '');
  [ada, ben] = [await inviteApprover(api.url, owner, 'Ada'), await inviteApprover(api.url, owner, 'Ben')];
  await adoptRoot(owner, [ada, ben]);
  const now = Date.now();
  const seen = (area: string) => [{ source: 'address', areas: [area], at: now - HOUR, connected: true } as const];
  const presence = { connected: true, listVersion: 1 };
  const residents = Array.from({ length: 5 }, (_, index) => ({
    ...{ user: index === 0 ? 'ada@EXAMPLE.org' : `Secret Name ${index}`, home: 'PK', presence, seen: seen('PK') },
  }));
  const others = Array.from({ length: 15 }, () => ({ user: 'Secret Other', home: 'IN', presence, seen: seen('IN') }));
  devices = await addPlacedFleet(api.database, await addGroup(api.database, 'All'), now, [...residents, ...others]);
});
afterAll(() => api.close());

async function limitedTo(role: 'legal' | 'fleet', area: AreaCode): Promise<Caller> {
  const who = await api.account(`${role}-${area}-${Math.random()}@example.org`, [{ role, group: null, area }]);
  return new Caller(api.url, { authorization: `Bearer ${await api.token(who)}` });
}
async function adopt({
  order,
  revision,
  payload,
}: {
  order: string;
  revision: number;
  payload: string;
}): Promise<void> {
  for (const { api: caller, key } of [ada, ben]) {
    const signature = approveRevision(key, payload);
    await caller.raw('POST', `/orders/${order}/revisions/${revision}/approvals`, { keyid: key.keyid, signature });
  }
}
const preview = (caller: Caller, draft: object) => caller.call('POST', '/orders/preview', orderPreview, draft);
const problems = async (caller: Caller, draft: object) =>
  (await preview(caller, draft)).problems.map(({ field, code }) => `${field}: ${code}`);
const stored = async () => [
  await api.orders.list(),
  await api.database.db.selectFrom('ledger_leaves').selectAll().execute(),
];

describe('a draft', () => {
  it('is answered field by field from the first letter on, and nothing is stored', async () => {
    const before = await stored();
    const empty = await preview(owner.api, {});
    expect(empty.problems.map(({ field }) => field).sort()).toEqual([
      ...['addressee', 'areas', 'authority', 'contested', 'effective', 'instrument', 'nexus', 'services', 'statement'],
      ...['title', 'travellers', 'unknown'],
    ]);
    expect(empty).toMatchObject({ effective: null, until: null, warnings: [], impact: null });
    const typing = {
      ...TERMS,
      title: '',
      areas: ['PK', 'p'],
      effective: '2040-01-01T',
      until: '',
      statement: { en: '' },
    };
    expect(await problems(owner.api, typing)).toEqual([
      ...['areas.1: unknown_area', 'effective: invalid_input', 'title: invalid_input', 'until: invalid_input'],
      'statement.en: invalid_input',
    ]);
    expect(await stored()).toEqual(before);
  });

  it('says what an ambiguous time could mean, and how times are read', async () => {
    const draft = { ...TERMS, zone: 'Europe/Berlin', effective: '2040-10-28T02:30', until: '2041-01-01T00:00' };
    const { problems: found, until } = await preview(owner.api, draft);
    expect(found).toMatchObject([
      {
        ...{ field: 'effective', code: 'ambiguous_local_time' },
        suggestions: ['2040-10-28T02:30:00+02:00', '2040-10-28T02:30:00+01:00'],
      },
    ]);
    expect(until).toBe(Date.parse('2040-12-31T23:00:00Z'));
  });

  it('says when it could be proposed, whom it would reach and what to be warned of', async () => {
    const { problems: none, effective, impact, warnings } = await preview(owner.api, TERMS);
    expect([none, effective]).toEqual([[], Date.parse(TERMS.effective)]);
    expect(impact).toMatchObject({ at: effective, fleet: 20, counts: { denied: 5, travelling: 0 } });
    expect(warnings.map(({ code, devices: count }) => [code, count])).toEqual([
      ['reaches_approver', 1],
      ['large_share', 5],
    ]);
    await owner.api.call('POST', '/orders', revisionView, TERMS);
  });

  it('of a further revision has what it changes and keeps the rest', async () => {
    const { order } = await owner.api.call('POST', '/orders', revisionView, TERMS);
    const { impact } = await preview(owner.api, { order, act: 'revise', areas: ['IN'] });
    expect(impact?.counts.denied).toBe(15);
    expect(await problems(owner.api, { order, act: 'release' })).toEqual(['act: act_not_allowed']);
    expect(await problems(owner.api, { order: '20', act: 'revise' })).toEqual(['order: not_found']);
  });

  it('is refused as a whole only for what is no draft', async () => {
    for (const wrong of [{ colour: 'red' }, { act: 'destroy' }, { areas: 'PK' }, { title: 7 }]) {
      const { status, json } = await api.request(
        'POST',
        '/api/v1/orders/preview',
        { authorization: `Bearer ${owner.token}` },
        wrong,
      );
      expect([status, json.code]).toEqual([400, 'invalid_input']);
    }
  });

  it('case 50: tells whoever decides about one area of no other one', async () => {
    const legal = await limitedTo('legal', parseArea('PK'));
    expect(await problems(legal, TERMS)).toEqual([]);
    const beyond = await preview(legal, { ...TERMS, areas: ['PK', 'IN'] });
    expect(beyond.problems).toMatchObject([{ field: 'areas.1', code: 'out_of_scope' }]);
    expect([beyond.impact, beyond.warnings]).toEqual([null, []]);
    const { order } = await owner.api.call('POST', '/orders', revisionView, { ...TERMS, areas: ['IN'] });
    const own = await preview(legal, { order, act: 'revise', areas: ['PK'] });
    expect([own.problems.map(({ code }) => code), own.impact]).toEqual([['out_of_scope'], null]);
    const fleet = await limitedTo('fleet', parseArea('PK'));
    await expect(preview(fleet, TERMS)).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('who is affected', () => {
  it('is told by handle, page by page, and never by name', async () => {
    const { order } = await owner.api.call('POST', '/orders', revisionView, TERMS);
    const path = `/orders/${order}/impact`;
    const { json } = await owner.api.raw('GET', `${path}?at=now&limit=3`);
    expect(JSON.stringify(json)).not.toMatch(/Secret|ada@/i);
    const first = impactView.parse(json);
    expect(first).toMatchObject({ revision: 1, fleet: 20, total: 5, counts: { denied: 5, offline_behind: 0 } });
    const rest = await owner.api.call('GET', `${path}?at=now&limit=3&offset=3`, impactView);
    const all = [...first.devices, ...rest.devices];
    expect(all.map(({ device }) => device).sort()).toEqual(devices.slice(0, 5).sort());
    expect(all[0]).toEqual({
      ...{ device: expect.any(String), classes: ['denied'], denied: ['messaging'], reasons: ['present'] },
      ...{ areas: ['PK'], home: 'PK', connected: true },
    });
    const none = await owner.api.call('GET', `${path}?class=travelling`, impactView);
    expect([none.total, none.devices, none.at]).toEqual([0, [], Date.parse(TERMS.effective)]);
    const { devices: counted, total } = await owner.api.call('GET', `${path}?limit=0`, impactView);
    expect([counted, total]).toEqual([[], 5]);
    await expect(owner.api.raw('GET', `${path}?class=nobody`)).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(owner.api.raw('GET', `${path}?revision=2`)).rejects.toMatchObject({ code: 'not_found' });
    await expect(owner.api.raw('GET', '/orders/2001-001/impact')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('case 50: by the areas of the revision that is asked about, not of the one that is adopted', async () => {
    const made = await owner.api.call('POST', '/orders', revisionView, TERMS);
    await adopt(made);
    const path = `/orders/${made.order}`;
    const fleet = await limitedTo('fleet', parseArea('PK'));
    const asked = ['/impact', '/affected', '/revisions/1/warnings', '/progress'];
    for (const each of asked) await fleet.raw('GET', path + each);
    await owner.api.raw('POST', `${path}/revisions`, { act: 'revise', areas: ['PK', 'IN'] });
    for (const each of ['/impact', '/affected', '/revisions/2/warnings']) {
      await expect(fleet.raw('GET', path + each), each).rejects.toMatchObject({ code: 'out_of_scope' });
    }
    for (const each of ['/impact?revision=1', '/revisions/1/warnings', '/progress'])
      await fleet.raw('GET', path + each);
    const wide = await owner.api.call('GET', `${path}/impact?limit=0`, impactView);
    expect([wide.revision, wide.counts.denied]).toEqual([2, 20]);
  });
});

it('whoever signs sees the warnings that the author saw', async () => {
  const terms = { ...TERMS, services: ['management', 'messaging'], unknown: 'deny' };
  const { warnings } = await preview(owner.api, terms);
  expect(warnings.map(({ code }) => code)).toEqual([
    'names_management',
    'reaches_approver',
    'large_share',
    'denies_unknown',
  ]);
  const { order } = await owner.api.call('POST', '/orders', revisionView, terms);
  expect(await ada.api.call('GET', `/orders/${order}/revisions/1/warnings`, orderWarnings)).toEqual({ warnings });
});

it('how far an order has come is counted among those whom it reaches', async () => {
  const made = await owner.api.call('POST', '/orders', revisionView, TERMS);
  const path = `/orders/${made.order}/progress`;
  const nothing = { reached: 0, connected: 0, informed: 0, shown: 0, enforced: 0, restored: 0 };
  expect(await owner.api.call('GET', path, orderProgress)).toEqual({ revision: null, ...nothing, newest: null });
  await adopt(made);
  const at = Date.now();
  const informed = { kind: 'informed', order: made.order, revision: 1, service: null, at } as const;
  await addReceipts(
    api.database,
    devices.slice(2).map((device) => ({ device, ...informed })),
  );
  expect(await owner.api.call('GET', path, orderProgress)).toEqual({
    ...{ ...nothing, revision: 1, reached: 5, connected: 5, informed: 3, newest: at },
  });
});
