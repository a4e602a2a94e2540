/** Impact of an order over real HTTP: the check of a draft, affected devices, warnings and rollout. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exemptionList } from '../../shared/api/affected-devices.ts';
import { uploadedDocument } from '../../shared/api/order-documents.ts';
import { impactView } from '../../shared/api/order-impact.ts';
import { orderPreview, orderWarnings } from '../../shared/api/order-preview.ts';
import { orderRollout } from '../../shared/api/order-rollout.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { type OrderArea, parseScopeArea } from '../../shared/areas/area-code.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { NO_DEVICES } from '../../shared/order/rollout.ts';
import { type DeviceId, newDeviceId, newPackId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { addLocatedFleet, addReceipts } from '../../tests/support/located-fleet.ts';
import {
  type Approver,
  adoptApproverSet,
  Caller,
  firstOwner,
  inviteApprover,
  type Person,
} from '../../tests/support/people.ts';
import { runProgram } from '../../tests/support/run-program.ts';
import { tool } from '../../tests/support/tools.ts';

const age = tool('age', 'apt-get install age');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TERMS = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['present'],
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travelers: 'allow',
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'directive',
  statement: { en: 'Service ends.' },
  effective: new Date(Date.now() + 30 * DAY).toISOString(),
};

let api: ApiServer;
let owner: Person;
let ada: Approver;
let ben: Approver;
let devices: DeviceId[];

beforeAll(async () => {
  api = await startApi();
  owner = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '');
  [ada, ben] = [await inviteApprover(api.url, owner, 'Ada'), await inviteApprover(api.url, owner, 'Ben')];
  await adoptApproverSet(owner, [ada, ben]);
  const now = Date.now();
  const seen = (area: string) => [{ source: 'address', areas: [area], at: now - HOUR, connected: true } as const];
  const presence = { connected: true, listVersion: 1 };
  const residents = Array.from({ length: 5 }, (_, index) => ({
    user: index === 0 ? 'ada@EXAMPLE.org' : `Secret Name ${index}`,
    home: 'PK',
    presence,
    seen: seen('PK'),
  }));
  const others = Array.from({ length: 15 }, () => ({ user: 'Secret Other', home: 'IN', presence, seen: seen('IN') }));
  devices = await addLocatedFleet(api.database, await addGroup(api.database, 'All'), now, [...residents, ...others]);
});
afterAll(() => api.close());

async function limitedTo(role: 'legal' | 'fleet', area: OrderArea): Promise<Caller> {
  const who = await api.account(`${role}-${area}-${Math.random()}@example.org`, [{ role, group: null, area }]);
  return new Caller(api.url, { authorization: `Bearer ${await api.token(who)}` });
}
async function adopt({
  order,
  revision,
  payload,
}: {
  order: string;
  revision: number;
  payload: string;
}): Promise<void> {
  for (const { api: caller, key } of [ada, ben]) {
    const signature = approveRevision(key, payload);
    await caller.raw('POST', `/orders/${order}/revisions/${revision}/approvals`, { keyid: key.keyid, signature });
  }
}
const fetched = (method: string, path: string, body?: object) =>
  fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${owner.token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
const preview = (caller: Caller, draft: object) => caller.call('POST', '/orders/preview', orderPreview, draft);
const problems = async (caller: Caller, draft: object) =>
  (await preview(caller, draft)).problems.map(({ field, code }) => `${field}: ${code}`);
const stored = async () => [
  await api.orders.adoption.list(),
  await api.database.db.selectFrom('ledger_entries').selectAll().execute(),
];

describe('draft of an order', () => {
  it('is checked field by field, and stored nowhere', async () => {
    const before = await stored();
    const empty = await preview(owner.api, {});
    expect(empty.problems.map(({ field }) => field).sort()).toEqual([
      'addressee',
      'areas',
      'authority',
      'contested',
      'effective',
      'instrument',
      'nexus',
      'services',
      'statement',
      'title',
      'travelers',
      'unknown',
    ]);
    expect(empty).toMatchObject({ effective: null, until: null, warnings: [], impact: null });
    const typing = {
      ...TERMS,
      title: '',
      areas: ['PK', 'p'],
      effective: '2040-01-01T',
      until: '',
      statement: { en: '' },
    };
    expect(await problems(owner.api, typing)).toEqual([
      'areas.1: unknown_area',
      'effective: invalid_input',
      'title: invalid_input',
      'until: invalid_input',
      'statement.en: invalid_input',
    ]);
    expect(await stored()).toEqual(before);
  });

  it('explains an ambiguous time and the accepted forms of a time', async () => {
    const draft = { ...TERMS, zone: 'Europe/Berlin', effective: '2040-10-28T02:30', until: '2041-01-01T00:00' };
    const { problems: found, until } = await preview(owner.api, draft);
    expect(found).toMatchObject([
      {
        field: 'effective',
        code: 'ambiguous_local_time',
        suggestions: ['2040-10-28T02:30:00+02:00', '2040-10-28T02:30:00+01:00'],
      },
    ]);
    expect(until).toBe(Date.parse('2040-12-31T23:00:00Z'));
  });

  it('shows the earliest effective time, the affected devices and the warnings', async () => {
    const { problems: none, effective, impact, warnings } = await preview(owner.api, TERMS);
    expect([none, effective]).toEqual([[], Date.parse(TERMS.effective)]);
    expect(impact).toMatchObject({ at: effective, fleet: 20, counts: { denied: 5, traveling: 0 } });
    expect(warnings.map(({ code, devices: count }) => [code, count])).toEqual([
      ['affects_approver', 1],
      ['large_share', 5],
    ]);
    await owner.api.call('POST', '/orders', revisionView, TERMS);
  });

  it('of a later revision shows its changes and keeps the other terms', async () => {
    const { order } = await owner.api.call('POST', '/orders', revisionView, TERMS);
    const { impact } = await preview(owner.api, { order, action: 'revise', areas: ['IN'] });
    expect(impact?.counts.denied).toBe(15);
    expect(await problems(owner.api, { order, action: 'resume' })).toEqual(['action: action_not_allowed']);
    expect(await problems(owner.api, { order: '20', action: 'revise' })).toEqual(['order: not_found']);
  });

  it('is refused as a whole only if it is no draft', async () => {
    for (const wrong of [{ color: 'red' }, { action: 'destroy' }, { areas: 'PK' }, { title: 7 }]) {
      const { status, json } = await api.request(
        'POST',
        '/api/v1/orders/preview',
        { authorization: `Bearer ${owner.token}` },
        wrong,
      );
      expect([status, json.code]).toEqual([400, 'invalid_input']);
    }
  });

  it('case 50: shows an admin of one area nothing about other areas', async () => {
    const legal = await limitedTo('legal', parseScopeArea('PK'));
    expect(await problems(legal, TERMS)).toEqual([]);
    const beyond = await preview(legal, { ...TERMS, areas: ['PK', 'IN'] });
    expect(beyond.problems).toMatchObject([{ field: 'areas.1', code: 'out_of_scope' }]);
    expect([beyond.impact, beyond.warnings]).toEqual([null, []]);
    const { order } = await owner.api.call('POST', '/orders', revisionView, { ...TERMS, areas: ['IN'] });
    const own = await preview(legal, { order, action: 'revise', areas: ['PK'] });
    expect([own.problems.map(({ code }) => code), own.impact]).toEqual([['out_of_scope'], null]);
    const fleet = await limitedTo('fleet', parseScopeArea('PK'));
    await expect(preview(fleet, TERMS)).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('affected devices', () => {
  it('are listed by handle, page by page, and never by name', async () => {
    const { order } = await owner.api.call('POST', '/orders', revisionView, TERMS);
    const path = `/orders/${order}/impact`;
    const { json } = await owner.api.raw('GET', `${path}?at=now&limit=3`);
    expect(JSON.stringify(json)).not.toMatch(/Secret|ada@/i);
    const first = impactView.parse(json);
    expect(first).toMatchObject({ revision: 1, fleet: 20, total: 5, counts: { denied: 5, offline_behind: 0 } });
    const rest = await owner.api.call('GET', `${path}?at=now&limit=3&offset=3`, impactView);
    const all = [...first.devices, ...rest.devices];
    expect(all.map(({ device }) => device).sort()).toEqual(devices.slice(0, 5).sort());
    expect(all[0]).toEqual({
      device: expect.any(String),
      classes: ['denied', 'undelivered'],
      denied: ['messaging'],
      reasons: ['present'],
      areas: ['PK'],
      exemptUntil: null,
      home: 'PK',
      connected: true,
      waits: { messages: 0, bytes: 0, commands: 0 },
      change: null,
    });
    const none = await owner.api.call('GET', `${path}?class=traveling`, impactView);
    expect([none.total, none.devices, none.at]).toEqual([0, [], Date.parse(TERMS.effective)]);
    const { devices: counted, total } = await owner.api.call('GET', `${path}?limit=0`, impactView);
    expect([counted, total]).toEqual([[], 5]);
    await expect(owner.api.raw('GET', `${path}?class=nobody`)).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(owner.api.raw('GET', `${path}?revision=2`)).rejects.toMatchObject({ code: 'not_found' });
    await expect(owner.api.raw('GET', '/orders/2001-001/impact')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('include the exempt devices with end, reason, proposer and approvers', async () => {
    const exempt = [{ device: devices[0], until: '2099-01-01T00:00:00Z', reason: 'A mission.' }];
    const { order } = await owner.api.call('POST', '/orders', revisionView, { ...TERMS, exempt });
    const exemptions = await owner.api.call('GET', `/orders/${order}/revisions/1/exemptions`, exemptionList);
    const [one] = exemptions.exemptions;
    expect(one).toEqual({
      device: devices[0],
      until: Date.parse('2099-01-01T00:00:00Z'),
      reason: 'A mission.',
      decidedIn: 1,
      proposedBy: one?.proposedBy,
      approvedBy: [],
    });
    expect(exemptions.people).toEqual({ [one?.proposedBy ?? '']: 'Owner' });
    const { devices: listed } = await owner.api.call('GET', `/orders/${order}/impact?class=exempt`, impactView);
    expect(listed).toMatchObject([{ device: devices[0], exemptUntil: one?.until, denied: [] }]);
    const csv = await (await fetched('GET', `/orders/${order}/impact.csv?class=exempt`)).text();
    expect(csv).toContain(',2099-01-01T00:00:00.000Z,');
    await expect(owner.api.raw('GET', `/orders/${order}/revisions/2/exemptions`)).rejects.toMatchObject({
      code: 'not_found',
    });
    const long = [{ device: devices[0], reason: 'x'.repeat(2001) }];
    await expect(owner.api.raw('POST', '/orders', { ...TERMS, exempt: long })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });

  it('are available as a complete CSV file by handle', async () => {
    const { order } = await owner.api.call('POST', '/orders', revisionView, TERMS);
    await owner.api.raw('POST', `/orders/${order}/revisions`, { action: 'revise', areas: ['PK', 'IN'] });
    const got = await fetched('GET', `/orders/${order}/impact.csv?revision=2&baseline=1&at=now`);
    expect(got.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(got.headers.get('content-disposition')).toBe(`attachment; filename="${order}-2-rehearsal.csv"`);
    const text = await got.text();
    expect(text).not.toMatch(/Secret|ada@/i);
    const [head, ...rows] = text.trimEnd().split('\r\n');
    expect(head).toMatch(
      /^handle,denied,reasons,areas,exempt until,home,connected,messages,bytes,commands,class denied,.*,change,/,
    );
    expect(rows.map((row) => row.split(',')[0]).sort()).toEqual([...devices].sort());
    expect(rows.filter((row) => row.includes(',newly_affected,'))).toHaveLength(15);
    for (const row of rows) expect(row.split(',')).toHaveLength(head?.split(',').length ?? 0);
    const some = await (await fetched('GET', `/orders/${order}/impact.csv?revision=2&area=PK`)).text();
    expect(some.trimEnd().split('\r\n')).toHaveLength(1 + 5);
    expect(some).not.toMatch(/change/);
    const none = await (await fetched('GET', `/orders/${order}/impact.csv?class=traveling`)).text();
    expect(none.trimEnd().split('\r\n')).toEqual([some.split('\r\n')[0]]);
  });

  it.skipIf(!age.present)(
    'are available by name in a file that one recipient can decrypt, with a ledger entry',
    async () => {
      const { order } = await owner.api.call('POST', '/orders', revisionView, TERMS);
      const folder = mkdtempSync(join(tmpdir(), 'cordon-names-'));
      try {
        const identity = join(folder, 'identity');
        await runProgram('age-keygen', ['-o', identity]);
        const key = (await runProgram('age-keygen', ['-y', identity])).out.trim();
        const formula = '=HYPERLINK("https://evil.example","pay")';
        await api.database.db
          .updateTable('devices')
          .set({ person_name: formula })
          .where('id', '=', devices[1] ?? '')
          .execute();
        const body = { at: 'now', recipient: { name: 'General counsel', key } };
        const path = `/orders/${order}/impact/names`;
        const got = await fetched('POST', path, body);
        expect(got.headers.get('content-disposition')).toBe(`attachment; filename="${order}-1-names.csv.age"`);
        const sealed = Buffer.from(await got.arrayBuffer());
        expect(sealed.toString('latin1')).not.toMatch(/Secret|HYPERLINK/);
        const sealedFile = join(folder, 'names.csv.age');
        writeFileSync(sealedFile, sealed);
        const { out } = await runProgram('age', ['-d', '-i', identity, sealedFile]);
        const [head, ...rows] = out
          .replace(/^\ufeff/, '')
          .trimEnd()
          .split('\r\n');
        expect(head).toBe('handle,device,name');
        expect(rows).toHaveLength(5);
        const named = new Map(rows.map((row) => [row.split(',')[0], row.split(',').slice(2).join(',')]));
        expect(named.get(devices[0])).toBe('ada@EXAMPLE.org');
        // Case 51: the cell contains a person's name and no formula.
        expect(named.get(devices[1])).toBe(`"'${formula.replaceAll('"', '""')}"`);

        const entries = await api.database.db
          .selectFrom('ledger_entries')
          .innerJoin('ledger_openings', 'ledger_openings.entry_id', 'ledger_entries.id')
          .select(['body', 'ledger_openings.subject'])
          .where('kind', '=', 'names.sealed')
          .execute();
        expect(entries).toHaveLength(1);
        expect(JSON.parse(entries[0]?.body ?? '')).toMatchObject({
          public: { order, revision: 1, of: 'rehearsal', devices: 5, digest: sha256(sealed) },
        });
        expect(entries[0]?.body).not.toMatch(/counsel|age1/);
        expect(entries[0]?.subject).toMatch(new RegExp(`^acc_\\w+ for ${key} General counsel$`));

        for (const recipient of [
          { name: 'x', key: readFileSync(identity, 'utf8').slice(-80) },
          { name: ' ', key },
        ]) {
          const refused = await fetched('POST', path, { ...body, recipient });
          const answer = await refused.text();
          expect([refused.status, JSON.parse(answer).code]).toEqual([400, 'invalid_input']);
          expect(answer).not.toMatch(/SECRET-KEY-1/);
        }
        const auditor = await limitedTo('fleet', parseScopeArea('PK'));
        await expect(auditor.raw('POST', path, body)).rejects.toMatchObject({ code: 'forbidden' });
        const elsewhere = await limitedTo('legal', parseScopeArea('IN'));
        await expect(elsewhere.raw('POST', path, body)).rejects.toMatchObject({ code: 'out_of_scope' });
        const count = await api.database.db
          .selectFrom('ledger_entries')
          .select('id')
          .where('kind', '=', 'names.sealed')
          .execute();
        expect(count).toHaveLength(1);
      } finally {
        rmSync(folder, { recursive: true, force: true });
        await api.database.db
          .updateTable('devices')
          .set({ person_name: 'Secret Name 1' })
          .where('id', '=', devices[1] ?? '')
          .execute();
      }
    },
  );

  it('case 50: are limited by the areas of the requested revision, not of the current one', async () => {
    const made = await owner.api.call('POST', '/orders', revisionView, TERMS);
    await adopt(made);
    const path = `/orders/${made.order}`;
    const fleet = await limitedTo('fleet', parseScopeArea('PK'));
    const paths = ['/impact', '/affected', '/revisions/1/warnings', '/rollout'];
    for (const each of paths) await fleet.raw('GET', path + each);
    await owner.api.raw('POST', `${path}/revisions`, { action: 'revise', areas: ['PK', 'IN'] });
    for (const each of ['/impact', '/impact.csv', '/affected', '/revisions/2/warnings']) {
      await expect(fleet.raw('GET', path + each), each).rejects.toMatchObject({ code: 'out_of_scope' });
    }
    for (const each of ['/impact?revision=1', '/revisions/1/warnings', '/rollout']) await fleet.raw('GET', path + each);
    const wide = await owner.api.call('GET', `${path}/impact?limit=0`, impactView);
    expect([wide.revision, wide.counts.denied]).toEqual([2, 20]);
  });

  it('case 50: do not reveal the affected devices of a wider revision through a narrower one', async () => {
    const upload = '/orders/documents?mediaType=text/plain';
    const letter = await owner.api.call('POST', upload, uploadedDocument, Buffer.from('About India'));
    const documents = [{ title: 'Letter', ...letter }];
    const decision = { considered: 'India too.', by: 'counsel' };
    const wide = { ...TERMS, areas: ['PK', 'IN'], documents, decision };
    const made = await owner.api.call('POST', '/orders', revisionView, wide);
    await adopt(made);
    const path = `/orders/${made.order}`;
    const legal = await limitedTo('legal', parseScopeArea('PK'));
    const recipient = { name: 'Samantha', key: `age1${'q'.repeat(58)}` };
    const ofTheWhole = [
      ['GET', '/impact?revision=2&baseline=1'],
      ['GET', '/impact.csv?revision=2&baseline=1'],
      ['POST', '/impact/names', { at: 'now', revision: 2, baseline: 1, recipient }],
      ['POST', '/packs'],
      ['GET', '/packs'],
      ['POST', `/packs/${newPackId()}/names`, { recipient }],
      ['GET', `/receipts?device=${newDeviceId()}`],
      ['GET', `/documents/${letter.sha256}`],
      ['GET', '/revisions/1/decision'],
      ['GET', '/revisions/2/decision'],
    ] as const;
    const narrow = { action: 'revise', areas: ['PK'] };
    const next = await owner.api.call('POST', `${path}/revisions`, revisionView, narrow);
    for (const state of ['waiting', 'adopted']) {
      for (const [method, each, body] of ofTheWhole) {
        const response = legal.raw(method, path + each, body);
        await expect(response, `${state} ${method} ${each}`).rejects.toMatchObject({ code: 'out_of_scope' });
      }
      for (const each of ['/impact?revision=2', '/affected', '/revisions/2/warnings'])
        await legal.raw('GET', path + each);
      await adopt(next);
    }
    await legal.raw('GET', `${path}/rollout`);
    await expect(owner.api.raw('GET', `${path}/impact?baseline=9`)).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('shows approvers the same warnings as the author', async () => {
  const terms = { ...TERMS, services: ['management', 'messaging'], unknown: 'deny' };
  const { warnings } = await preview(owner.api, terms);
  expect(warnings.map(({ code }) => code)).toEqual([
    'names_management',
    'affects_approver',
    'large_share',
    'denies_unknown',
  ]);
  const { order } = await owner.api.call('POST', '/orders', revisionView, terms);
  expect(await ada.api.call('GET', `/orders/${order}/revisions/1/warnings`, orderWarnings)).toEqual({ warnings });
});

it('counts the rollout among the devices in the role’s scope', async () => {
  const made = await owner.api.call('POST', '/orders', revisionView, TERMS);
  const path = `/orders/${made.order}/rollout`;
  const nothing = { revision: null, phase: null, total: 0, states: NO_DEVICES, lastSeen: 0, newest: null, notices: [] };
  expect(await owner.api.call('GET', path, orderRollout)).toEqual(nothing);
  await adopt(made);
  const at = Date.now();
  const { effective } = JSON.parse(made.payload).terms;
  // Until 16.8 hours after its time, the notice counts as a notice of 7 days.
  const inTime = Date.parse(effective) - 6.3 * 86_400_000;
  const delivered = { kind: 'delivered', order: made.order, revision: 1, service: null, at } as const;
  await addReceipts(api.database, [
    ...devices.slice(2).map((device) => ({ device, ...delivered })),
    ...devices.slice(0, 9).map((device) => ({ device, ...delivered, notice: 'P7D' as const, revision: 9 })),
    ...devices.slice(0, 4).map((device) => ({ device, ...delivered, notice: 'P7D' as const })),
    ...devices
      .slice(0, 2)
      .map((device) => ({ device, ...delivered, kind: 'displayed' as const, notice: 'P7D' as const })),
    ...[inTime, inTime + 1].map((then, index) => {
      return { device: devices[5 + index]!, ...delivered, notice: 'P7D' as const, at: then };
    }),
    ...devices.slice(0, 1).map((device) => ({ device, ...delivered, notice: 'effective' as const })),
  ]);
  expect(await owner.api.call('GET', path, orderRollout)).toMatchObject({
    total: 5,
    newest: at,
    // The count covers only this revision. The other device belongs to no revision with this date.
    notices: [
      { moment: 'P7D', delivered: 6, displayed: 2, late: 1 },
      { moment: 'effective', delivered: 1, displayed: 0, late: 0 },
    ],
  });
});
