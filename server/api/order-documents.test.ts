/**
 * Documents and decision records over real HTTP: the roles that may read them. A browser never displays a document as a page of the server.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { revisionView } from '../../shared/api/orders.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { adoptApproverSet, Caller, firstOwner, inviteApprover, type Person } from '../../tests/support/people.ts';
import type { Grant } from '../admins/roles.ts';

const PAGE = '<script>alert(1)</script>';
const DECISION = { considered: 'Whether to appeal.', by: 'counsel' };
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
  effective: '2099-11-30T00:00',
};

let api: ApiServer;
let owner: Person;
let number: string;
let hash: string;

async function tokenOf(role: Grant['role'], area: string | null): Promise<Record<string, string>> {
  const grant = { role, group: null, area: area === null ? null : parseScopeArea(area) };
  const who = await api.account(`${role}-${area}-${Math.random()}@example.org`, [grant]);
  return { authorization: `Bearer ${await api.token(who)}` };
}
async function upload(who: Record<string, string>, body: string, mediaType: string) {
  const answer = await fetch(`${api.url}/api/v1/orders/documents?mediaType=${encodeURIComponent(mediaType)}`, {
    method: 'POST',
    headers: { ...who, 'content-type': 'application/octet-stream' },
    body,
  });
  const { status } = answer;
  return { status, json: z.looseObject({ code: z.string().optional() }).parse(await answer.json()) };
}
const read = (who: Record<string, string>) =>
  fetch(`${api.url}/api/v1/orders/${number}/documents/${hash}`, { headers: who });

beforeAll(async () => {
  api = await startApi();
  owner = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '');
  await adoptApproverSet(owner, [
    await inviteApprover(api.url, owner, 'Ada'),
    await inviteApprover(api.url, owner, 'Ben'),
  ]);
  const legal = await tokenOf('legal', null);
  const { status, json } = await upload(legal, PAGE, 'text/html');
  expect([status, json]).toEqual([201, { mediaType: 'text/html', bytes: PAGE.length, sha256: expect.any(String) }]);
  hash = String(json['sha256']);
  expect(hash).toBe(createHash('sha256').update(PAGE).digest('hex'));
  const documents = [{ title: 'Letter\r\nX-Evil: 1 / سروس', ...json }];
  const proposal = { ...TERMS, documents, decision: DECISION };
  number = (await new Caller(api.url, legal).call('POST', '/orders', revisionView, proposal)).order;
});
afterAll(() => api.close());

it('serves a document only to legal and owner within their areas, and always as a download', async () => {
  const statuses: Record<string, number> = {};
  for (const [role, area] of [
    ['owner', null],
    ['legal', null],
    ['legal', 'PK'],
    ['legal', 'IN'],
    ['auditor', null],
    ['fleet', null],
    ['helpdesk', null],
  ] as const) {
    statuses[`${role} ${area}`] = (await read(await tokenOf(role, area))).status;
  }
  expect(statuses).toEqual({
    'owner null': 200,
    'legal null': 200,
    'legal PK': 200,
    'legal IN': 403,
    'auditor null': 403,
    'fleet null': 403,
    'helpdesk null': 403,
  });
  const answer = await read(await tokenOf('owner', null));
  expect(await answer.text()).toBe(PAGE);
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename=/);
  expect(answer.headers.get('x-evil')).toBeNull();
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

it('serves the decision record to legal, owner and auditor, and in no other response', async () => {
  const decision = `/api/v1/orders/${number}/revisions/1/decision`;
  for (const role of ['owner', 'legal', 'auditor'] as const) {
    const { status, json } = await api.request('GET', decision, await tokenOf(role, null));
    expect([role, status, json]).toEqual([
      role,
      200,
      { ...DECISION, salt: expect.any(String), commitment: expect.any(String) },
    ]);
  }
  for (const role of ['fleet', 'helpdesk'] as const) {
    expect((await api.request('GET', decision, await tokenOf(role, null))).json.code).toBe('forbidden');
  }
  const other = await tokenOf('legal', 'IN');
  expect((await api.request('GET', decision, other)).json.code).toBe('out_of_scope');
  const legal = await tokenOf('legal', null);
  for (const path of ['', `/${number}`, `/${number}/revisions/1`]) {
    const { text } = await api.request('GET', `/api/v1/orders${path}`, legal);
    expect([path, text.includes(DECISION.considered)]).toEqual([path, false]);
  }
});

it('refuses uploads without right, type or content, and too large ones before their end', async () => {
  const legal = await tokenOf('legal', null);
  expect((await upload(await tokenOf('fleet', null), 'x', 'text/plain')).json.code).toBe('forbidden');
  expect((await upload(legal, 'x', 'anything')).json.code).toBe('invalid_input');
  expect((await upload(legal, '', 'text/plain')).json.code).toBe('invalid_input');
  expect((await upload(legal, 'x'.repeat(10_000_001), 'text/plain')).json.code).toBe('too_large');
});

it('checks a draft by the same rules as a proposal', async () => {
  const preview = async (draft: object) => {
    const legal = await tokenOf('legal', null);
    const { json } = await api.request('POST', '/api/v1/orders/preview', legal, { ...TERMS, ...draft });
    return json.problems.map(({ field, code }: { field: string; code: string }) => `${field}: ${code}`);
  };
  const unknown = { title: 'x', mediaType: 'text/plain', bytes: 1, sha256: 'b'.repeat(64) };
  expect(await preview({})).toEqual([]);
  expect(await preview({ documents: [unknown] })).toEqual(['documents.0: not_found']);
  expect(await preview({ decision: { by: 'me' } })).toEqual(['decision: invalid_input']);
  expect(await preview({ answerBy: '2099-03-01', publication: { until: '2010-01-01T00:00' } })).toEqual([
    'answerBy: invalid_input',
  ]);
  expect(await preview({ publication: { until: '2010-01-01T00:00' } })).toEqual(['publication: invalid_input']);
});
