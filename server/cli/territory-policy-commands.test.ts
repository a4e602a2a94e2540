/** `cordon areas policy`, from an import to an order with the policy, on the real API and store. */
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
const policy = (version: number, features: object) => ({
  version,
  title: 'As the map has it',
  date: '2026-11-01',
  features,
});

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-policy-'));
  for (const who of ['owner', 'legal', 'fleet', 'auditor', 'helpdesk'] as const) {
    const roles = who === 'owner' ? [] : [{ role: who, group: null, area: null }];
    tokens.set(who, await api.token(await api.account(`${who}@example.org`, roles)));
  }
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('imports a policy, previews its impact, activates it and rolls back', async () => {
  const first = policy(1, {
    crimea: { choice: 'UA', note: 'Resolution 68/262' },
    golan: { choice: 'contested', note: 'Nobody asked.\nBy nobody.' },
  });
  const imported = await cordon('legal', ['areas', 'policy', 'import', file('one.json', first)]);
  expect(imported.out).toBe('version 1: As the map has it (2026-11-01)\n');

  const compared = await cordon('auditor', ['areas', 'policy', 'compare', '1']);
  expect(compared.out).toMatch(/version 1: .* against version 0: Built in: all territories contested\n/);
  expect(compared.out).toMatch(/crimea +contested +UA/);
  expect(compared.out).toMatch(/All active and announced orders agree with this policy\./);
  expect((await cordon('legal', ['areas', 'policy', 'compare', '1', '--json'])).json()).toMatchObject({
    territories: [{ territory: 'crimea', from: null, to: 'UA' }],
    orders: [],
  });

  expect((await cordon('legal', ['areas', 'policy', 'activate', '1'])).out).toMatch(/^version 1: .* is active\.\n$/);
  const shown = await cordon('helpdesk', ['areas', 'policy', 'show']);
  expect(shown.out).toMatch(/crimea +RU UA +UA +Resolution 68\/262/);
  expect(shown.out).toMatch(/taiwan +CN TW +contested/);
  const listed = await cordon('auditor', ['areas', 'policy', 'list']);
  expect(listed.out).toMatch(/1 +As the map has it +2026-11-01 +\S+ +legal@example.org +[0-9a-f]{64} +active/);
  expect((await cordon('owner', ['areas', 'policy', 'rollback'])).out).toMatch(/^version 0: .* is active again\.\n$/);
  const second = file('two.json', policy(2, { crimea: { choice: 'UA', note: 'As before.' } }));
  expect((await cordon('owner', ['areas', 'policy', 'import', second, '--activate'])).out).toMatch(/, active\n$/);
});

it('refuses invalid input with a remedy, and changes nothing', async () => {
  const of = (features: object) => file('x.json', policy(9, features));
  const tries: [string, string[], number, RegExp][] = [
    ['legal', ['import', of({ atlantis: { choice: 'GR', note: 'x' } })], EXIT.usage, /atlantis.*unknown_territory/s],
    [
      'legal',
      ['import', file('y.json', policy(9, { crimea: { choice: 'DE', note: 'x' } }))],
      EXIT.usage,
      /write RU, UA or contested.*not_a_claimant/s,
    ],
    [
      'legal',
      ['import', file('z.json', policy(9, { crimea: { choice: 'UA' } }))],
      EXIT.usage,
      /features\.crimea\.note/,
    ],
    ['legal', ['import', file('w.json', '{')], EXIT.usage, /is not valid JSON/],
    [
      'legal',
      ['import', file('v.json', policy(1, {}))],
      EXIT.conflict,
      /Version 2 exists already.*the version of this policy to 3 or higher/s,
    ],
    ['legal', ['import', join(folder, 'gone')], EXIT.notFound, /Cannot read/],
    ['legal', ['activate', '7'], EXIT.notFound, /Version 7 of the territory policy does not exist/],
    ['legal', ['compare', '7'], EXIT.notFound, /Version 7 of the territory policy does not exist/],
    ['legal', ['show', '7'], EXIT.notFound, /Version 7 of the territory policy does not exist/],
    ['fleet', ['activate', '1'], EXIT.forbidden, /./],
    ['fleet', ['rollback'], EXIT.forbidden, /./],
    ['auditor', ['import', file('u.json', policy(9, {}))], EXIT.forbidden, /./],
    ['helpdesk', ['compare', '1'], EXIT.forbidden, /./],
  ];
  for (const [who, args, code, words] of tries) {
    const { code: exit, err } = await cordon(who, ['areas', 'policy', ...args]);
    expect([args, exit, err]).toEqual([args, code, expect.stringMatching(words)]);
  }
  const { policies } = (await cordon('legal', ['areas', 'policy', 'list', '--json'])).json();
  expect(policies.map(({ version, active }: { version: number; active: boolean }) => [version, active])).toEqual([
    [2, true],
    [1, false],
    [0, false],
  ]);
});
