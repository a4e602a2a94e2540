import { expect, it } from 'vitest';
import type { Approvers } from '../../../shared/order/documents.ts';
import { keyStanding } from './root-of-approvers.ts';

const root = (version: number, ...keyids: string[]): Approvers => ({
  installation: 'one',
  version,
  previous: null,
  threshold: 2,
  approvers: keyids.map((keyid) => ({ person: `person of ${keyid}`, keyid, publicKey: '' })),
  onlineKeys: [],
  issuedAt: '2015-07-24T12:00:00.000Z',
});
const roots = { current: root(1, 'a', 'b'), waiting: root(2, 'b', 'c') };

it.each([
  [null, [], 'absent'],
  ['a', [], 'listed'],
  ['b', ['b'], 'listed'],
  ['c', ['c'], 'waiting'],
  ['d', ['d'], 'unlisted'],
  ['d', ['a'], 'unregistered'],
  // Whoever may not see the registered keys is told the lesser thing.
  ['d', null, 'unlisted'],
])('the key %s stands as it is listed', (keyid, registered, standing) => {
  expect(keyStanding(keyid, registered, roots)).toBe(standing);
});

it('lists nobody before there is a root', () => {
  expect(keyStanding('a', ['a'], { current: null, waiting: null })).toBe('unlisted');
});
