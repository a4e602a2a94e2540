/** An order from proposal to withdrawal by four people at their command lines, on the real API, orders and store. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { testAuthority } from '../../tests/support/enrolment.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { addPlacedFleet } from '../../tests/support/placed-fleet.ts';
import { EXIT } from './exit-codes.ts';

let api: ApiServer;
let folder: string;
const { authority, remove } = testAuthority();
const people = ['ada', 'ben', 'cleo', 'dan'];

function cordon(who: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return runInProcess(args, {
    XDG_CONFIG_HOME: join(folder, `${who}-home`),
    CORDON_SERVER: api.url,
    CORDON_KEY_PASSPHRASE: `the passphrase of ${who}`,
    ...env,
  });
}

const keyOf = (who: string) => join(folder, `${who}.pem`);
const approve = (who: string, order: string, revision: number, ...more: string[]) =>
  cordon(who, ['orders', 'approve', order, String(revision), '--key', keyOf(who), '--yes', '--json', ...more]);

beforeAll(async () => {
  api = await startApi({ authority });
  folder = mkdtempSync(join(tmpdir(), 'cordon-orders-'));
  const owner = await api.account('owner@example.org', []);
  await api.commandLine(owner, join(folder, 'owner-home'));
  for (const who of people) {
    const account = await api.account(`${who}@example.org`, [{ role: 'legal', group: null, area: null }]);
    await api.commandLine(account, join(folder, `${who}-home`));
    await cordon(who, ['key', 'create', keyOf(who)]);
  }
});
afterAll(async () => {
  await api.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

it('adopts a root of approvers by the signatures of two of them, shown before they are made', async () => {
  const early = await cordon('ada', ['orders', 'hold', '2015-001']);
  expect(early.code).toBe(EXIT.notFound);
  const keyids: string[] = [];
  for (const who of people)
    keyids.push((await cordon(who, ['key', 'register', '--key', keyOf(who), '--json'])).json().keyid);
  const root = (await cordon('owner', ['approvers', 'propose', ...keyids, '--json'])).json();
  expect(root.state).toBe('waiting');
  const blind = await cordon('ada', ['approvers', 'sign', '1', '--key', keyOf('ada')]);
  expect([blind.code, blind.err]).toEqual([EXIT.usage, expect.stringContaining('--digest or --yes')]);
  const other = await cordon('ada', ['approvers', 'sign', '1', '--key', keyOf('ada'), '--digest', 'f'.repeat(64)]);
  expect([other.code, other.err]).toEqual([EXIT.unverified, expect.stringContaining('another text')]);
  for (const who of ['ada', 'ben']) {
    const signed = await cordon(who, ['approvers', 'sign', '1', '--key', keyOf(who), '--digest', root.digest]);
    expect([signed.code, signed.err]).toEqual([0, expect.stringContaining(root.digest)]);
  }
  const { current, uncovered } = (await cordon('cleo', ['approvers', 'show', '--json'])).json();
  expect([current.version, uncovered]).toEqual([1, []]);
  const ada = (await cordon('cleo', ['key', 'list', '--json']))
    .json()
    .find(({ keyid }: { keyid: string }) => keyid === keyids[0]);
  const shown = await cordon('cleo', ['approvers', 'show']);
  expect(shown.out).toContain(`  ${ada.person} = ${ada.name} (as the server says)`);
});

it('proposes from flags, is approved by two who are not the proposer, is held by one and withdrawn by two', async () => {
  const terms = {
    title: 'Pakistan, from the file',
    areas: ['PK'],
    services: ['messaging', 'mail'],
    nexus: ['present'],
    unknown: 'allow',
    contested: 'allow',
    travellers: 'allow',
    authority: 'The authority',
    addressee: 'The operator',
    instrument: 'Letter 1',
    statement: { en: 'Service ends.' },
    effective: '2099-11-30T23:59',
    zone: 'Asia/Karachi',
  };
  const file = join(folder, 'terms.json');
  writeFileSync(file, JSON.stringify(terms));
  const proposed = await cordon('ada', [
    'orders',
    'propose',
    '--file',
    file,
    '--title',
    'Pakistan',
    '--waiting',
    'return',
    ...['--received-on', '2015-07-22', '--answer-by', '2099-08-01T12:00', '--provenance', 'confirmed'],
    ...['--notice', 'ur=سروس ختم', 'en=Service ends.', '--notice-plan', 'P7D', 'entry', '--withheld-by', 'section 5'],
    '--json',
  ]);
  expect([proposed.code, proposed.err]).toEqual([0, '']);
  const { order, digest, payload } = proposed.json();
  expect(JSON.parse(payload).terms).toMatchObject({
    ...{ title: 'Pakistan', effective: '2099-11-30T18:59:00.000Z', waiting: 'return', provenance: 'confirmed' },
    ...{ receivedOn: '2015-07-22', answerBy: '2099-08-01T07:00:00.000Z', publication: { law: 'section 5' } },
    ...{ notice: { ur: 'سروس ختم', en: 'Service ends.' }, noticePlan: ['P7D', 'entry'] },
  });
  const letter = join(folder, 'letter.pdf');
  writeFileSync(letter, 'the letter');
  const papers = [
    '--document',
    `The letter=${letter}`,
    '--considered',
    'Whether to appeal.',
    '--considered-by',
    'counsel',
  ];
  const kept = await cordon('ada', ['orders', 'propose', '--file', file, ...papers, '--json']);
  expect([kept.code, kept.err]).toEqual([0, '']);
  const [named] = JSON.parse(kept.json().payload).terms.documents;
  expect(named).toMatchObject({ title: 'The letter', mediaType: 'application/pdf', bytes: 10 });
  const copy = join(folder, 'copy.pdf');
  const fetched = await cordon('ben', ['orders', 'document', kept.json().order, named.sha256, copy]);
  expect([fetched.code, fetched.err, readFileSync(copy, 'utf8')]).toEqual([0, '', 'the letter']);
  expect((await cordon('ben', ['orders', 'document', kept.json().order, 'a'.repeat(64), `${copy}2`])).code).toBe(
    EXIT.notFound,
  );
  const why = await cordon('ben', ['orders', 'decision', kept.json().order, '1']);
  expect(why.out).toMatch(/considered +Whether to appeal\.\nby +counsel\ncommitment +[0-9a-f]{64}\n/);

  const both = ['--publish-at', '2099-09-01T00:00', '--withheld-by', 'section 5'];
  const twice = await cordon('ada', ['orders', 'propose', '--file', file, ...both]);
  expect([twice.code, twice.err]).toEqual([EXIT.usage, expect.stringContaining('not both')]);

  expect((await approve('ada', order, 1)).err).toContain('"same_person"');
  const first = await approve('ben', order, 1, '--digest', digest);
  expect([first.code, first.json().adopted, first.json().code]).toEqual([0, false, 'second_approver_required']);
  expect((await approve('ben', order, 1)).json().adopted).toBe(false);
  const borrowed = await cordon('cleo', ['orders', 'approve', order, '1', '--key', keyOf('dan'), '--yes'], {
    CORDON_KEY_PASSPHRASE: 'the passphrase of dan',
  });
  expect(borrowed.code).toBe(EXIT.forbidden);
  expect((await approve('cleo', order, 1)).json().adopted).toBe(true);
  expect((await cordon('dan', ['orders', 'list'])).out).toContain('active');

  const held = (await cordon('ben', ['orders', 'hold', order, '--json'])).json();
  expect((await approve('ben', order, held.revision)).json().adopted).toBe(true);
  const ended = (await cordon('ada', ['orders', 'withdraw', order, '--json'])).json();
  await approve('ben', order, ended.revision);
  expect((await approve('cleo', order, ended.revision)).json().adopted).toBe(true);
  const shown = (await cordon('dan', ['orders', 'show', order, '--json'])).json();
  expect([shown.status, shown.revisions.length]).toEqual(['withdrawn', 3]);
  // Whoever reads an order learns who is behind it, and of nobody else.
  expect(Object.values(shown.people).toSorted()).toEqual(['ada', 'ben', 'cleo'].map((name) => `${name}@example.org`));
  expect((await cordon('ada', ['orders', 'release', order])).code).toBe(EXIT.conflict);
  const text = (await cordon('dan', ['orders', 'show', order, '1'])).out;
  for (const words of ['PK (Pakistan)', 'are returned to whoever sent them']) expect(text).toContain(words);
});

it('case 30, case 34: areas, services and times that do not exist are refused in their own words', async () => {
  const propose = (more: string[]) =>
    cordon('ada', ['orders', 'propose', '--file', join(folder, 'terms.json'), ...more]);
  for (const [flags, code] of [
    [['--areas', '*'], 'unknown_area'],
    [['--areas', 'pk'], 'unknown_area'],
    [['--areas', 'ΡΚ'], 'unknown_area'],
    [['--areas', 'AN'], 'unknown_area'],
    [['--services', 'telepathy'], 'unknown_service'],
    [['--waiting', 'burn'], 'invalid_input'],
    [['--effective', '2015-11-30T23:59'], 'effective_in_past'],
    [['--until', '2098-01-01T00:00'], 'until_before_effective'],
    [['--effective', 'tomorrow'], 'invalid_input'],
  ] as const) {
    const { code: exit, err } = await propose([...flags]);
    expect([flags, exit, err]).toEqual([flags, EXIT.usage, expect.stringContaining(`[${code}]`)]);
  }
  expect((await cordon('ada', ['orders', 'list', '--json'])).json()).toHaveLength(2);
});

it('makes a code that a helpdesk of another group cannot make, see or cancel', async () => {
  const [mine, theirs] = [await groupOf('Mine'), await groupOf('Theirs')];
  const desk = await api.account('desk@example.org', []);
  await api.commandLine(desk, join(folder, 'desk-home'));
  await cordon('owner', ['accounts', 'grant', desk.id, 'helpdesk', '--group', mine]);
  const made = (await cordon('owner', ['codes', 'create', '--user', 'Zoe', '--group', theirs, '--json'])).json();
  expect(made.link).toMatch(/^cordon:enrol\?.*ca=[0-9a-f]{64}/);
  const twice = await cordon('owner', ['codes', 'create', '--user', ' ZOE', '--group', theirs]);
  expect([twice.code, twice.err]).toEqual([
    EXIT.conflict,
    expect.stringMatching(/named {2}ZOE already: per_.*--person ID/),
  ]);
  const [zoe] = (await cordon('owner', ['people', 'list', '--text', 'zoe', '--json'])).json().people;
  const shown = await cordon('owner', ['codes', 'create', '--person', zoe.id, '--group', theirs]);
  expect(shown.out).toMatch(/█[\s\S]*cordon:enrol/);
  expect((await cordon('desk', ['codes', 'create', '--user', 'Zoe', '--group', theirs])).err).toContain(
    '[out_of_scope]',
  );
  const forZoe = await cordon('desk', ['codes', 'create', '--person', zoe.id, '--group', mine]);
  expect(forZoe.err).toContain('[out_of_scope]');
  expect((await cordon('desk', ['codes', 'cancel', made.id])).err).toContain('[out_of_scope]');
  expect((await cordon('desk', ['codes', 'create', '--user', 'Zara', '--group', mine])).code).toBe(0);
  const seen = (await cordon('desk', ['codes', 'list', '--json'])).json();
  expect(seen.map(({ user }: { user: string }) => user)).toEqual(['Zara']);
  expect(JSON.stringify(seen)).not.toContain('secret');
  expect((await cordon('owner', ['codes', 'cancel', made.id])).code).toBe(0);
});

async function groupOf(name: string): Promise<string> {
  return (await cordon('owner', ['groups', 'add', name])).out.trim();
}

it('an approver whom the server shows other bytes than it asks for signs nothing', async () => {
  const { payload, ...rest } = (await cordon('ben', ['orders', 'show', await someOrder(), '1', '--json'])).json();
  let approvals = 0;
  const liar: Server = createServer((request, response) => {
    if (request.method === 'POST') approvals++;
    const forged = JSON.stringify({ ...rest, payload: payload.replace('"revision":1', '"revision":7') });
    response.setHeader('content-type', 'application/json').end(forged);
  });
  await new Promise<void>((listening) => liar.listen(0, '127.0.0.1', listening));
  const { port } = liar.address() as AddressInfo;
  const args = [
    '--server',
    `http://127.0.0.1:${port}`,
    'orders',
    'approve',
    rest.order,
    '1',
    '--key',
    keyOf('ben'),
    '--yes',
  ];
  const { code, err } = await cordon('ben', args);
  liar.closeAllConnections();
  liar.close();
  expect([code, approvals, err]).toEqual([EXIT.unverified, 0, expect.stringContaining('do not sign')]);
});

it('names an order whose approvers have left the root, until somebody approves it again', async () => {
  const proposed = (await cordon('ada', ['orders', 'list', '--json'])).json();
  expect(proposed.length).toBeGreaterThan(0);
  const keyid = async (who: string) =>
    (await cordon(who, ['key', 'register', '--key', keyOf(who), '--json'])).json().keyid as string;
  const kept = await Promise.all(['ada', 'dan'].map(keyid));
  const root = (await cordon('owner', ['approvers', 'propose', ...kept, '--json'])).json();
  for (const who of ['ada', 'ben', 'dan']) {
    await cordon(who, ['approvers', 'sign', String(root.version), '--key', keyOf(who), '--digest', root.digest]);
  }
  const { current, uncovered } = (await cordon('ada', ['approvers', 'show', '--json'])).json();
  expect(current.version).toBe(root.version);
  expect(uncovered.length).toBeGreaterThan(0);
  expect((await cordon('ada', ['approvers', 'show'])).out).toContain(`order ${uncovered[0]}: its approvers left`);
});

async function someOrder(): Promise<string> {
  return (await cordon('ada', ['orders', 'list', '--json'])).json()[0].number;
}

it('rehearses a draft, a revision and the difference, and puts handles and names into files of their own', async () => {
  const group = await addGroup(api.database, 'All');
  const now = Date.now();
  const seen = (area: string) => [{ source: 'address', areas: [area], at: now - 1000, connected: true } as const];
  const presence = { connected: true, listVersion: 1 };
  const [first, second] = await addPlacedFleet(api.database, group, now, [
    { user: 'Ayesha', home: 'PK', presence, seen: seen('PK') },
    { user: '=1+1', home: 'AE', presence, seen: seen('AE') },
  ]);
  if (!first || !second) throw new Error('no devices');
  const flags = [
    ...['--title', 'Rehearsed', '--areas', 'PK', '--services', 'messaging', '--nexus', 'present', '--unknown', 'allow'],
    ...['--contested', 'allow', '--travellers', 'allow', '--authority', 'A', '--addressee', 'B', '--instrument', 'C'],
    ...['--statement', 'en=Service ends.', '--effective', '2099-11-30T12:00:00Z'],
  ];
  const wrong = await cordon('ada', ['orders', 'rehearse', ...flags, '--areas', 'pk']);
  expect(wrong.out).toMatch(/would be refused: areas.1: .*pk/);
  const draft = await cordon('ada', ['orders', 'rehearse', ...flags]);
  expect([draft.code, draft.err]).toEqual([0, '']);
  expect(draft.out).toMatch(/The draft, for 2099-11-30T12:00:00.000Z, of 2 devices/);
  expect(draft.out).toMatch(/denied +1\n/);
  expect(draft.out).toMatch(/WARNING The order denies service to 50 % of the fleet/);
  const { order } = (await cordon('ada', ['orders', 'propose', ...flags, '--json'])).json();
  await cordon('ada', ['orders', 'revise', order, '--areas', 'PK', 'AE']);

  const both = await cordon('ben', ['orders', 'rehearse', order, '--against', '1']);
  expect([both.code, both.err]).toEqual([0, '']);
  expect(both.out).toContain('against revision 1: in 1, out 0, changed 0');
  expect(both.out).toMatch(/PK +1 +1\n/);
  const one = (await cordon('ben', ['orders', 'rehearse', order, '--revision', '1', '--json'])).json();
  expect(one).toMatchObject({ revision: 1, changes: null, counts: { denied: 1, uninformed: 1 }, total: 1 });
  expect(one.warnings).toHaveLength(1);

  const file = join(folder, 'rehearsal.csv');
  const saved = await cordon('ben', ['orders', 'rehearse', order, '--against', '1', '--change', 'in', '--csv', file]);
  expect([saved.code, saved.err]).toEqual([0, '']);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual([second]);
  expect((await cordon('ben', ['orders', 'rehearse', order, '--csv', file])).code).toBe(EXIT.conflict);
  for (const args of [
    [order, ...flags],
    [...flags, '--against', '1'],
    [...flags, '--csv', join(folder, 'other.csv')],
  ]) {
    expect((await cordon('ben', ['orders', 'rehearse', ...args])).code).toBe(EXIT.usage);
  }

  const key = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
  const out = join(folder, 'names.age');
  const named = ['orders', 'names', order, '--to', 'Counsel', '--out', out, '--recipient'];
  expect((await cordon('ben', [...named, key.slice(0, -1)])).code).toBe(EXIT.usage);
  const sealed = await cordon('ben', [...named, key]);
  expect([sealed.code, sealed.err]).toEqual([0, '']);
  expect(readFileSync(out, 'latin1')).toMatch(/^age-encryption.org\/v1\n/);
  expect(readFileSync(out, 'latin1')).not.toContain('Ayesha');
});

it('exempts devices until a time and says why, and tells of each by whose word it is', async () => {
  const home = { home: 'PK', presence: { connected: true, listVersion: 1 } };
  const [mission, clinic] = await addPlacedFleet(api.database, await addGroup(api.database, 'spared'), Date.now(), [
    home,
    home,
  ]);
  const terms = ['--file', join(folder, 'terms.json'), '--exempt-until', '2100-01-31T00:00'];
  const nobody = await cordon('ben', ['orders', 'propose', ...terms]);
  expect([nobody.code, nobody.err]).toEqual([EXIT.usage, expect.stringContaining('--exempt DEVICE')]);
  const early = await cordon('ben', ['orders', 'propose', ...terms.with(-1, '2099-01-01T00:00'), '--exempt', mission!]);
  expect([early.code, early.err]).toEqual([EXIT.usage, expect.stringContaining('before the order takes effect')]);
  const exempt = ['--exempt', mission!, clinic!, '--exempt-reason', 'A note, in confidence.'];
  const proposed = await cordon('ben', ['orders', 'propose', ...terms, ...exempt]);
  expect([proposed.code, proposed.err]).toEqual([0, '']);
  expect(proposed.out).toContain('2 devices until 2100-01-30T19:00:00.000Z = 2100-01-31T00:00:00+05:00[Asia/Karachi]');
  expect(proposed.out).not.toContain('in confidence');
  const number = /orders approve (\S+) 1 /.exec(proposed.out)?.[1] ?? '';
  for (const who of ['ada', 'dan']) await approve(who, number, 1);
  const told = await cordon('cleo', ['orders', 'exemptions', number]);
  expect(told.code).toBe(0);
  const row = new RegExp(
    `${mission} +2100-01-30T19:00:00\\.000Z +A note, in confidence\\. +1 +ben@example\\.org +(ada|dan)@example\\.org, (ada|dan)@`,
  );
  expect(told.out).toMatch(row);
  const { exemptions } = (await cordon('cleo', ['orders', 'exemptions', number, '1', '--json'])).json();
  expect(exemptions).toHaveLength(2);
  expect((await cordon('cleo', ['orders', 'exemptions', number, '9'])).code).toBe(EXIT.notFound);
});
