import { describe, expect, it } from 'vitest';
import type { OrderAction } from '../../../shared/order/documents.ts';
import { outcomeOf } from '../../../tests/support/code-of.ts';
import { revisionDocument } from '../../../tests/support/signed-documents.ts';
import { type People, peopleOf } from '../../independence/independence.ts';
import { decideApproval } from './approval-decision.ts';

const NOW = Date.parse('2015-07-24T12:00:00.000Z');

describe('approvals', () => {
  const persons = new Map([
    ['a1', 'ada'],
    ['a2', 'ada'],
    ['b1', 'ben'],
    ['p1', 'proposer'],
  ]);
  const approvalsBy = (...keyids: string[]) => keyids.map((keyid) => ({ keyid, person: persons.get(keyid) ?? 'gone' }));
  const link = (by: string, person: string) => ({
    person,
    name: person,
    account: `acc of ${person}`,
    kind: 'created' as const,
    by: { person: by, name: by, account: `acc of ${by}` },
  });
  const nobodyLinked = peopleOf({ sameAs: new Map(), links: [] });
  const adaMadeBen = peopleOf({ sameAs: new Map(), links: [link('ada', 'ben')] });
  const adaMadeProposer = peopleOf({ sameAs: new Map(), links: [link('ada', 'proposer')] });
  const proposerMadeBoth = peopleOf({ sameAs: new Map(), links: [link('proposer', 'ada'), link('proposer', 'ben')] });
  const benIsProposer = peopleOf({ sameAs: new Map([['ben', 'proposer']]), links: [] });
  const decide = (
    keyid: string,
    before: string[],
    action: OrderAction = 'revise',
    basePaused = false,
    people: People = nobodyLinked,
  ) =>
    outcomeOf(() => {
      const status = action === 'pause' ? 'paused' : 'active';
      const revision = revisionDocument({
        action,
        status,
        pausedSince: status === 'paused' ? new Date(NOW).toISOString() : null,
      });
      const { adoption, isNew } = decideApproval(
        revision,
        { keyid },
        approvalsBy(...before),
        persons,
        2,
        basePaused,
        people,
      );
      return { adopted: adoption.adopted, permanentPause: adoption.permanentPause, missing: adoption.missing, isNew };
    });
  const waiting = { adopted: false, permanentPause: false, missing: 1, isNew: true };

  it.each<[string, unknown, unknown]>([
    ['the first of two approvers', decide('a1', []), waiting],
    [
      'the second of two approvers',
      decide('b1', ['a1']),
      { adopted: true, permanentPause: false, missing: 0, isNew: true },
    ],
    ['case 31: the proposer', decide('p1', ['a1']), 'same_person'],
    ['case 31: one person with two keys', decide('a2', ['a1']), 'same_person'],
    ['the same approval again', decide('a1', ['a1']), { ...waiting, isNew: false }],
    ['a key that has left the approver set', decide('x9', ['a1']), 'approver_unknown'],
    ['after an approval whose key has left the approver set', decide('b1', ['x9']), waiting],
    [
      'a pause by one approver',
      decide('a1', [], 'pause'),
      { adopted: true, permanentPause: false, missing: 1, isNew: true },
    ],
    [
      'a pause by its proposer',
      decide('p1', [], 'pause'),
      { adopted: true, permanentPause: false, missing: 1, isNew: true },
    ],
    [
      'a second approval of the pause',
      decide('b1', ['p1'], 'pause'),
      { adopted: true, permanentPause: true, missing: 0, isNew: true },
    ],
    ['a pause of a paused order by one approver', decide('a1', [], 'pause', true), waiting],
    ['case 31: an account and its creator', decide('b1', ['a1'], 'revise', false, adaMadeBen), waiting],
    ['the creator after the account', decide('a1', ['b1'], 'revise', false, adaMadeBen), waiting],
    [
      'a pause by an account and its creator',
      decide('b1', ['a1'], 'pause', false, adaMadeBen),
      { ...waiting, adopted: true },
    ],
    [
      'two accounts that the proposer created',
      decide('b1', ['a1'], 'revise', false, proposerMadeBoth),
      { adopted: true, permanentPause: false, missing: 0, isNew: true },
    ],
    ['case 31: the creator of the proposer', decide('a1', [], 'revise', false, adaMadeProposer), 'same_person'],
    [
      'case 31: an approval before the approver saw a link of the proposer',
      decide('b1', ['a1'], 'revise', false, adaMadeProposer),
      waiting,
    ],
    ['case 31: another account of the proposer', decide('b1', ['a1'], 'revise', false, benIsProposer), 'same_person'],
    ['a pause of a paused order by its proposer', decide('p1', [], 'pause', true), 'same_person'],
  ])('%s', (_name, found, expected) => {
    expect(found).toEqual(expected);
  });
});
