import { describe, expect, it } from 'vitest';
import type { Approvers } from '../../../shared/order/documents.ts';
import { approvalState, eligibility, missingWords, type RevisionSummary } from './approval-state.ts';

const approverSet: Approvers = {
  installation: 'one',
  version: 1,
  previous: null,
  threshold: 2,
  approvers: ['ada', 'ben', 'cleo'].map((person) => ({ person, keyid: `key of ${person}`, publicKey: '' })),
  onlineKeys: [],
  issuedAt: '2015-07-24T12:00:00.000Z',
};
const revision = (action: RevisionSummary['action'], proposer: string, ...approvers: string[]): RevisionSummary => ({
  order: '2015-001',
  revision: 2,
  action,
  state: 'waiting',
  digest: '',
  proposer,
  proposedAt: 0,
  adoptedAt: null,
  endedAt: null,
  endedBy: null,
  endReason: null,
  expiresAt: null,
  passed: null,
  approvals: approvers.map((person) => ({ person, keyid: `key of ${person}`, approvedAt: 0 })),
});
const active = { status: 'active', adoptedRevision: 1, pausedUntil: null } as const;
const nameOf = (person: string) => person.charAt(0).toUpperCase() + person.slice(1);
const textOf = (of: RevisionSummary, order: Parameters<typeof approvalState>[0] = active) =>
  missingWords(approvalState(order, of, approverSet), of, nameOf);

describe('the number of missing approvals', () => {
  it.each([
    [revision('revise', 'paula'), 'Two approvers are needed, other than Paula.'],
    [revision('extend', 'paula', 'ada'), 'One more approver is needed, other than Paula and Ada.'],
    [revision('withdraw', 'ada', 'ben'), 'One more approver is needed, other than Ada and Ben.'],
    [revision('extend', 'paula', 'ada', 'ben'), 'No more approvals are needed.'],
    // A person who has left the approver set does not count.
    [revision('extend', 'paula', 'ada', 'gone'), 'One more approver is needed, other than Paula and Ada.'],
  ])('%#', (of, expected) => {
    expect(textOf(of)).toBe(expected);
  });

  it('one approval starts a short pause, a second makes it permanent, and the proposer may give one', () => {
    expect(textOf(revision('pause', 'ada'))).toContain('One approval pauses the order for 72 hours');
    const brief = { status: 'paused', adoptedRevision: 2, pausedUntil: 1 } as const;
    expect(textOf(revision('pause', 'ada', 'ada'), brief)).toBe(
      'One more approver is needed, other than Ada. The pause then has no time limit.',
    );
    expect(textOf(revision('pause', 'ada'), { ...brief, adoptedRevision: 1 })).toBe(
      'Two approvers are needed, other than Ada.',
    );
  });
});

describe('which approvals count', () => {
  const who = (of: RevisionSummary, person: string) =>
    eligibility(approvalState(active, of, approverSet), of, approverSet, person);
  it.each([
    [revision('revise', 'ada'), 'ada', 'own'],
    [revision('pause', 'ada'), 'ada', 'may'],
    [revision('revise', 'ada'), 'ben', 'may'],
    [revision('revise', 'ada', 'ben'), 'ben', 'approved'],
    [revision('revise', 'paula'), 'dan', 'no_approver'],
    [revision('revise', 'paula', 'ada', 'ben'), 'cleo', 'complete'],
  ])('%#', (of, person, expected) => {
    expect(who(of, person)).toBe(expected);
  });
});
