import { expect, it } from 'vitest';
import { newPersonId } from '../../shared/protocol/ids.ts';
import { peopleOf } from '../independence/independence.ts';
import { READING_WINDOW } from '../reading-limit.ts';
import { requirePreviewLimit, requireReader } from './preview-decision.ts';

const NOW = 1_800_000_000_000;
const people = Array.from({ length: 6 }, newPersonId);
const [first, second, sixth] = [people[0], people[1], people[5]] as const;
if (!(first && second && sixth)) throw new Error('no people');
const seen = (at: readonly number[]) => at.map((time, index) => ({ person: people[index] ?? sixth, at: time }));

it.each([
  ['a fifth person', seen([NOW, NOW, NOW, NOW]), sixth],
  ['a person whose records the approver has read', seen([NOW, NOW, NOW, NOW, NOW]), first],
  ['a sixth person a day after the first', seen([NOW - READING_WINDOW, NOW, NOW, NOW, NOW]), sixth],
  ['a second person after many previews of one', Array.from({ length: 9 }, () => ({ person: first, at: NOW })), sixth],
])('allows a preview of %s', (_, previewed, person) => {
  expect(() => requirePreviewLimit(previewed, person, NOW)).not.toThrow();
});

it('refuses the sixth person within a day, and names the time of the next one', () => {
  const previewed = seen([NOW - READING_WINDOW + 1, NOW - 5, NOW, NOW, NOW]);
  expect(() => requirePreviewLimit(previewed, sixth, NOW)).toThrow(
    expect.objectContaining({ code: 'disclosure_preview_limit', context: { limit: 5, retryAt: NOW + 1 } }),
  );
});

it('refuses a drafter, a second account of a drafter, and a person who depends on a drafter', () => {
  const rule = peopleOf({ sameAs: new Map(), links: [] });
  const by = { person: second, name: 'Second', account: 'acc_b' };
  const links = [{ person: first, name: 'First', account: 'acc_a', by, kind: 'created' as const }];
  expect(() => requireReader(second, [first], rule)).not.toThrow();
  expect(() => requireReader(first, [second, first], rule)).toThrow(expect.objectContaining({ code: 'same_person' }));
  expect(() => requireReader(second, [first], peopleOf({ sameAs: new Map([[second, first]]), links: [] }))).toThrow(
    'Only a possible approver',
  );
  expect(() => requireReader(second, [first], peopleOf({ sameAs: new Map(), links }))).toThrow('Only a possible');
});
