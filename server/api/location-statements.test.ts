/** Location statements over real HTTP: one admin alone cannot end the effect of an order on a device. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { statementList } from '../../shared/api/affected-devices.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { addLocatedFleet } from '../../tests/support/located-fleet.ts';
import {
  type Approver,
  adoptApproverSet,
  firstOwner,
  inviteApprover,
  type Person,
} from '../../tests/support/people.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TERMS = {
  title: 'Kenya',
  areas: ['KE'],
  services: ['messaging'],
  nexus: ['present'],
  zone: 'Africa/Nairobi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'allow',
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'directive',
  statement: { en: 'Service ends.' },
};

let api: ApiServer;
let owner: Person;
let ada: Approver;
let ben: Approver;
let device: DeviceId;
let order: string;
type Headers = Record<string, string>;

beforeAll(async () => {
  api = await startApi();
  owner = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '');
  [ada, ben] = [await inviteApprover(api.url, owner, 'Ada'), await inviteApprover(api.url, owner, 'Ben')];
  await adoptApproverSet(owner, [ada, ben]);
  const now = Date.now();
  const seen = [{ source: 'address', areas: ['KE'], at: now - HOUR, connected: true } as const];
  const group = await addGroup(api.database, 'All');
  [device] = (await addLocatedFleet(api.database, group, now, [{ home: 'KE', seen }])) as [DeviceId];
  const effective = new Date(now + 2 * HOUR).toISOString();
  const terms = { ...TERMS, effective };
  const { order: number, revision, payload } = await owner.api.call('POST', '/orders', revisionView, terms);
  order = number;
  for (const { api: caller, key } of [ada, ben]) {
    const signature = approveRevision(key, payload);
    await caller.raw('POST', `/orders/${order}/revisions/${revision}/approvals`, { keyid: key.keyid, signature });
  }
});
afterAll(() => api.close());

async function admin(name: string): Promise<Headers> {
  const who = await api.account(`${name}@example.org`, [{ role: 'fleet', group: null, area: null }]);
  return (await api.signIn(who)).headers;
}
const state = (headers: Headers, areas: string[] | null, until = Date.now() + 3 * DAY) =>
  api.request('PATCH', `/api/v1/devices/${device}`, headers, {
    statement: areas && { kind: 'presence', areas, reason: 'called in', until },
  });
const post = (path: string, headers: Headers, body: object) => api.request('POST', `/api/v1${path}`, headers, body);
const listed = async () => owner.api.call('GET', `/orders/${order}/statements`, statementList);
const statement = async () =>
  (await api.request('GET', `/api/v1/devices/${device}`, await admin(`r${Math.random()}`))).json.statement;
const entries = async () =>
  (
    await api.database.db.selectFrom('ledger_entries').select('body').where('kind', '=', 'location.stated').execute()
  ).map(({ body }) => JSON.parse(body).public);

it('limits a statement that ends an order’s effect to 7 days, and requires a second person', async () => {
  const [mallory, second] = [await admin('mallory'), await admin('second')];
  const forever = await state(mallory, ['DE'], Date.parse('2099-01-01T00:00:00Z'));
  expect([forever.status, forever.json.code]).toEqual([422, 'statement_too_long']);
  expect(forever.json.detail).toContain(order);

  const alone = await state(mallory, ['DE']);
  expect([alone.status, alone.json.code]).toEqual([409, 'second_person_required']);
  expect(await statement()).toBeNull();
  expect(await entries()).toEqual([]);

  const { action } = alone.json.context;
  const { hash } = (await api.request('GET', `/api/v1/actions/${action}`, second)).json;
  const own = await post(`/actions/${action}/confirm`, mallory, { hash });
  expect([own.status, own.json.code]).toEqual([409, 'same_person']);
  expect(await statement()).toBeNull();
  expect((await post(`/actions/${action}/confirm`, second, { hash })).status).toBe(200);
  const underHold = await statement();
  expect(underHold).toMatchObject({ areas: ['DE'], reason: 'called in' });

  const { statements, people } = await listed();
  expect(statements).toMatchObject([{ device, areas: ['DE'], released: ['messaging'], denied: [] }]);
  const [{ by, confirmedBy } = {}] = statements;
  expect([people[by ?? ''], people[confirmedBy ?? '']]).toEqual(['mallory@example.org', 'second@example.org']);
  const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(await entries()).toEqual([{ orders: order, until: underHold.until, people: 2, digest }]);

  // The end of the statement also changes the order's effect.
  const end = await state(mallory, null);
  expect(end.json.code).toBe('second_person_required');
  expect(await statement()).not.toBeNull();
});

it('needs one person for a statement without effect on an order, and allows a later end', async () => {
  const group = await addGroup(api.database, 'Others');
  const seen = [{ source: 'address', areas: ['SE'], at: Date.now() - HOUR, connected: true } as const];
  const placed = [{ home: 'SE', seen }];
  const [elsewhere] = await addLocatedFleet(api.database, group, Date.now(), placed);
  const alone = await api.request('PATCH', `/api/v1/devices/${elsewhere}`, await admin('solo'), {
    statement: { kind: 'presence', areas: ['NO'], reason: 'called in', until: Date.now() + 60 * DAY },
  });
  expect([alone.status, alone.json.statement?.areas]).toEqual([200, ['NO']]);
});

it('requires a second person for a home, seat or group that ends an order’s effect, and lists the change', async () => {
  const effective = new Date(Date.now() + 2 * HOUR).toISOString();
  const terms = { ...TERMS, title: 'By home', areas: ['FR'], nexus: ['home'], effective };
  const { order: number, revision, payload } = await owner.api.call('POST', '/orders', revisionView, terms);
  for (const { api: caller, key } of [ada, ben]) {
    const signature = approveRevision(key, payload);
    await caller.raw('POST', `/orders/${number}/revisions/${revision}/approvals`, { keyid: key.keyid, signature });
  }
  const group = await addGroup(api.database, 'France');
  const [moved] = (await addLocatedFleet(api.database, group, Date.now(), [{ home: 'FR', seen: [] }])) as [DeviceId];
  const [first, second] = [await admin('first-mover'), await admin('second-mover')];
  const path = `/api/v1/devices/${moved}`;
  const before = (await entries()).length;
  const alone = await api.request('PATCH', path, first, { home: 'DE' });
  expect([alone.status, alone.json.code]).toEqual([409, 'second_person_required']);
  expect((await api.request('GET', path, first)).json.home).toBe('FR');
  // One person is enough for a change without effect on an order.
  expect((await api.request('PATCH', path, first, { seat: 'DE' })).status).toBe(200);
  expect(await entries()).toHaveLength(before);

  const { action } = alone.json.context;
  const { hash } = (await api.request('GET', `/api/v1/actions/${action}`, second)).json;
  expect((await post(`/actions/${action}/confirm`, second, { hash })).status).toBe(200);
  expect((await api.request('GET', path, first)).json.home).toBe('DE');
  expect((await entries()).at(-1)).toMatchObject({ orders: number, until: null, people: 2 });
  const { assignments, people } = await owner.api.call('GET', `/orders/${number}/statements`, statementList);
  expect(assignments).toMatchObject([{ device: moved, home: 'DE', seat: 'DE' }]);
  const [{ by, confirmedBy } = {}] = assignments;
  expect([people[by ?? ''], people[confirmedBy ?? '']]).toEqual([
    'first-mover@example.org',
    'second-mover@example.org',
  ]);

  // A group's home and a new enrollment do not avoid the second person.
  const heirs = await addGroup(api.database, 'Heirs', 'FR');
  const [heir] = (await addLocatedFleet(api.database, heirs, Date.now(), [{ home: null, seen: [] }])) as [DeviceId];
  const manager = await admin('manager');
  const ofGroup = await api.request('PATCH', `/api/v1/groups/${heirs}`, manager, { home: 'DE' });
  expect([ofGroup.status, ofGroup.json.code, ofGroup.json.context]).toMatchObject([
    409,
    'conflict',
    { orders: [number], devices: 1 },
  ]);
  expect((await api.request('GET', `/api/v1/devices/${heir}`, first)).json.home).toBe('FR');
  expect((await api.request('PATCH', `/api/v1/groups/${heirs}`, manager, { seat: 'DE' })).status).toBe(200);
  const { person } = (await api.request('GET', `/api/v1/devices/${heir}`, first)).json;
  const code = { person, group: heirs, device: heir };
  const away = await post('/codes', first, { ...code, home: 'DE' });
  expect([away.status, away.json.code, away.json.context?.orders]).toEqual([409, 'conflict', [number]]);

  // A move back into the order's area also changes its effect, so one person is not enough.
  expect((await api.request('PATCH', path, first, { home: 'FR' })).json.code).toBe('second_person_required');
});
