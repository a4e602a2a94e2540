/**
 * Filters, sort orders, columns, groups and expressions over real HTTP: a custom role without the right to a fact cannot select devices by
 * this fact on any route. The test finds the routes by their schemas, so a new route with a filter fails here until the table has it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type GroupId, groupIdSchema, newDeviceViewId, newPersonId, type PolicyId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { GRANTABLE_RIGHTS, isCustomRight } from '../admins/right-catalog.ts';
import type { RightName } from '../admins/rights.ts';
import type { Route } from './route.ts';

const FACT_RIGHTS = ['devices.evidence', 'devices.personal-inventory'] as const;
type FactRight = (typeof FACT_RIGHTS)[number];
type Headers = Record<string, string>;

let api: ApiServer;
let owner: Headers;
/** All rights that a custom role can have, and the same without the right to one kind of fact. */
let all: Headers;
const without = {} as Record<FactRight, Headers>;
let staticGroup: GroupId;
const factGroups = {} as Record<FactRight, GroupId>;
/** Dynamic group whose expression the requests change. */
let changedGroup: GroupId;
let policy: PolicyId;
let created = 0;

const EXPRESSIONS: Record<FactRight, string> = {
  'devices.evidence': '"PK" in areas',
  'devices.personal-inventory': 'users.count > 1',
};
const WHERE = [{ field: 'users.count', op: 'at-least', value: 1 }];

const send = (headers: Headers, method: string, path: string, body?: unknown) =>
  api.request(method, `/api/v1${path}`, headers, body);

beforeAll(async () => {
  api = await startApi();
  const signedIn = async (email: string, role: string): Promise<Headers> => {
    const who = await api.account(email, [{ role: role as 'owner', group: null, area: null }]);
    return (await api.signIn(who)).headers as Headers;
  };
  owner = await signedIn('owner@example.org', 'owner');
  const rights = GRANTABLE_RIGHTS.filter((name) => isCustomRight(name));
  const withRights = async (name: string, some: readonly RightName[]): Promise<Headers> => {
    const { id } = (await send(owner, 'POST', '/roles', { name, rights: some })).json;
    return signedIn(`${name}@example.org`, id);
  };
  all = await withRights('all', rights);
  for (const missing of FACT_RIGHTS) {
    without[missing] = await withRights(
      missing,
      rights.filter((name) => name !== missing),
    );
    const draft = { name: missing, expression: EXPRESSIONS[missing] };
    factGroups[missing] = (await send(owner, 'POST', '/groups', draft)).json.id;
  }
  changedGroup = (await send(owner, 'POST', '/groups', { name: 'Missing', expression: 'missing' })).json.id;
  staticGroup = await addGroup(api.database, 'Paris');
  await addDevice(api.database, { group: staticGroup });
  const document = { settings: { 'firewall.enabled': true }, compliance: { graceHours: 0, actions: [] } };
  policy = (await send(owner, 'POST', '/policies', { name: 'Firewall', document })).json.id;
});
afterAll(() => api.close());

/** Fields of a query or body by which a request selects, sorts or displays devices, or that contain the id of a group. */
const FIELDS = /^(area|areas|located|where|sort|columns|expression)$/;
const GROUP_PATTERN = z.toJSONSchema(groupIdSchema).pattern;

interface JsonSchema {
  readonly pattern?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function factFields(schema: JsonSchema, path = ''): string[] {
  const { properties = {}, items, anyOf = [], oneOf = [], allOf = [] } = schema;
  const inner = [...anyOf, ...oneOf, ...allOf, ...(items ? [items] : [])];
  return [
    ...(schema.pattern === GROUP_PATTERN ? [path] : []),
    ...inner.flatMap((one) => factFields(one, path)),
    ...Object.entries(properties).flatMap(([name, one]) => {
      const below = path === '' ? name : `${path}.${name}`;
      return FIELDS.test(name) ? [below] : factFields(one, below);
    }),
  ];
}

function fieldsOf({ query, body }: Route): string[] {
  const schemas = [query, body].filter((schema) => schema !== null);
  const found = schemas.flatMap((schema) =>
    factFields(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema),
  );
  return [...new Set(found)].sort();
}

/** Fields that select no device: they name the target of a change, or people and orders. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  'people.list': ['group'],
  'people.create': ['groups'],
  'people.update': ['groups'],
  'codes.create': ['group'],
  'devices.update': ['group', 'statement.areas'],
  'devices.place': ['change.group', 'change.statement.areas'],
  'devices.add-to-group': ['group'],
  'devices.remove-from-group': ['group'],
  'devices.preview-action': ['group', 'change.group', 'change.statement.areas'],
};

/** The rest of a valid request for each route with such fields. */
const REST: Readonly<Record<string, () => object>> = {
  'devices.list': () => ({}),
  'devices.export': () => ({}),
  'device-views.create': () => ({ name: 'View' }),
  'device-views.update': () => ({ name: 'View' }),
  'device-columns.save': () => ({}),
  'groups.create': () => ({ name: `Group ${created++}` }),
  'groups.update': () => ({}),
  'groups.preview': () => ({}),
  'policies.rehearse': () => ({}),
  'policies.assign': () => ({}),
  'devices.preview-action': () => ({ action: 'retire' }),
  'devices.mark-missing': () => ({}),
  'devices.mark-found': () => ({}),
  'devices.retire': () => ({ expect: 1 }),
  'devices.revoke-many': () => ({ expect: 1 }),
  'devices.label': () => ({ add: ['kiosk'] }),
  'devices.place': () => ({ change: { home: 'FR' } }),
  'devices.add-to-group': () => ({ group: staticGroup }),
  'devices.remove-from-group': () => ({ group: staticGroup }),
  'legal-holds.place-many': () => ({ reason: 'Case 7' }),
  'devices.preview-reassignment': () => ({ person: newPersonId() }),
  'devices.reassign': () => ({ person: newPersonId(), expect: 1 }),
  'commands.issue-many': () => ({ command: { kind: 'refresh-inventory' } }),
  'live-queries.ask': () => ({ query: { kind: 'open-ports' } }),
  'lost-mode.start-many': () => ({ expect: 1, reason: 'Lost on a train', contact: '+49 30 1234' }),
  'lost-mode.end-many': () => ({ expect: 1 }),
  'orders.impact': () => ({}),
  'orders.impact-csv': () => ({}),
};

/** Values of a field that reveal a fact, with the right to this fact. `isQuery`: a query has texts, in JSON for lists of objects. */
function revealing(field: string, isQuery: boolean): readonly (readonly [FactRight, unknown])[] {
  const [evidence, personal] = FACT_RIGHTS;
  switch (field.split('.').at(-1)) {
    case 'area':
      return [[evidence, 'PK']];
    case 'located':
      return [[evidence, isQuery ? 'true' : true]];
    case 'where':
      return [[personal, isQuery ? JSON.stringify(WHERE) : WHERE]];
    case 'sort':
      return [[personal, 'users.count']];
    case 'columns':
      return [[personal, isQuery ? 'users.names' : ['users.names']]];
    case 'expression':
      return FACT_RIGHTS.map((right) => [right, EXPRESSIONS[right]]);
    case 'group':
      return FACT_RIGHTS.map((right) => [right, factGroups[right]]);
    case 'groups':
      return FACT_RIGHTS.map((right) => [right, [factGroups[right]]]);
    default:
      throw new Error(`no values for the field ${field}`);
  }
}

const pathOf = ({ path }: Route): string =>
  path
    .replace('/api/v1', '')
    .replace('/policies/:id', `/policies/${policy}`)
    .replace('/groups/:id', `/groups/${changedGroup}`)
    .replace('/device-views/:id', `/device-views/${newDeviceViewId()}`)
    .replace(':number', '2015-001');

function request(route: Route, field: string, value: unknown): readonly [string, string, unknown] {
  const rest = REST[route.name]?.() ?? {};
  const [outer = '', inner] = field.split('.');
  const content = { ...rest, [outer]: inner === undefined ? value : { [inner]: value } };
  if (route.method !== 'get') return [route.method.toUpperCase(), pathOf(route), content];
  return ['GET', `${pathOf(route)}?${new URLSearchParams(content as Record<string, string>)}`, undefined];
}

const selectingFields = (route: Route): string[] =>
  fieldsOf(route).filter((field) => !(TARGETS[route.name] ?? []).includes(field));

describe('facts in filters', () => {
  it('finds each route of a custom role that selects devices', () => {
    const routes = api.routes.filter(({ name }) => isCustomRight(name));
    // A draft of an order names areas for another purpose, and has a test of its own.
    const found = routes.filter((route) => route.name !== 'orders.preview' && selectingFields(route).length > 0);
    expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(REST).sort());
  });

  it('refuses each filter, sort order, column, group and expression on each route without the right to the fact', async () => {
    const wrong: string[] = [];
    for (const route of api.routes.filter(({ name }) => name in REST)) {
      for (const field of selectingFields(route)) {
        for (const [right, value] of revealing(field, route.method === 'get')) {
          const [method, path, body] = request(route, field, value);
          const refused = await send(without[right], method, path, body);
          if (refused.status !== 403 || refused.json.code !== 'forbidden') {
            wrong.push(`${route.name} ${field} without ${right}: ${refused.status} ${refused.json?.code}`);
          }
          const allowed = await send(all, method, path, body);
          const isRefused =
            allowed.status === 403 || (allowed.status === 400 && !/^No active device/.test(allowed.json.detail));
          if (isRefused) {
            wrong.push(`${route.name} ${field} with all rights: ${allowed.status} ${allowed.json?.detail}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('refuses the preview of an order, whose counts follow the areas of the draft', async () => {
    const draft = { action: 'propose', areas: ['PK'] };
    const refused = await send(without['devices.evidence'], 'POST', '/orders/preview', draft);
    expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
    expect((await send(all, 'POST', '/orders/preview', draft)).status).toBe(200);
  });

  it('shows the page of a device without the groups and facts that the role may not read', async () => {
    const unseen = await addDevice(api.database, { group: staticGroup });
    const member = (group: GroupId) => ({ group_id: group, device_id: unseen });
    await api.database.db.insertInto('group_members').values(Object.values(factGroups).map(member)).execute();
    const groupsFor = async (headers: Headers) =>
      (await send(headers, 'GET', `/devices/${unseen}`)).json.groups.map(({ id }: { id: string }) => id).sort();
    const { 'devices.evidence': located, 'devices.personal-inventory': personal } = factGroups;
    expect(await groupsFor(all)).toEqual([staticGroup, located, personal].sort());
    expect(await groupsFor(without['devices.evidence'])).toEqual([staticGroup, personal].sort());
    expect(await groupsFor(without['devices.personal-inventory'])).toEqual([staticGroup, located].sort());
    const factsFor = async (headers: Headers) => (await send(headers, 'GET', `/devices/${unseen}/facts`)).json.facts;
    expect(await factsFor(all)).toHaveProperty(['users.count']);
    const limited = await factsFor(without['devices.personal-inventory']);
    expect(limited).toHaveProperty(['os.id']);
    for (const fact of ['users.count', 'users.admins']) expect(limited).not.toHaveProperty([fact]);
  });

  it('leaves a policy on a group that an admin with the right has assigned', async () => {
    const [located] = Object.values(factGroups);
    await send(owner, 'POST', `/policies/${policy}/groups`, { groups: [located] });
    const blind = without['devices.evidence'];
    const kept = { groups: [located, staticGroup] };
    expect((await send(blind, 'POST', `/policies/${policy}/rehearsal`, kept)).status).toBe(200);
    expect((await send(blind, 'POST', `/policies/${policy}/groups`, kept)).status).toBe(200);
    expect((await send(blind, 'POST', `/policies/${policy}/groups`, { groups: [] })).status).toBe(200);
    expect((await send(blind, 'POST', `/policies/${policy}/groups`, kept)).json.code).toBe('forbidden');
  });
});
