import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { describedBy } from './description.ts';
import type { ConversationRecord } from './records.ts';

const PEOPLE = ['ada', 'ben', 'cleo', 'dina'];
const own = { person: 'ada', name: 'Ada' };
const from = {
  device: 'dev_2222222222222222' as DeviceId,
  generation: 1,
  person: 'ben',
  name: 'Ben',
  signatureKey: '',
};
const begun: ConversationRecord = {
  id: 'one',
  title: 'Lunch',
  titleAt: 1,
  people: ['ada', 'ben', 'cleo'].map((person) => ({ person, name: person })),
  membershipStatements: {},
  state: 'ready',
  members: [],
  knownDevices: {},
  devicesToAsk: [],
  rejoinRequestedBy: [],
  rejoinRequestTimes: {},
  descriptionDue: false,
  joinedInEpoch: 0,
  checkedAt: 1,
  rejoinRequestedAt: 0,
};

/** A member's description at some time: a title, and statements about some people. No two statements have the same time. */
const abouts = fc.uniqueArray(fc.integer({ min: 2, max: 1_000_000 }), { minLength: 20, maxLength: 20 }).chain((times) =>
  fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }).map((words) =>
    [0, 1, 2, 3].map((n) => ({
      type: 'description' as const,
      at: times[16 + n] ?? 2,
      title: `title ${n}`,
      ledger: null,
      people: words
        .slice(4 * n, 4 * n + 4)
        .map((belongs, of) => ({ person: PEOPLE[of] ?? '', belongs, at: times[4 * n + of] ?? 2 })),
    })),
  ),
);

describe('statements about title and people', () => {
  it('give the same result in any order of arrival', () => {
    const heard = (said: Parameters<typeof describedBy>[2][]) => {
      const {
        title,
        people,
        membershipStatements: words,
      } = said.reduce((record, one) => describedBy(record, from, one, own).next, begun);
      return { title, people: people.map(({ person }) => person).toSorted(), words };
    };
    fc.assert(
      fc.property(
        abouts.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, turned]) => {
          expect(heard(turned)).toEqual(heard(all));
          // A member that repeats known statements changes nothing.
          expect(heard([...all, ...turned])).toEqual(heard(all));
        },
      ),
    );
  });
});
