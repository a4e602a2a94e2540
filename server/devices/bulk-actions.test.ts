import { expect, it } from 'vitest';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { type ActionFacts, assess, refusalGroups } from './bulk-actions.ts';

const [active, held, ended, gone] = [newDeviceId(), newDeviceId(), newDeviceId(), newDeviceId()];
const ALL = [active, held, ended, gone];
const ENROLLED = {
  status: 'active',
  workspace: 'open',
  missing: false,
  retired: false,
  underLegalHold: false,
  labels: ['kiosk'],
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
