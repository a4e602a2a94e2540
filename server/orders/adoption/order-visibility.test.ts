import { describe, expect, it } from 'vitest';
import { WITHHELD_NOTICE, WITHHELD_TITLE } from '../../../shared/api/order-readings.ts';
import { parseScopeArea } from '../../../shared/areas/area-code.ts';
import { canonicalText } from '../../../shared/order/canonical.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';
import { newPersonId } from '../../../shared/protocol/ids.ts';
import { NOW, TERMS } from '../../../tests/support/signed-documents.ts';
import { proceedingsView } from '../evidence/proceedings.ts';
import type { OrderView } from './order-views.ts';
import { listedOrder, openTitle, visibilityTo, visibleOrder } from './order-visibility.ts';

const PK = parseScopeArea('PK');
const [stranger, proposer, member] = [newPersonId(), newPersonId(), newPersonId()];
const facts = {
  shown: true,
  any: true,
  locations: [PK],
  proposers: new Set<string>([proposer]),
  approvers: new Set<string>([member]),
};

/** Readers with the areas of their roles `legal` and `owner`, and their expected access. */
const READERS = [
  ['legal or owner of everything', stranger, null, 'restricted'],
  ["legal of the order's area", stranger, [PK], 'restricted'],
  ['legal of another area', stranger, [parseScopeArea('IN')], 'hidden'],
  ['fleet, helpdesk, auditor', stranger, [], 'hidden'],
  ['the proposer in any role', proposer, [], 'restricted'],
  ['a member of the approver set in any role', member, [], 'restricted'],
] as const;

describe.each(READERS)('%s', (_name, person, areas, expected) => {
  it('has the expected access to a withheld order', () => {
    expect(visibilityTo({ person, areas }, facts)).toBe(expected);
  });
  it('reads every public order', () => {
    expect(visibilityTo({ person, areas }, { ...facts, any: false, shown: false })).toBe('public');
  });
  it('reads an order whose other revision is withheld, with that revision masked', () => {
    const visibility = visibilityTo({ person, areas }, { ...facts, shown: false });
    expect(visibility).toBe(expected === 'hidden' ? 'public' : expected);
  });
});

it('a role for only some of the areas gives no access', () => {
  const both = { ...facts, locations: [PK, parseScopeArea('IN')] };
  expect(visibilityTo({ person: stranger, areas: [PK] }, both)).toBe('hidden');
});

const terms: OrderTerms = {
  ...TERMS,
  effective: new Date(NOW).toISOString(),
  title: 'SECRET',
  zone: 'UTC',
  mode: 'suspend',
  authority: 'SECRET',
  addressee: 'SECRET',
  instrument: 'SECRET',
  statement: { en: 'SECRET' },
  appeal: 'SECRET',
  notice: { en: 'SECRET' },
  publication: { law: 'SECRET' },
  internal: 'SECRET',
  provenance: 'asserted',
  documents: [{ title: 'SECRET', mediaType: 'text/plain', bytes: 1, sha256: 'SECRET' }],
} as const;
const document = { title: 'SECRET', mediaType: 'application/pdf', bytes: 1, sha256: 'a'.repeat(64) };
const record = canonicalText({
  installation: 'ins_test',
  order: '2015-001',
  number: 1,
  recordedBy: member,
  recordedAt: new Date(NOW).toISOString(),
  salt: 'b'.repeat(64),
  proceeding: { kind: 'answer', on: '2015-07-24', by: 'SECRET', document },
});
const RECORD = { order: '2015-001', number: 1, record, digest: '' };
const order: OrderView = {
  number: '2015-001',
  title: 'SECRET',
  status: 'active',
  adoptedRevision: 1,
  latestRevision: 2,
  pausedUntil: null,
  terms,
  withheld: true,
  executions: [],
  proceedings: proceedingsView([RECORD]),
  revisions: [true, false].map((withheld, at) => ({
    order: '2015-001',
    revision: at + 1,
    action: 'propose',
    state: 'adopted',
    digest: 'd',
    proposer: withheld ? 'SECRET' : proposer,
    proposedAt: 1,
    adoptedAt: 1,
    endedAt: 1,
    expiresAt: null,
    endedBy: withheld ? 'SECRET' : member,
    endReason: withheld ? 'SECRET' : 'a reason',
    passed: null,
    withheld,
    approvals: [{ person: member, keyid: 'k', approvedAt: 1 }],
  })),
};

it('a hidden order has only the fields that operations need', () => {
  const hidden = visibleOrder(order, 'hidden');
  expect(JSON.stringify(hidden)).not.toContain('SECRET');
  expect(Object.keys(hidden.terms).sort()).toEqual(['areas', 'effective', 'mode', 'services', 'until', 'zone']);
  expect(hidden).toMatchObject({ visibility: 'hidden', number: '2015-001', title: WITHHELD_TITLE, status: 'active' });
  expect(hidden).toMatchObject({ notice: WITHHELD_NOTICE });
  expect(hidden.revisions[0]).toMatchObject({ proposer: null, endedBy: null, endReason: null, digest: 'd' });
  expect(hidden.revisions[0]?.approvals).toHaveLength(1);
});

it('a new field of the terms is hidden', () => {
  const later = { ...order, terms: { ...terms, added: 'SECRET' } };
  expect(JSON.stringify(visibleOrder(later, 'hidden'))).not.toContain('SECRET');
});

it('a list of orders hides withheld orders from all readers', () => {
  expect(JSON.stringify(listedOrder(order))).not.toContain('SECRET');
  expect(listedOrder({ ...order, withheld: false })).toMatchObject({ visibility: 'public', title: 'SECRET', terms });
});

it('a public order hides only its withheld revisions', () => {
  const shown = visibleOrder({ ...order, withheld: false }, 'public');
  expect(shown).toMatchObject({ visibility: 'public', title: 'SECRET', terms });
  expect(shown.revisions.map(({ proposer: by, endReason }) => [by, endReason])).toEqual([
    [null, null],
    [proposer, 'a reason'],
  ]);
});

it('a reader of the restricted order sees all of it', () => {
  expect(visibleOrder(order, 'restricted')).toMatchObject({ visibility: 'restricted', terms, title: 'SECRET' });
  expect(visibleOrder(order, 'restricted').revisions).toEqual(order.revisions);
});

it('titles of withheld orders are hidden until their publication', () => {
  const salt = 'a'.repeat(64);
  const until = { ...terms, publication: { until: new Date(NOW).toISOString() } };
  expect(openTitle({ salt, terms: until }, NOW - 1)).toBe(WITHHELD_TITLE);
  expect(openTitle({ salt, terms: until }, NOW)).toBe('SECRET');
  expect(openTitle({ salt: undefined, terms }, NOW)).toBe('SECRET');
});
