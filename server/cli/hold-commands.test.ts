/**
 * Legal holds on the command line and over the API, on the real store: the roles that may place and read them, and the actions that they
 * refuse.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { addPerson, personCalled } from '../../tests/support/persons.ts';

let api: ApiServer;
let device: DeviceId;
let group: GroupId;
const tokens = new Map<string, string>();

const cordon = (who: string, ...args: readonly string[]) =>
  runInProcess(args, { XDG_CONFIG_HOME: '/nowhere', CORDON_SERVER: api.url, CORDON_TOKEN: tokens.get(who) });

beforeAll(async () => {
  api = await startApi();
  group = await addGroup(api.database, 'Karachi', 'PK');
  device = await addDevice(api.database, { group, user: 'Amina Khan' });
  await addDevice(api.database, { group, user: 'Bilal' });
  const everywhere = { group: null, area: null };
  const grants = {
    owner: [],
    legal: [{ role: 'legal' as const, ...everywhere }],
    auditor: [{ role: 'auditor' as const, ...everywhere }],
    fleet: [{ role: 'fleet' as const, ...everywhere }],
    local: [{ role: 'legal' as const, group, area: null }],
  };
  for (const [who, given] of Object.entries(grants)) {
    tokens.set(who, await api.token(await api.account(`${who}@example.org`, given)));
  }
});
afterAll(() => api.close());

it('places, lists and releases a hold, and names the admins', async () => {
  const placed = await cordon(
    'legal',
    'holds',
    'place',
    '--person',
    personCalled('Amina Khan'),
    '--reason',
    'The tender.',
    '--reference',
    '12/2015',
    '--json',
  );
  expect(placed.json()).toMatchObject({
    on: { kind: 'person', user: 'Amina Khan', devices: 1 },
    reason: 'The tender.',
    reference: '12/2015',
    released: null,
  });
  const { id } = placed.json();
  expect((await cordon('auditor', 'holds', 'list')).out).toMatch(
    new RegExp(`${id} .*Amina Khan: 1 device .*12/2015 .*legal@example.org .*The tender`),
  );
  const { devices } = (await cordon('fleet', 'devices', 'list', '--json')).json();
  expect(devices.map((each: { user: string; underLegalHold: boolean }) => [each.user, each.underLegalHold])).toEqual([
    ['Amina Khan', true],
    ['Bilal', false],
  ]);

  const wipe = await cordon('fleet', 'commands', 'send', device, 'wipe-workspace');
  expect([wipe.code, wipe.err]).toEqual([EXIT.conflict, expect.stringMatching(/legal or owner.*\[legal_hold\]/)]);

  const released = await cordon('owner', 'holds', 'release', id, '--reason', 'It is settled.');
  expect(released.out).toContain('is released');
  expect((await cordon('legal', 'holds', 'list', '--released', 'false')).out).toBe('(none)\n');
  expect((await cordon('legal', 'holds', 'list', '--device', device)).out).toMatch(
    /by owner@example.org: It is settled/,
  );
  expect((await cordon('owner', 'holds', 'release', id, '--reason', 'Again.')).code).toBe(EXIT.conflict);
});

it('notes that the person has no device, and holds later devices', async () => {
  const person = await api.database.transaction((tx) => addPerson(tx, 'Aminah', group));
  const { code, out, err } = await cordon('legal', 'holds', 'place', '--person', person, '--reason', 'r');
  expect([code, out]).toEqual([0, expect.stringContaining('Aminah: 0 devices')]);
  expect(err).toContain('has no device yet');
});

it('requires a reason, and either a device or a person', async () => {
  const place = (...args: string[]) => cordon('legal', 'holds', 'place', ...args);
  for (const args of [
    ['--reason', 'r'],
    ['--reason', 'r', '--person', personCalled('Amina Khan'), '--device', device],
    ['--reason', ' ', '--person', personCalled('Amina Khan')],
    ['--reason', 'r'.repeat(2001), '--person', personCalled('Amina Khan')],
    ['--reason', 'r', '--device', 'dev_x'],
  ]) {
    expect([args, (await place(...args)).code]).toEqual([args, EXIT.usage]);
  }
  const nobody = 'dev_aaaaaaaaaaaaaaaa';
  expect((await place('--reason', 'r', '--device', nobody)).code).toBe(EXIT.notFound);
  expect((await place('--reason', 'r', '--person', 'Nobody of this name')).code).toBe(EXIT.notFound);
});

it('lets owners and legal place holds, auditors read them, and other roles see only that a hold exists', async () => {
  const { out } = await cordon('owner', 'holds', 'place', '--device', device, '--reason', 'Secret matter', '--json');
  const { id } = JSON.parse(out);
  for (const who of ['fleet', 'local']) {
    for (const args of [['list'], ['place', '--device', device, '--reason', 'r'], ['release', id, '--reason', 'r']]) {
      expect([who, args, (await cordon(who, 'holds', ...args)).code]).toEqual([who, args, EXIT.forbidden]);
    }
    const shown = await cordon(who, 'devices', 'list', '--json');
    expect(shown.out).toContain('"underLegalHold": true');
    expect(shown.out).not.toContain('Secret matter');
  }
  for (const args of [
    ['place', '--device', device, '--reason', 'r'],
    ['release', id, '--reason', 'r'],
  ]) {
    expect((await cordon('auditor', 'holds', ...args)).code).toBe(EXIT.forbidden);
  }
});
