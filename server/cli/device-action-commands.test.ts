/** `cordon devices` for the life cycle, labels and owner, against the real API on the real store. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { addPerson } from '../../tests/support/persons.ts';

const custody = testAuthority();
let api: ApiServer;
let devices: DeviceId[];
let person: string;
let run: (...args: string[]) => ReturnType<typeof runInProcess>;

beforeAll(async () => {
  api = await startApi({ authority: custody.authority });
  const group = await addGroup(api.database, 'Fleet');
  devices = [];
  for (let index = 0; index < 4; index += 1) devices.push(await addDevice(api.database, { group, user: `U${index}` }));
  person = await api.database.transaction((tx) => addPerson(tx, 'Bilal', group));
  const account = await api.account('fleet@example.org', [{ role: 'fleet', group: null, area: null }]);
  const { headers } = await api.signIn(account);
  const made = await api.request('POST', '/api/v1/tokens', headers, { name: 'script', destructive: true });
  run = (...args) => runInProcess(args, { CORDON_SERVER: api.url, CORDON_TOKEN: made.json.secret });
});
afterAll(async () => {
  await api.close();
  custody.remove();
});

async function statesOf(): Promise<string[]> {
  const listed = (await run('devices', 'list', '--sort', 'user', '--json')).json();
  return listed.devices.map(({ lifeCycle }: { lifeCycle: string }) => lifeCycle);
}

it('labels devices, and selects by label', async () => {
  const [first = '', second = ''] = devices;
  const labeled = await run('devices', 'label', first, second, '--add', 'Kiosk');
  expect([labeled.err, labeled.out]).toEqual(['', 'changed 2\n']);
  expect((await run('devices', 'list', '--label', 'kiosk', '--json')).json().total).toBe(2);
  const missing = await run('devices', 'mark-missing', '--label', 'kiosk');
  expect(missing.out).toBe('changed 2\n');
  expect(await statesOf()).toEqual(['missing', 'missing', 'active', 'active']);
  expect((await run('devices', 'list', '--life-cycle', 'missing', '--json')).json().total).toBe(2);
  expect((await run('devices', 'mark-found', second)).out).toBe('changed 1\n');
  for (const wrong of [[], [first, '--all']]) {
    const refused = await run('devices', 'mark-found', ...wrong);
    expect([refused.code, refused.err]).toEqual([EXIT.usage, expect.stringContaining('Not both')]);
  }
});

it('starts and ends lost mode of one device and of many', async () => {
  const [first = '', second = ''] = devices;
  const texts = ['--reason', 'The van was stolen', '--contact', 'Call us'];
  const one = await run('lost-mode', 'start', first, ...texts, '--days', '2');
  expect(one.out).toContain('Lost mode is on until');
  const without = await run('lost-mode', 'start', '--all', ...texts);
  expect([without.code, without.err]).toEqual([EXIT.usage, expect.stringContaining('add --count 3')]);
  const many = await run('lost-mode', 'start', '--all', ...texts, '--count', '3');
  expect([many.err, many.out]).toEqual(['', `changed 3\nrefused 1: The device is already in lost mode. (${first})\n`]);
  expect((await run('lost-mode', 'end', first, second, '--count', '2')).out).toBe('changed 2\n');
  expect((await run('lost-mode', 'end', '--all', '--count', '2')).out).toContain('changed 2\n');
  expect((await run('lost-mode', 'show', first)).out).toContain('an admin ended it');
});

it('previews an action, and asks for the number of devices before it ends enrollments', async () => {
  const [first = ''] = devices;
  const preview = await run('devices', 'preview', 'mark-missing', '--all');
  expect(preview.out).toContain('affected 3');
  expect(preview.out).toContain(`refused 1: The device is already marked as missing. (${first})`);
  const without = await run('devices', 'retire', '--label', 'kiosk');
  expect([without.code, without.err]).toEqual([EXIT.usage, expect.stringContaining('add --count 2')]);
  expect((await run('devices', 'retire', '--label', 'kiosk', '--count', '2')).out).toBe('changed 2\n');
  expect((await run('devices', 'retire', devices[2] ?? '')).out).toBe('changed 1\n');
  expect(await statesOf()).toEqual(['retired', 'retired', 'retired', 'active']);
  const revoked = await run('devices', 'revoke-many', '--all', '--count', '1', '--reason', 'keyCompromise');
  expect(revoked.out).toContain('changed 1\nrefused 3: The device is not enrolled.');
});

it('creates a link with which a device enrolls again for another person', async () => {
  const [first = ''] = devices;
  const sent = await run('devices', 'reassign', first, person);
  expect([sent.code, sent.err]).toEqual([0, '']);
  expect(sent.out).toMatch(/^cordon:enroll\?/);
  const code = await api.database.db
    .selectFrom('activation_codes')
    .select(['person_id', 'used_at'])
    .where('id', '=', first)
    .executeTakeFirstOrThrow();
  expect(code).toEqual({ person_id: person, used_at: null });
});

it('changes placement and groups of many devices', async () => {
  const shop = await addGroup(api.database, 'Shop');
  for (const user of ['Ada', 'Ben']) await addDevice(api.database, { group: shop, user });
  const all = ['--group', shop];
  const preview = await run('devices', 'preview', 'place', ...all, '--home', 'SE');
  expect([preview.err, preview.out]).toEqual(['', expect.stringContaining('affected 2\n')]);
  const placed = await run('devices', 'place', ...all, '--home', 'SE', '--count', '2');
  expect(placed.out).toBe('changed 2\n');
  const endless = await run('devices', 'place', ...all, '--statement', 'NO', '--reason', 'called in');
  expect([endless.code, endless.err]).toEqual([EXIT.usage, expect.stringContaining('needs --until')]);
  const extra = await addGroup(api.database, 'Extra');
  expect((await run('devices', 'add-to-group', ...all, '--to-group', extra)).out).toBe('changed 2\n');
  expect((await run('devices', 'list', '--group', extra, '--json')).json().total).toBe(2);
  expect((await run('devices', 'remove-from-group', '--group', extra, '--to-group', extra)).out).toBe('changed 2\n');
  const held = await run('devices', 'hold', ...all, '--reason', 'Case 12');
  expect([held.err, held.out]).toEqual(['', 'changed 2\n']);
});
