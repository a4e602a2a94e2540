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
  // Admins who may not see the registered keys get the state `unlisted`.
  ['d', null, 'unlisted'],
])('the key %s has the state that the approver sets give it', (keyid, registered, state) => {
  expect(keyState(keyid, registered, approverSets)).toBe(state);
});

it('no approver is listed before the first approver set', () => {
  expect(keyState('a', ['a'], { current: null, waiting: null })).toBe('unlisted');
});
