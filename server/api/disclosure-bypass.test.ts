/**
 * Attack on the records of people without the desk: an owner's session on every route, metrics, log, the public report, a decrypted backup,
 * and every row of the database. The past connections of two people are planted.
 */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCustody } from '../../certs/custody.ts';
import { openStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { testCustody } from '../../tests/support/custody.ts';
import { type DeskWorld, deskWorld, iso } from '../../tests/support/disclosure-world.ts';
import { RIGHTS } from '../admins/rights.ts';
import { readKeyBackup } from '../person-keys/key-backup.ts';
import { createPersonKeys } from '../person-keys/person-keys.ts';
import { PersonKeyFile } from '../store/person-key-file.ts';
import { PersonRecordStore } from '../store/person-record-store.ts';

const DAY = 86_400_000;
/** Addresses of the past connections. The newest connections have other addresses. */
const CANARIES = ['198.51.100.231', '203.0.113.232'];

let api: ApiServer;
let desk: DeskWorld;
let owner: Record<string, string>;
let identity: string;
const folder = mkdtempSync(join(tmpdir(), 'cordon-bypass-'));

beforeAll(async () => {
  const keys = await temporaryIdentity();
  ({ identity } = keys);
  api = await startApi({ backupRecipient: keys.recipient });
  desk = await deskWorld(api, keys.recipient);
  for (const [index, device] of [desk.device, desk.other].entries()) {
    for (const address of [CANARIES[index] ?? '', '192.0.2.1']) {
      const { epoch } = await api.devices.connected({ device, generation: 1, address, agent: '0.1.0' });
      await api.devices.disconnected({ device, epoch });
    }
  }
  const account = (await api.admins.accounts()).find(({ email }) => email === 'owner@example.org');
  const secret = await api.token({ id: account?.id ?? ('' as never) });
  owner = { authorization: `Bearer ${secret}` };
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const canariesIn = (text: string) => CANARIES.filter((canary) => text.includes(canary));

/** Production of one account through the whole desk, which shows that the planted connections are there. */
async function producedFor(person: string): Promise<string> {
  const { id } = await desk.draft({ person, window: { from: iso(Date.now() - 10 * DAY), to: iso(Date.now()) } });
  await desk.approve(desk.ada, id);
  await desk.approve(desk.ben, id);
  await desk.post(desk.ada, `/disclosures/${id}/produce`, {});
  const response = await fetch(`${api.url}/api/v1/disclosures/${id}/production`, { headers: desk.ada.headers });
  return textOf(Readable.from([Buffer.from(await response.arrayBuffer())]));
}

async function textOf(sealed: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await openStream(sealed, { identity })) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('latin1');
}

it('case 46: no route, metric or log shows an owner a past connection of a user', async () => {
  const leaks: string[] = [];
  let requests = 0;
  for (const { name, method, path } of api.routes) {
    if (name.startsWith('backup.')) continue; // The next test decrypts the backups.
    for (const device of [desk.device, desk.other]) {
      const filled = path
        .replace('/devices/:id', `/devices/${device}`)
        .replace('/people/:id', `/people/${await desk.personOf(device)}`)
        .replace('/commands/:id', `/commands/${newCommandId()}`)
        .replace('/jobs/:id', `/jobs/${newCommandId()}`)
        .replace(':number', '2015-001')
        .replaceAll(/:(version|revision)/g, '1')
        .replaceAll(/:\w+/g, 'x');
      const { text } = await api.request(method.toUpperCase(), filled, owner, method === 'get' ? undefined : {});
      requests += 1;
      if (canariesIn(text).length > 0) leaks.push(name);
    }
  }
  expect(requests).toBeGreaterThan(250);
  expect(leaks).toEqual([]);
  expect(canariesIn(JSON.stringify(api.logged))).toEqual([]);
  const report = await api.disclosures.transparency.report({});
  expect(canariesIn(JSON.stringify(report))).toEqual([]);
  expect(JSON.stringify(report)).not.toContain(desk.person);
});

it('case 46: an owner can neither draft nor preview, approve, produce or download', async () => {
  const { id } = await desk.draft();
  const forbidden = Object.entries(RIGHTS).filter(([name]) => /^(disclosures|authorities)\./.test(name));
  expect(forbidden.length).toBeGreaterThan(15);
  for (const { name, method, path } of api.routes.filter((route) => /^(disclosures|authorities)\./.test(route.name))) {
    const answer = await api.request(
      method.toUpperCase(),
      path.replace(':id', id),
      owner,
      method === 'get' ? undefined : {},
    );
    expect([name, answer.json?.code]).toEqual([name, 'forbidden']);
  }
});

it('case 46: the database and both of its backups show no past connection, except with the keys of people', async () => {
  const { rows: tables } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
    api.database.db,
  );
  for (const { name } of tables) {
    const { rows } = await sql`select * from ${sql.table(name)}`.execute(api.database.db);
    expect([name, canariesIn(JSON.stringify(rows))]).toEqual([name, []]);
  }
  const response = await fetch(`${api.url}/api/v1/backup`, {
    method: 'POST',
    headers: { ...owner, 'content-type': 'application/json' },
    body: '{}',
  });
  const file = join(folder, 'backup.age');
  await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file));
  const backup = await textOf(createReadStream(file));
  expect(backup).toContain('connection_log');
  expect(canariesIn(backup)).toEqual([]);

  // An attacker who has the database and the passphrase, and not the keys of people.
  const withoutKeys = createPersonKeys(new PersonKeyFile(':memory:'), testCustody());
  const range = { from: Date.now() - 10 * DAY, to: Date.now() + DAY };
  for (const device of [desk.device, desk.other]) {
    const person = await desk.personOf(device);
    const lines = await new PersonRecordStore(api.database, withoutKeys).lines(person, ['connection-log'], range);
    expect(lines).toMatchObject([{ fields: { unreadable: 2 } }]);
  }
});

it('case 46: an owner’s backup of the keys of people decrypts nothing without the passphrase of the server', async () => {
  const response = await fetch(`${api.url}/api/v1/backup/person-keys`, {
    method: 'POST',
    headers: { ...owner, 'content-type': 'application/json' },
    body: '{}',
  });
  const { keys } = readKeyBackup(await textOf(Readable.fromWeb(response.body as never)));
  expect(keys.length).toBeGreaterThan(0);
  const stolen = new PersonKeyFile(':memory:');
  stolen.add(keys);
  const guess = openCustody(join(folder, 'guess'), 'another passphrase');
  const range = { from: Date.now() - 10 * DAY, to: Date.now() + DAY };
  const records = new PersonRecordStore(api.database, createPersonKeys(stolen, guess));
  await expect(records.lines(await desk.personOf(desk.other), ['connection-log'], range)).rejects.toMatchObject({
    code: 'unavailable',
  });
});

it('case 46: the desk gives the records of one account at a time', async () => {
  const first = await producedFor(desk.person);
  expect(canariesIn(first)).toEqual([CANARIES[0]]);
  const second = await producedFor(await desk.personOf(desk.other));
  expect(canariesIn(second)).toEqual([CANARIES[1]]);
  const both = { ...(await desk.request()), person: [desk.person, await desk.personOf(desk.other)] };
  expect((await desk.post(desk.clerk, '/disclosures', both)).json.code).toBe('disclosure_subject_list');
});
