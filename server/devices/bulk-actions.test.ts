import { expect, it } from 'vitest';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, newDeviceId, newGroupId, newPersonId, type PersonId } from '../../shared/protocol/ids.ts';
import { type ActionFacts, assess, type BulkAction, type NewOwner, refusalGroups } from './bulk-actions.ts';

const [active, held, ended, gone] = [newDeviceId(), newDeviceId(), newDeviceId(), newDeviceId()];
const ALL = [active, held, ended, gone];
const [SE, DE] = ['SE' as HomeArea, 'DE' as HomeArea];
const [desk, lab, kiosks, elsewhere] = [newGroupId(), newGroupId(), newGroupId(), newGroupId()];
const ENROLLED = {
  status: 'active',
  workspace: 'open',
  missing: false,
  retired: false,
  underLegalHold: false,
  person: 'per_aaaaaaaaaaaaaaaa' as PersonId,
  mailConnector: false,
  lost: false,
  labels: ['kiosk'],
  own: { home: null, seat: null },
  group: { id: desk, home: SE, seat: null },
  memberOf: [kiosks],
  scopeGroups: [desk, kiosks],
  personGroups: [desk, lab],
  statement: null,
} as const;
const FACTS = new Map<DeviceId, ActionFacts>([
  [active, { ...ENROLLED, id: active }],
  [held, { ...ENROLLED, id: held, underLegalHold: true }],
  [ended, { ...ENROLLED, id: ended, status: 'revoked' }],
]);

it('names the affected devices, and the reason for each refused one', () => {
  const wipe = assess([...ALL, active], FACTS, { kind: 'command', command: 'wipe-workspace' });
  expect(wipe.affected).toEqual([active]);
  expect(wipe.refused).toEqual([
    { device: held, reason: 'legal-hold' },
    { device: ended, reason: 'not-enrolled' },
    { device: gone, reason: 'not-found' },
  ]);
  expect(assess(ALL, FACTS, { kind: 'retire' }).affected).toEqual([active, held, ended]);
  expect(assess(ALL, FACTS, { kind: 'command', command: 'message' }).affected).toEqual([active, held]);
});

it('limits the labels of a device, and refuses a change without an effect', () => {
  const change = (add: string[], remove: string[] = []) => {
    const { affected, refused } = assess([active], FACTS, { kind: 'label', add, remove });
    return affected.length === 1 ? 'yes' : refused[0]?.reason;
  };
  const twenty = Array.from({ length: 20 }, (_, index) => `label ${index}`);
  expect(change(['kiosk'])).toBe('labels-unchanged');
  expect(change([], ['other'])).toBe('labels-unchanged');
  expect(change(twenty.slice(1))).toBe('yes');
  expect(change(twenty)).toBe('too-many-labels');
  expect(change(twenty, ['kiosk'])).toBe('yes');
  expect(change(['new'], ['new', 'kiosk'])).toBe('yes');
});

it('groups refusals by reason, most frequent first', () => {
  const refused = [
    { device: held, reason: 'legal-hold' },
    { device: ended, reason: 'not-enrolled' },
    { device: gone, reason: 'not-enrolled' },
  ] as const;
  expect(refusalGroups(refused, 1)).toMatchObject([
    { reason: 'not-enrolled', count: 2, sample: [ended] },
    { reason: 'legal-hold', count: 1, sample: [held] },
  ]);
});

it('changes a placement only within the groups of the user and within the scope of the admin', () => {
  const refusal = (action: BulkAction) => assess([active], FACTS, action).refused[0]?.reason ?? 'yes';
  const target = (id: typeof lab) => ({ id, home: DE, seat: null });
  const inSweden = [{ group: null, homes: [SE] }];
  const place = (change: object, to: ReturnType<typeof target> | null = null, scope: typeof inSweden | null = null) =>
    refusal({ kind: 'place', change, target: to, scope });
  expect(place({ home: DE })).toBe('yes');
  expect(place({ home: null, seat: null, statement: null })).toBe('placement-unchanged');
  expect(place({ group: lab }, target(lab))).toBe('yes');
  expect(place({ group: elsewhere }, target(elsewhere))).toBe('person-not-in-group');
  expect(place({ home: DE }, null, inSweden)).toBe('leaves-scope');
  // The new group gives its own home.
  expect(place({ group: lab }, target(lab), inSweden)).toBe('leaves-scope');
  expect(place({ group: lab, home: SE }, target(lab), inSweden)).toBe('yes');
  const until = { reason: 'r', until: 1 };
  expect(place({ statement: { kind: 'home', areas: [DE], ...until } }, null, inSweden)).toBe('leaves-scope');
  expect(place({ statement: { kind: 'presence', areas: [DE], ...until } }, null, inSweden)).toBe('yes');
  expect(assess([ended], FACTS, { kind: 'place', change: { home: DE }, target: null, scope: null }).refused).toEqual([
    { device: ended, reason: 'not-enrolled' },
  ]);
});

it('changes the members of a group, unless the admin would lose the device', () => {
  const refusal = (kind: 'add-to-group' | 'remove-from-group', group: typeof lab, only: typeof lab | null = null) => {
    const scope = only && [{ group: only, homes: null }];
    return assess([active], FACTS, { kind, group, scope }).refused[0]?.reason ?? 'yes';
  };
  expect(refusal('add-to-group', lab)).toBe('yes');
  expect(refusal('add-to-group', kiosks)).toBe('already-member');
  expect(refusal('add-to-group', desk)).toBe('already-member');
  expect(refusal('remove-from-group', kiosks)).toBe('yes');
  expect(refusal('remove-from-group', kiosks, desk)).toBe('yes');
  expect(refusal('remove-from-group', kiosks, kiosks)).toBe('leaves-scope');
  expect(refusal('remove-from-group', lab)).toBe('not-member');
  expect(refusal('remove-from-group', desk)).toBe('not-member');
});

it.each<[string, Partial<ActionFacts>, string, string]>([
  ['an enrolled device', {}, 'yes', 'not-lost'],
  ['a device in lost mode', { lost: true }, 'already-lost', 'yes'],
  ['a missing device', { missing: true }, 'yes', 'not-lost'],
  [
    'a locked device under a legal hold',
    { workspace: 'locked', underLegalHold: true, lost: true },
    'already-lost',
    'yes',
  ],
  ['a revoked device', { status: 'revoked' }, 'not-enrolled', 'not-enrolled'],
  ['a retired device', { status: 'revoked', retired: true }, 'not-enrolled', 'not-enrolled'],
  ['a mail connector', { mailConnector: true }, 'connector-not-lost', 'not-lost'],
  ['a mail connector in lost mode', { mailConnector: true, lost: true }, 'already-lost', 'yes'],
])('decides about lost mode of %s', (_, facts, start, end) => {
  const known = new Map([[active, { ...ENROLLED, id: active, ...facts }]]);
  const decided = (kind: 'start-lost-mode' | 'end-lost-mode') =>
    assess([active], known, { kind }).refused[0]?.reason ?? 'yes';
  expect([decided('start-lost-mode'), decided('end-lost-mode')]).toEqual([start, end]);
});

it.each<[string, Partial<NewOwner> | null, Partial<ActionFacts>, string]>([
  ['an active person in the group', {}, {}, 'yes'],
  ['an ended device', {}, { status: 'revoked' }, 'yes'],
  ['a device under a legal hold', {}, { underLegalHold: true }, 'legal-hold'],
  ['a mail connector', {}, { mailConnector: true }, 'mail-connector'],
  ['an unknown person', null, {}, 'unknown-person'],
  ['the present owner', { id: ENROLLED.person }, {}, 'already-owner'],
  ['a person outside the scope', { covered: false, status: 'disabled' }, {}, 'person-not-in-scope'],
  ['a disabled person', { status: 'disabled' }, {}, 'person-disabled'],
  ['a person of another group', { groups: [lab] }, {}, 'owner-not-in-group'],
])('decides about the reassignment to or of %s', (_, owner, facts, reason) => {
  const known = new Map([[active, { ...ENROLLED, id: active, ...facts }]]);
  const person: NewOwner = { id: newPersonId(), status: 'active', groups: [desk], covered: true };
  const owners = new Map([[active, owner && { ...person, ...owner }]]);
  expect(assess([active], known, { kind: 'reassign', owners }).refused[0]?.reason ?? 'yes').toBe(reason);
});
