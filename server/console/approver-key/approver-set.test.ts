import { expect, it } from 'vitest';
import type { Approvers } from '../../../shared/order/documents.ts';
import { keyState } from './approver-set.ts';

const approverSet = (version: number, ...keyids: string[]): Approvers => ({
  installation: 'one',
  version,
  previous: null,
  threshold: 2,
  approvers: keyids.map((keyid) => ({ person: `person of ${keyid}`, keyid, publicKey: '' })),
  onlineKeys: [],
  issuedAt: '2015-07-24T12:00:00.000Z',
});
const approverSets = { current: approverSet(1, 'a', 'b'), waiting: approverSet(2, 'b', 'c') };

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
  expect(keyState(keyid, registered, approverSets)).toBe(standing);
});

it('lists no approver before there is an approver set', () => {
  expect(keyState('a', ['a'], { current: null, waiting: null })).toBe('unlisted');
});
