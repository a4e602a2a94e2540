/** `cordon areas` and an order with the organization's own areas, on the real API and store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';

let api: ApiServer;
let folder: string;
const tokens = new Map<string, string>();

const cordon = (who: string, args: readonly string[]) =>
  runInProcess(args, {
    XDG_CONFIG_HOME: join(folder, 'nobody'),
    CORDON_SERVER: api.url,
    CORDON_TOKEN: tokens.get(who),
  });
function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const outline = (...corners: readonly (readonly [number, number])[]) => ({
  type: 'Feature',
  properties: {},
  geometry: { type: 'Polygon', coordinates: [[...corners, corners[0]]] },
});

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-areas-'));
  for (const who of ['owner', 'legal', 'fleet', 'auditor'] as const) {
    const roles = who === 'owner' ? [] : [{ role: who, group: null, area: null }];
    tokens.set(who, await api.token(await api.account(`${who}@example.org`, roles)));
  }
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('creates versions of groups and polygons, and lists them for every admin', async () => {
  const group = ['areas', 'group', 'sales', 'PK', 'UN-143', '--title', 'Sales'];
  expect((await cordon('legal', group)).out).toBe('XG-sales, version 1: Sales, KG KZ PK TJ TM UZ\n');
  const lahore = file('lahore.geojson', outline([74.2, 31.4], [74.45, 31.4], [74.45, 31.65]));
  const imported = await cordon('legal', [
    'areas',
    'import',
    lahore,
    '--name',
    'lahore',
    '--title',
    'Lahore',
    '--json',
  ]);
  expect(imported.json()).toMatchObject({
    code: 'XZ-lahore',
    version: 1,
    title: 'Lahore',
    members: null,
    polygon: { touches: ['PK'], rings: [[74_450_000, 31_400_000, 74_450_000, 31_650_000, 74_200_000, 31_400_000]] },
  });
  const again = await cordon('owner', ['areas', 'import', lahore, '--name', 'lahore']);
  expect(again.out).toBe('XZ-lahore, version 2: lahore, 3 points in PK\n');
  const { out } = await cordon('auditor', ['areas', 'list']);
  expect(out).toMatch(/XG-sales +1 +Sales +KG KZ PK TJ TM UZ .*legal/);
  expect(out).toMatch(/XZ-lahore +2 +lahore +3 points in PK/);
});

it('refuses invalid areas and admins without the right, with a remedy', async () => {
  const bow = file('bow.geojson', outline([74, 31], [75, 32], [75, 31], [74, 32.5]));
  const date = file('date.geojson', outline([179, -17], [-179, -17], [-179, -16]));
  const tries: [string, string[], number, RegExp][] = [
    ['legal', ['areas', 'import', bow, '--name', 'bow'], EXIT.usage, /edges cross near/],
    ['legal', ['areas', 'import', date, '--name', 'date'], EXIT.usage, /antimeridian; divide it there into two parts/],
    ['legal', ['areas', 'import', file('x', 'KML'), '--name', 'x'], EXIT.usage, /not valid JSON/],
    ['legal', ['areas', 'import', bow, '--name', 'Bow'], EXIT.usage, /small letters/],
    ['legal', ['areas', 'import', join(folder, 'gone'), '--name', 'x'], EXIT.notFound, /Cannot read/],
    ['legal', ['areas', 'group', 'x', 'XZ-lahore', '--title', 'X'], EXIT.usage, /not an area that Cordon knows/],
    ['fleet', ['areas', 'group', 'x', 'PK', '--title', 'X'], EXIT.forbidden, /./],
    ['auditor', ['areas', 'import', bow, '--name', 'x'], EXIT.forbidden, /./],
    ['auditor', ['areas', 'remove', 'XG-sales'], EXIT.forbidden, /./],
    ['legal', ['areas', 'remove', 'XG-nobody'], EXIT.notFound, /The area XG-nobody does not exist/],
  ];
  for (const [who, args, code, words] of tries) {
    const { code: exit, err } = await cordon(who, args);
    expect([args.slice(0, 4), exit, err]).toEqual([args.slice(0, 4), code, expect.stringMatching(words)]);
  }
  expect((await cordon('legal', ['areas', 'list', '--json'])).json()).toHaveLength(2);
});

it('removes an area that no order names', async () => {
  expect((await cordon('legal', ['areas', 'group', 'brief', 'PK', '--title', 'Brief'])).code).toBe(0);
  expect((await cordon('legal', ['areas', 'remove', 'XG-brief'])).out).toBe('XG-brief is removed\n');
  expect((await cordon('legal', ['areas', 'list', '--json'])).json()).toHaveLength(2);
});
