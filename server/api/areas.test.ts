/** Named areas over real HTTP: the areas of the caller's role limit which named areas the caller may change. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../shared/api/roles.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';

let api: ApiServer;
let group: GroupId;
let owner: Record<string, string>;

beforeAll(async () => {
  api = await startApi();
  group = await addGroup(api.database, 'Field staff');
  owner = await caller({ role: 'owner' });
});
afterAll(() => api.close());

interface Limits {
  readonly role: Role;
  readonly area?: string;
  readonly inGroup?: true;
}

/** Headers of a new account with one grant. */
async function caller({ role, area, inGroup }: Limits): Promise<Record<string, string>> {
  const email = `${role}-${area ?? 'all'}-${inGroup ? 'group' : 'all'}-${crypto.randomUUID()}@example.org`;
  const grant = { role, group: inGroup ? group : null, area: area === undefined ? null : parseScopeArea(area) };
  return { authorization: `Bearer ${await api.token(await api.account(email, [grant]))}` };
}

/** A square south-west of Lahore, inside Pakistan; from 0.5 degrees on it crosses the border to India. */
const square = (size: number) => ({
  type: 'Polygon',
  coordinates: [
    [
      [74.2, 31.4],
      [74.2 + size, 31.4],
      [74.2 + size, 31.4 + size],
      [74.2, 31.4 + size],
      [74.2, 31.4],
    ],
  ],
});
const IN_PAKISTAN = square(0.25);
const ACROSS_THE_BORDER = square(0.5);

type Content = readonly string[] | typeof IN_PAKISTAN;

function save(headers: Record<string, string>, name: string, content: Content) {
  if ('type' in content) {
    const type = { 'content-type': 'application/geo+json' };
    return api.request('POST', `/api/v1/areas/polygons?name=${name}&title=Area`, { ...headers, ...type }, content);
  }
  return api.request('POST', '/api/v1/areas/groups', headers, { name, title: 'Area', members: content });
}
const remove = (headers: Record<string, string>, code: string) =>
  api.request('DELETE', `/api/v1/areas/${code}`, headers);
const codeOf = (name: string, content: Content) => `${'type' in content ? 'XZ' : 'XG'}-${name}`;

const PK: Limits = { role: 'legal', area: 'PK' };
const PK_OWNER: Limits = { role: 'owner', area: 'PK' };
const EU: Limits = { role: 'legal', area: 'EU' };
const ALL: Limits = { role: 'legal' };
const IN_GROUP: Limits = { role: 'legal', inGroup: true };
const PK_IN_GROUP: Limits = { role: 'legal', area: 'PK', inGroup: true };
const FLEET: Limits = { role: 'fleet', area: 'PK' };

describe('case 50: a role for an area never changes a named area beyond its area', () => {
  /**
   * Columns: the role's area, the present content (null: the named area does not exist), the new content (null: deleted), and the expected
   * code.
   */
  const table: readonly (readonly [
    Limits,
    Content | null,
    Content | null,
    'allowed' | 'out_of_scope' | 'forbidden',
  ])[] = [
    [ALL, null, ['PK', 'IN'], 'allowed'],
    [ALL, ['PK', 'IN'], ['FR'], 'allowed'],
    [ALL, ['PK', 'IN'], null, 'allowed'],
    [ALL, null, ACROSS_THE_BORDER, 'allowed'],
    [PK, null, ['PK'], 'allowed'],
    [PK, null, ['PK-PB'], 'allowed'],
    [PK, null, ['PK', 'IN'], 'out_of_scope'],
    [PK, null, ['UN-034'], 'out_of_scope'],
    [PK, ['PK'], ['PK-PB'], 'allowed'],
    [PK, ['PK'], ['PK', 'IN'], 'out_of_scope'],
    [PK, ['PK', 'IN'], ['PK'], 'out_of_scope'],
    [PK, ['PK'], null, 'allowed'],
    [PK, ['PK', 'IN'], null, 'out_of_scope'],
    [PK, null, IN_PAKISTAN, 'allowed'],
    [PK, null, ACROSS_THE_BORDER, 'out_of_scope'],
    [PK, IN_PAKISTAN, ACROSS_THE_BORDER, 'out_of_scope'],
    [PK, ACROSS_THE_BORDER, IN_PAKISTAN, 'out_of_scope'],
    [PK, ACROSS_THE_BORDER, null, 'out_of_scope'],
    [PK, IN_PAKISTAN, null, 'allowed'],
    [PK_OWNER, ['PK', 'IN'], null, 'out_of_scope'],
    [PK_OWNER, null, ['IN'], 'out_of_scope'],
    [EU, null, ['FR', 'DE'], 'allowed'],
    [EU, ['FR'], ['EU'], 'allowed'],
    [EU, ['EEA'], ['EU'], 'out_of_scope'],
    [IN_GROUP, null, ['PK'], 'forbidden'],
    [IN_GROUP, ['PK'], null, 'forbidden'],
    [IN_GROUP, null, IN_PAKISTAN, 'forbidden'],
    [PK_IN_GROUP, ['PK'], ['PK'], 'forbidden'],
    [FLEET, ['PK'], null, 'forbidden'],
  ];

  it.each(table.map(([who, before, after, expected], row) => ({ row, who, before, after, expected })))(
    'row $row: $who.role for $who.area, $expected',
    async ({ row, who, before, after, expected }) => {
      const name = `area-${row}`;
      const code = codeOf(name, after ?? before ?? []);
      if (before) expect((await save(owner, name, before)).status).toBe(201);
      const headers = await caller(who);
      const answer = after ? await save(headers, name, after) : await remove(headers, code);
      expect(answer.status < 300 ? 'allowed' : answer.json.code).toBe(expected);
      const { json } = await api.request('GET', '/api/v1/areas', owner);
      const known = json.areas.find((area: { code: string }) => area.code === code);
      const versions = (before ? 1 : 0) + (after ? 1 : 0);
      const present = expected === 'allowed' ? (after ? versions : undefined) : before ? 1 : undefined;
      expect(known?.version).toBe(present);
    },
  );

  it('names the countries outside the role’s area', async () => {
    const { json } = await save(await caller(PK), 'beyond', ACROSS_THE_BORDER);
    expect(json).toMatchObject({ code: 'out_of_scope', context: { areas: ['IN'] } });
  });

  it('marks the areas in the list that the caller may change', async () => {
    await save(owner, 'mine', ['PK-PB']);
    await save(owner, 'shared', ['PK', 'IN']);
    await save(owner, 'drawn', IN_PAKISTAN);
    await save(owner, 'border', ACROSS_THE_BORDER);
    const seen = async (who: Limits) => {
      const { json } = await api.request('GET', '/api/v1/areas', await caller(who));
      const named = ['XG-mine', 'XG-shared', 'XZ-drawn', 'XZ-border'].map((code) =>
        json.areas.find((area: { code: string }) => area.code === code),
      );
      return [json.limit, ...named.map(({ changeable }) => changeable)];
    };
    expect(await seen(ALL)).toEqual([null, true, true, true, true]);
    expect(await seen(PK)).toEqual([['PK'], true, false, true, false]);
    expect(await seen(IN_GROUP)).toEqual([[], false, false, false, false]);
    expect(await seen({ role: 'auditor' })).toEqual([[], false, false, false, false]);
  });
});
