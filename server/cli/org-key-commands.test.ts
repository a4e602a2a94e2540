/** `cordon org-key` from the creation of the key to its replacement, on the real API and store. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spkiOf } from '../../certs/certificate.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { type DeviceId, type GroupId, newDeviceId, newPersonId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { newKey, testAuthority } from '../../tests/support/enrollment.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { messagingKey, newSignatureKey } from '../../tests/support/messaging-keys.ts';
import { personCalled } from '../../tests/support/persons.ts';

let api: ApiServer;
let folder: string;
let embassies: GroupId;
let offices: GroupId;
const { authority, remove } = testAuthority();
let kaisToken = '';

function cordon(who: string, args: readonly string[]) {
  return runInProcess(args, {
    XDG_CONFIG_HOME: join(folder, `${who}-home`),
    CORDON_SERVER: api.url,
    CORDON_KEY_PASSPHRASE: `the passphrase of ${who}`,
  });
}
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  api = await startApi({ authority });
  folder = mkdtempSync(join(tmpdir(), 'cordon-org-key-'));
  await api.commandLine(await api.account('owner@example.org', []), join(folder, 'owner-home'));
  const people = [
    ['ada', 'legal'],
    ['ben', 'legal'],
    ['kai', 'fleet'],
    ['hal', 'helpdesk'],
  ] as const;
  for (const [who, role] of people) {
    const account = await api.account(`${who}@example.org`, [{ role, group: null, area: null }]);
    await api.commandLine(account, join(folder, `${who}-home`));
    if (who === 'kai') kaisToken = await api.token(account);
  }
  for (const who of ['ada', 'ben']) {
    await cordon(who, ['key', 'create', file(who)]);
    await cordon(who, ['key', 'register', '--key', file(who)]);
  }
  embassies = await addGroup(api.database, 'embassies');
  offices = await addGroup(api.database, 'offices');
});
afterAll(async () => {
  await api.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Device whose key waits for verification. */
async function submitKey(user: string, group = embassies, mailConnector = false): Promise<DeviceId> {
  const id = await addDevice(api.database, { group, user });
  if (mailConnector)
    await api.database.db.updateTable('devices').set({ mail_connector: 1 }).where('id', '=', id).execute();
  const privateKey = newKey();
  const { der } = authority.issue({ profile: 'device', spki: spkiOf(privateKey), commonName: id });
  const { envelope } = messagingKey(id, signerOf(privateKey), { installation: 'test' });
  await api.membership.submitKey({ device: id, generation: 1, der: der.toString('base64') }, envelope);
  return id;
}

async function adopt(more: readonly string[]) {
  const keys: { keyid: string }[] = (await cordon('owner', ['key', 'list', '--json'])).json();
  const proposed = await cordon('owner', ['approvers', 'propose', ...keys.map(({ keyid }) => keyid), ...more]);
  expect([proposed.code, proposed.err]).toEqual([0, '']);
  const { pending } = (await cordon('owner', ['approvers', 'show', '--json'])).json();
  let shown = '';
  for (const who of ['ada', 'ben']) {
    const signed = await cordon(who, ['approvers', 'sign', String(pending.version), '--key', file(who), '--yes']);
    expect([signed.code, signed.out]).toEqual([0, expect.stringContaining('signed by')]);
    shown = signed.err;
  }
  return { proposed: proposed.out, shown };
}

const certificateOf = (envelope: { readonly payload: string } | undefined) =>
  JSON.parse(Buffer.from(envelope?.payload ?? '', 'base64').toString('utf8'));

const members = async (...names: string[]) => {
  const people = names.map((name) => personCalled(name));
  return (await api.membership.members({ people, devices: [] })).members.length;
};
const waiting = async () =>
  (await cordon('kai', ['org-key', 'waiting', '--json'])).json().map(({ name }: { name: string }) => name);
const countersign = (...more: string[]) => cordon('kai', ['org-key', 'countersign', '--key', file('org'), ...more]);

describe('the organization’s key', () => {
  it('is created in a new file, with its public key in a second file', async () => {
    const { code, out } = await cordon('kai', ['org-key', 'create', file('org')]);
    expect([code, out]).toEqual([0, expect.stringContaining('--organization-key')]);
    expect(statSync(file('org')).mode & 0o777).toBe(0o600);
    expect(readFileSync(file('org'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(readFileSync(file('org.pub'), 'utf8')).toMatch(/^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=\n$/);
    expect((await cordon('kai', ['org-key', 'create', file('org')])).code).toBe(EXIT.conflict);
  });

  it('signs nothing before the approver set names it, and approvers see the new key in words', async () => {
    await adopt([]);
    await submitKey('Amina');
    const early = await countersign('--yes');
    expect([early.code, early.err]).toEqual([EXIT.conflict, expect.stringContaining('--organization-key')]);
    const { shown, proposed } = await adopt(['--organization-key', file('org.pub')]);
    for (const text of [shown, proposed]) expect(text).toMatch(/ATTENTION: devices are verified by key .* a new key/);
    // The next approver set keeps the organization key automatically, and no longer marks it as new.
    const adopted = await adopt([]);
    expect(adopted.shown).toMatch(/devices are verified by key/);
    expect(adopted.shown).not.toContain('ATTENTION');
  });

  it('signs the shown certificates after a confirmation', async () => {
    await submitKey('Ben\u001b[2J', offices);
    expect(await waiting()).toHaveLength(2);
    const table = await cordon('kai', ['org-key', 'waiting']);
    expect(table.out).toContain('Amina');
    expect(table.out).not.toContain('\u001b');
    const blind = await countersign();
    expect([blind.code, blind.err]).toEqual([EXIT.usage, expect.stringContaining('--yes')]);
    expect(blind.err).toContain('Amina');
    expect(await members('Amina')).toBe(0);
    const some = await countersign('--yes', '--group', 'embassies', '--json');
    expect(some.json()).toEqual({ countersigned: 1, refused: [] });
    expect(await members('Amina', 'Ben\u001b[2J')).toBe(1);
    expect((await countersign('--yes', '--most', '5')).out).toMatch(/^1 verified/);
    expect(await waiting()).toEqual([]);
    expect((await countersign('--yes')).out).toContain('No device waits for verification');
  });

  it('shows the person’s other devices and the code’s creator, and serve leaves additional devices to an admin', async () => {
    const cara = { group: embassies, user: 'Cara' };
    const old = await submitKey('Cara');
    await countersign('--yes');
    const scoped = await api.account('scoped@example.org', [{ role: 'helpdesk', group: embassies, area: null }]);
    const fresh = await submitKey('Cara');
    for (const [id, by] of [
      [fresh, scoped.id],
      [old, 'acc_gone'],
    ] as const) {
      await api.database.db
        .insertInto('activation_codes')
        .values({
          id,
          secret_hash: 'h',
          person_id: personCalled(cara.user),
          group_id: embassies,
          created_by: by,
          created_at: 1,
          expires_at: 2,
          used_at: 1,
        })
        .execute();
    }
    const [listed] = (await cordon('kai', ['org-key', 'waiting', '--json'])).json();
    expect(listed).toMatchObject({
      device: fresh,
      others: [{ device: old, verified: true }],
      codeBy: { name: 'scoped@example.org', scoped: true },
    });
    expect((await cordon('kai', ['org-key', 'waiting'])).out).toMatch(
      new RegExp(`${old}, enrolled .*, verified .*scoped@example.org \\(role limited to groups or areas\\)`),
    );

    for (const more of [[], ['--additional']]) {
      const serve = cordon('kai', [
        'org-key',
        'serve',
        '--key',
        file('org'),
        '--most',
        '1',
        '--every',
        '0.05',
        ...more,
      ]);
      const other = `Other ${more.length}`;
      await submitKey(other);
      const { code, err } = await serve;
      expect([code, err]).toEqual([0, expect.stringContaining(`Not signed: ${fresh} is an additional device of Cara`)]);
      expect(await waiting()).toEqual(['Cara']);
    }
    await cordon('owner', ['accounts', 'grant', scoped.id, 'helpdesk']);
    const most = ['--most', '1', '--every', '0.05', '--additional'];
    const { err } = await cordon('kai', ['org-key', 'serve', '--key', file('org'), ...most]);
    expect(err).toContain(`Cara, ${fresh}`);
    expect(await waiting()).toEqual([]);
  });

  it('says that a mail connector will read all mail, and serve never signs one', async () => {
    const connector = await submitKey('Postmaster', embassies, true);
    const serve = cordon('kai', [
      'org-key',
      'serve',
      '--key',
      file('org'),
      '--most',
      '1',
      '--every',
      '0.05',
      '--additional',
    ]);
    await submitKey('Beside the connector');
    const { code, err } = await serve;
    expect([code, err]).toEqual([0, expect.stringContaining(`Not signed: ${connector} is a mail connector`)]);
    expect(await waiting()).toEqual(['Postmaster']);
    const warning = `ATTENTION: ${connector} of Postmaster is a mail connector. This device will read all mail of the company.`;
    expect((await cordon('kai', ['org-key', 'waiting'])).out).toContain(warning);
    const signed = await countersign('--yes');
    expect([signed.code, signed.err]).toEqual([0, expect.stringContaining(warning)]);
    const { members } = await api.membership.members({ people: [personCalled('Postmaster')], devices: [] });
    expect(members.map(({ certificate }) => certificateOf(certificate))).toMatchObject([{ mailConnector: true }]);
    const other = await api.membership.members({ people: [personCalled('Beside the connector')], devices: [] });
    expect(Object.keys(certificateOf(other.members[0]?.certificate))).not.toContain('mailConnector');
  });

  it('is available to the roles owner and fleet only', async () => {
    for (const who of ['hal', 'ada']) {
      expect((await cordon(who, ['org-key', 'waiting'])).code).toBe(EXIT.forbidden);
    }
    expect((await cordon('owner', ['org-key', 'waiting'])).code).toBe(0);
  });

  it('signs automatically up to its limit, then ends', async () => {
    const serve = cordon('kai', [
      'org-key',
      'serve',
      '--key',
      file('org'),
      '--most',
      '2',
      '--group',
      'embassies',
      '--every',
      '0.05',
    ]);
    await submitKey('Outside', offices);
    await submitKey('First');
    await submitKey('Second');
    const { code, out, err } = await serve;
    expect([code, out]).toEqual([0, expect.stringContaining('2 devices are verified. The limit is reached')]);
    expect(err).toContain('First');
    expect(err).not.toContain('Outside');
    expect(await members('First', 'Second', 'Outside')).toBe(2);
    await submitKey('Third');
    expect(await waiting()).toEqual(['Outside', 'Third']);
    expect((await cordon('kai', ['org-key', 'serve', '--key', file('org')])).code).toBe(EXIT.usage);
    for (const most of ['0', '-1', 'x', '1.5']) {
      expect((await cordon('kai', ['org-key', 'serve', '--key', file('org'), '--most', most])).code).toBe(EXIT.usage);
    }
    await countersign('--yes');
  });

  it('is replaced without a loss of conversations', async () => {
    const all = ['Amina', 'First', 'Second', 'Third', 'Outside'];
    const before = await members(...all);
    await cordon('kai', ['org-key', 'create', file('next')]);
    await adopt(['--organization-key', file('org.pub'), file('next.pub')]);
    expect(await members(...all)).toBe(before);
    const again = await cordon('kai', ['org-key', 'countersign', '--key', file('next'), '--again', '--yes', '--json']);
    expect(again.json().countersigned).toBeGreaterThanOrEqual(before);
    const { shown } = await adopt(['--organization-key', file('next.pub')]);
    expect(shown).toMatch(/ATTENTION: devices are no longer verified by key/);
    expect(await members(...all)).toBe(before);
    await submitKey('Last');
    const old = await countersign('--yes');
    expect(old.out).toMatch(/not Last, dev_\w+: .*\[approver_unknown\]/);
    expect(await members('Last')).toBe(0);
    const { shown: none } = await adopt(['--no-organization-key']);
    expect(none).toMatch(/ATTENTION: devices are no longer verified by key/);
    expect(await members(...all)).toBe(0);
  });

  it('is no approver key, and its file names its purpose', async () => {
    const both = ['approvers', 'propose', ...(await keyids()), '--organization-key'];
    writeFileSync(
      file('ada.pub'),
      `${(await cordon('ada', ['key', 'register', '--key', file('ada'), '--json'])).json().publicKey}`,
    );
    for (const [name, code] of [
      ['ada.pub', 'document_malformed'],
      ['missing.pub', 'not_found'],
      ['org', 'invalid_input'],
    ] as const) {
      expect([name, (await cordon('owner', [...both, file(name)])).err]).toEqual([
        name,
        expect.stringContaining(`[${code}]`),
      ]);
    }
  });

  it.each([
    ['says that it refuses each', (): Answer => 'refused', 1],
    ['cannot store any, until it can', (post: number): Answer => (post < 3 ? 'unavailable' : 'stored'), 4],
    ['hangs up, until it answers', (post: number): Answer => (post < 3 ? 'lost' : 'stored'), 4],
  ])('signs no more than its limit for a server that %s', async (_, answer, posts) => {
    const server = await listening(answer);
    const at = ['--key', file('next'), '--most', '2', '--server', server.url];
    const { code, out } = await cordon('kai', ['org-key', 'serve', ...at, '--every', '0.01']);
    expect([code, out]).toEqual([0, expect.stringContaining('The limit is reached')]);
    expect([server.signed.size, server.posts()]).toEqual([2, posts]);
    server.close();
  });

  it('signs no more than requested when the server shows more', async () => {
    const server = await listening(() => 'stored');
    const at = ['--key', file('next'), '--most', '2', '--server', server.url];
    expect((await cordon('kai', ['org-key', 'countersign', ...at, '--yes'])).code).toBe(0);
    expect(server.signed.size).toBe(2);
    server.close();
  });

  it('signs nothing when the server describes a certificate as another one', async () => {
    await adopt(['--organization-key', file('next.pub')]);
    const { keys } = (
      await api.request('GET', '/api/v1/messaging-keys?waiting=true', { authorization: `Bearer ${kaisToken}` })
    ).json;
    let posts = 0;
    const changes = [
      { device: 'dev_aaaaaaaaaaaaaaaa' },
      { generation: 7 },
      { payload: keys[0].payload.replace('"name":"', '"name":"x') },
      { payload: `${keys[0].payload} ` },
    ];
    for (const change of changes) {
      const liar = createServer((request, response) => {
        if (request.method === 'POST') posts++;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ keys: [{ ...keys[0], ...change }], cursor: null }));
      });
      await new Promise<void>((listening) => liar.listen(0, '127.0.0.1', listening));
      const { port } = liar.address() as AddressInfo;
      const args = ['org-key', 'countersign', '--key', file('next'), '--yes', '--server', `http://127.0.0.1:${port}`];
      expect((await cordon('kai', args)).code).toBe(EXIT.unverified);
      liar.closeAllConnections();
      liar.close();
    }
    expect(posts).toBe(0);
  });
});

async function keyids(): Promise<string[]> {
  const keys: { keyid: string }[] = (await cordon('owner', ['key', 'list', '--json'])).json();
  return keys.map(({ keyid }) => keyid);
}

type Answer = 'stored' | 'refused' | 'unavailable' | 'lost';

/** Dishonest server: at each request, it lists one more new certificate than requested, each twice. It stores the signed certificates. */
async function listening(answer: (post: number) => Answer) {
  const signed = new Set<string>();
  let posts = 0;
  const waits = () => {
    const [name, device, generation] = ['Ghost', newDeviceId(), 1];
    const names = { device, generation, person: newPersonId(), name };
    const issuedAt = '2015-07-24T12:00:00.000Z';
    const document = { ...names, installation: 'test', signatureKey: newSignatureKey(), issuedAt };
    const payload = Buffer.from(encodeCanonical(document)).toString();
    const group = { id: embassies, name: 'embassies' };
    const listed = { group, since: 0, countersignedBy: [], others: [], codeBy: null };
    return { ...names, ...listed, digest: sha256(Buffer.from(payload)), payload };
  };
  const server = createServer(async (request, response) => {
    const say = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'GET') {
      const limit = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('limit'));
      const keys = Array.from({ length: limit + 1 }, waits).flatMap((each) => [each, each]);
      return say(200, { keys, cursor: null });
    }
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const digests: string[] = body.countersignatures.map(({ digest }: { digest: string }) => digest);
    for (const digest of digests) signed.add(digest);
    const behavior = answer(posts++);
    if (behavior === 'lost') return request.socket.destroy();
    if (behavior === 'unavailable') return say(503, {});
    const refused = digests.map((digest) => ({ digest, code: 'not_found', detail: 'It is gone.' }));
    return say(
      200,
      behavior === 'stored' ? { countersigned: digests.length, refused: [] } : { countersigned: 0, refused },
    );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, signed, posts: () => posts, close };
}
