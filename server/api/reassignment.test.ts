/** Reassignment of many devices over real HTTP and with the command line. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ReassignmentLine } from '../../shared/api/reassignment.ts';
import type { Role } from '../../shared/api/roles.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { csrFor, testAuthority, testEnrollment } from '../../tests/support/enrollment.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { testInventories } from '../../tests/support/inventories.ts';
import { reportOf, testState } from '../../tests/support/inventory-state.ts';
import { addPerson } from '../../tests/support/persons.ts';

const { authority, remove } = testAuthority();
const folder = mkdtempSync(join(tmpdir(), 'cordon-reassign-'));
const mails: { to: { address: string }; text: string }[] = [];
let api: ApiServer;
let [group, other]: GroupId[] = [];
let devices: DeviceId[];
let [bilal, chen]: PersonId[] = [];
let refuseMail = false;
type Who = Record<string, string>;
const who: Partial<Record<Role | 'scoped', Who>> = {};

beforeAll(async () => {
  api = await startApi({
    authority,
    mail: {
      organization: 'Example',
      verificationLink: (token) => token,
      async send(mail) {
        if (refuseMail) throw new (await import('../../shared/errors.ts')).CordonError('mail_failed', 'down');
        mails.push(mail);
      },
    },
  });
  group = await addGroup(api.database, 'Mine');
  other = await addGroup(api.database, 'Theirs');
  for (const role of ['owner', 'fleet', 'helpdesk'] as const) {
    who[role] = (
      await api.signIn(await api.account(`${role}@example.org`, [{ role, group: null, area: null }]))
    ).headers;
  }
  const scoped = await api.account('mine@example.org', [{ role: 'fleet', group, area: null }]);
  who.scoped = (await api.signIn(scoped)).headers;
  [bilal, chen] = await api.database.transaction(async (tx) => [
    await addPerson(tx, 'Bilal', group ?? ''),
    await addPerson(tx, 'Chen', other ?? ''),
  ]);
  const named = { email: 'Bilal@example.org', email_key: 'bilal@example.org', directory_id: 'bahmed' };
  await api.database.db.updateTable('persons').set(named).where('id', '=', bilal!).execute();
});
afterAll(async () => {
  await api.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await api.database.db.deleteFrom('solo_actions').execute();
  devices = [];
  for (let index = 0; index < 3; index += 1) {
    devices.push(await addDevice(api.database, { group: group!, user: `U${index} ${Math.random()}` }));
  }
  mails.length = 0;
  refuseMail = false;
});

const post = (path: string, as: Role | 'scoped', body: object) =>
  api.request('POST', `/api/v1/device-actions/reassign${path}`, who[as], body);
const reasons = (lines: readonly ReassignmentLine[]) => lines.map(({ refusal }) => refusal?.reason ?? 'yes');

it('decides about each line, and finds devices and people by their names', async () => {
  const inventories = await testInventories(api.database);
  await inventories.put(devices[0]!, reportOf(testState('NB-0017')));
  await inventories.put(devices[1]!, reportOf(testState('twin')));
  await inventories.put(devices[2]!, reportOf(testState('TWIN')));
  const foreign = await addDevice(api.database, { group: other!, user: 'Far' });
  await api.request('POST', '/api/v1/legal-holds', who.owner, { device: devices[2], reason: 'Court' });
  const pairs = [
    { device: 'nb-0017', person: 'BILAL@example.org' },
    { device: devices[0], person: 'bahmed' },
    { device: 'twin', person: bilal },
    { device: devices[1], person: 'nobody@example.org' },
    { device: devices[1], person: chen },
    { device: devices[2], person: bilal },
    { device: foreign, person: bilal },
    { device: 'unknown', person: bilal },
  ];
  const { status, json } = await post('/preview', 'owner', { pairs });
  expect([status, json.affected]).toEqual([200, 1]);
  expect(reasons(json.lines)).toEqual([
    ...['yes', 'named-twice', 'ambiguous-device', 'unknown-person', 'named-twice', 'legal-hold'],
    ...['owner-not-in-group', 'not-in-scope'],
  ]);
  expect(json.lines[0]).toMatchObject({ line: 1, device: { id: devices[0] }, owner: { id: bilal, name: 'Bilal' } });
  const scoped = (await post('/preview', 'scoped', { pairs: [pairs[6], { device: devices[0], person: chen }] })).json;
  expect(reasons(scoped.lines)).toEqual(['not-in-scope', 'person-not-in-scope']);
  expect(scoped.lines.map((line: ReassignmentLine) => line.owner?.name)).toEqual(['Bilal', undefined]);
  expect((await post('/preview', 'helpdesk', { pairs })).json.code).toBe('forbidden');
});

it('calls a person outside the scope unknown, if the line has an address or directory id', async () => {
  const hidden = { email: 'chen@example.org', email_key: 'chen@example.org', directory_id: 'chen-1' };
  await api.database.db.updateTable('persons').set(hidden).where('id', '=', chen!).execute();
  const names = ['Chen@example.org', 'chen-1', 'nobody@example.org', 'nobody-1'];
  const pairs = names.map((person, index) => ({ device: devices[index % 3], person }));
  for (const pair of pairs) {
    const { lines } = (await post('/preview', 'scoped', { pairs: [pair] })).json;
    expect([pair.person, ...reasons(lines)]).toEqual([pair.person, 'unknown-person']);
  }
  const { lines } = (await post('/preview', 'owner', { pairs: pairs.slice(0, 1) })).json;
  expect(reasons(lines)).toEqual(['owner-not-in-group']);
});

it('creates a link for each device of a selection, sends it, and gives the device to its new owner', async () => {
  const body = { devices, person: bilal, mail: true };
  expect((await post('', 'fleet', { ...body, expect: 2 })).json.code).toBe('conflict');
  const { status, json } = await post('', 'fleet', { ...body, expect: 3 });
  expect([status, json.codes.length, json.refused]).toEqual([200, 3, []]);
  expect(json.codes.map(({ mailed }: { mailed: string }) => mailed)).toEqual(['sent', 'sent', 'sent']);
  expect(mails[0]?.to.address).toBe('Bilal@example.org');
  expect(mails[0]?.text).toContain(json.codes[0].link);
  const { code } = parseActivationLink(json.codes[0].link);
  const { enrollment } = testEnrollment(api.database, authority);
  await enrollment.redeem({ ...code, csr: csrFor(code.id), address: null });
  const shown = await api.request('GET', `/api/v1/devices/${code.id}`, who.fleet);
  expect(shown.json).toMatchObject({ user: 'Bilal', generation: 2, group: { id: group } });
  const [entry] = (await api.request('GET', `/api/v1/activity?device=${devices[1]}`, who.owner)).json.entries;
  expect(entry).toMatchObject({ action: 'devices.reassign', outcome: 'ok' });
});

it('keeps the links of mails that the mail server refused', async () => {
  refuseMail = true;
  const { json } = await post('', 'fleet', { devices, person: bilal, mail: true, expect: 3 });
  expect(json.codes.map(({ mailed }: { mailed: string }) => mailed)).toEqual(['failed', 'failed', 'failed']);
  expect(json.codes[2].link).toContain(devices[2]);
});

it('needs a second person beyond the limit, who receives the links of exactly these devices', async () => {
  for (let index = 0; index < 7; index += 1) {
    devices.push(await addDevice(api.database, { group: group!, user: `V${index} ${Math.random()}` }));
  }
  const asked = await post('', 'fleet', { devices, person: bilal, expect: 10 });
  expect([asked.status, asked.json.code]).toEqual([409, 'second_person_required']);
  const id = String(asked.json.context.action);
  const shown = (await api.request('GET', `/api/v1/actions/${id}`, who.owner)).json;
  expect(shown.body.pairs).toHaveLength(10);
  const confirmed = await api.request('POST', `/api/v1/actions/${id}/confirm`, who.owner, { hash: shown.hash });
  expect(confirmed.json.result.codes.map(({ device }: { device: string }) => device).sort()).toEqual(
    devices.toSorted(),
  );
});
it('serves the command line, which writes the links into a new file', async () => {
  const account = await api.account(`cli-${Math.random()}@example.org`, [{ role: 'fleet', group: null, area: null }]);
  const env = {
    XDG_CONFIG_HOME: '/nowhere',
    CORDON_SERVER: api.url,
    CORDON_TOKEN: await api.token(account),
  };
  const cordon = (...args: string[]) => runInProcess(['devices', 'reassign-many', ...args], env);
  const list = join(folder, 'pairs.csv');
  writeFileSync(list, `device;person\n${devices[0]};bilal@example.org\n${devices[1]};nobody\n`);
  const preview = await cordon('--pairs', list);
  expect(preview.out).toMatch(/1: .* to Bilal: new activation link\n2: .* refused: There is no person/s);
  const links = join(folder, 'links.csv');
  expect((await cordon('--pairs', list, '--count', '1')).err).toContain('--links FILE');
  expect((await cordon('--pairs', list, '--count', '2', '--links', links)).err).toContain('instead of 2');
  expect(existsSync(links)).toBe(false);
  const done = await cordon('--pairs', list, '--count', '1', '--links', links);
  expect([done.code, done.out.includes('code=')]).toEqual([0, false]);
  expect(readFileSync(links, 'utf8')).toContain(`${devices[0]}`);
});
