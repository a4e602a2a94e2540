import { expect, it } from 'vitest';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import { postOf } from '../../tests/support/mail-link.ts';
import { type Known, type Mailbox, MOST_BYTES, MOST_ENTRIES, place, shareKey } from './placing.ts';
import type { JudgedPost } from './ports.ts';

const denial: DenialNotice = {
  ...{ code: 'service_denied', detail: 'Suspended.', order: '2015-001', reasons: ['present'] },
  ...{ appeal: 'the desk', by: 'server' },
};
const [amina, bilal, carla] = [newDeviceId(), newDeviceId(), newDeviceId()];

function known(...more: Partial<Mailbox>[]): Known {
  const mailboxes = [amina, bilal].map((device, index): [DeviceId, Mailbox] => [
    device,
    {
      ...{ device, generation: 1, lastSeq: 0, taken: 0, posts: 0, entries: 0, bytes: 0, fates: 0, gate: 'open' },
      ...more[index],
    },
  ]);
  return { answers: new Map(), commits: new Map(), mailboxes: new Map(mailboxes), shares: new Map() };
}
function judged(post = postOf([bilal], 'hello'), waiting: WaitingRule | null = null): JudgedPost {
  const denied = waiting && denial;
  const recipients = post.to.map((device) => ({ device, known: device !== carla, denial: denied, waiting }));
  return { sender: { device: amina, generation: 1 }, post, at: 1, expiresAt: 2, recipients };
}
const outcomes = (given: JudgedPost, state: Known) =>
  place(given, state).answer.recipients.map(({ outcome }) => outcome);

it.each([
  ['stored', {}, judged()],
  ['held', {}, judged(postOf([bilal], 'hello'), 'hold')],
  ['held', {}, judged(postOf([bilal], 'hello'), 'deliver')],
  ['refused', {}, judged(postOf([bilal], 'hello'), 'return')],
  ['held', {}, judged(postOf([bilal], 'commit', { keep: true }), 'return')],
  // A milder order than the one that has shut it: what shut it goes on.
  ['refused', { gate: 'return' }, judged(postOf([bilal], 'hello'), 'hold')],
  ['held', { gate: 'return' }, judged(postOf([bilal], 'commit', { keep: true }), 'hold')],
  // The order that shut it has gone, and nobody has settled it yet.
  ['stored', { gate: 'return' }, judged()],
  ['unknown', {}, judged(postOf([carla], 'hello'))],
  ['full', { entries: MOST_ENTRIES }, judged()],
  ['full', { bytes: MOST_BYTES - 7 }, judged()],
  ['stored', { bytes: MOST_BYTES - 8, entries: MOST_ENTRIES - 1 }, judged()],
] as const)('a post to one recipient is %s: %o', (outcome, mailbox, given) => {
  const placed = place(given, known({}, mailbox));
  expect(placed.answer).toMatchObject({ outcome: 'accepted', denial: null, recipients: [{ outcome }] });
  expect(placed.answer.recipients[0]?.denial ?? null).toBe(outcome === 'held' || outcome === 'refused' ? denial : null);
  expect(placed.entries.map(({ heldBy }) => heldBy)).toEqual(
    outcome === 'held' ? ['2015-001'] : outcome === 'stored' ? [null] : [],
  );
});

it('numbers grow within a mailbox, whoever sends, and a batch fills it as posts one by one would', () => {
  const state = known({}, { entries: MOST_ENTRIES - 2, lastSeq: 40 });
  const all = [0, 1, 2].map(() => judged());
  expect(all.flatMap((each) => place(each, state).entries.map(({ seq }) => seq))).toEqual([41, 42]);
  expect(outcomes(judged(), state)).toEqual(['full']);
});

it.each([
  ['a quarter of the entries', { entries: MOST_ENTRIES / 4, bytes: 1 }, { entries: MOST_ENTRIES / 2 }, 'full'],
  ['a quarter of the bytes', { entries: 1, bytes: MOST_BYTES / 4 }, { bytes: MOST_BYTES / 2 }, 'full'],
  ['less', { entries: MOST_ENTRIES / 4 - 1, bytes: 1 }, { entries: MOST_ENTRIES / 2 }, 'stored'],
  [
    'as much, of one that has room',
    { entries: MOST_ENTRIES / 4, bytes: 1 },
    { entries: MOST_ENTRIES / 2 - 1 },
    'stored',
  ],
] as const)('no sender fills a mailbox alone: who has %s', (_name, share, mailbox, outcome) => {
  const state = known({}, mailbox);
  state.shares.set(shareKey(bilal, amina), share);
  state.shares.set(shareKey(bilal, carla), { entries: MOST_ENTRIES, bytes: MOST_BYTES });
  expect(outcomes(judged(), state)).toEqual([outcome]);
});

it('the same id is answered the same and placed once, also within a batch', () => {
  const state = known();
  const given = judged();
  const first = place(given, state);
  const again = place({ ...given, post: { ...given.post, body: 'other' } }, state);
  expect([again.answer, again.entries, again.accepted]).toEqual([first.answer, [], false]);
  expect(state.mailboxes.get(amina)?.posts).toBe(1);
  expect(state.mailboxes.get(bilal)?.entries).toBe(1);
});

it('an enrolment that has ended places nothing, and takes no epoch from anybody', () => {
  const state = known({ generation: 2 });
  const commit = { conversation: 'A'.repeat(22), epoch: 1 };
  const { answer, entries } = place(judged(postOf([bilal], 'x', { commit })), state);
  expect([answer.outcome, answer.denial?.code, entries, state.commits.size]).toEqual([
    'refused',
    'device_unknown',
    [],
    0,
  ]);
});

it('case 18: of two commits in an epoch the second places nothing; its own again is no rival of itself', () => {
  const state = known();
  const commit = { conversation: 'A'.repeat(22), epoch: 1 };
  const [one, two] = [judged(postOf([bilal], '1', { commit })), judged(postOf([bilal], '2', { commit }))];
  expect([place(one, state).answer.outcome, place(two, state).answer.outcome]).toEqual(['accepted', 'superseded']);
  state.answers.clear();
  expect(place(one, state)).toMatchObject({ answer: { outcome: 'accepted' }, entries: [], accepted: false });
  const next = judged(postOf([bilal], '3', { commit: { ...commit, epoch: 2 } }));
  expect(place(next, state).answer.outcome).toBe('accepted');
  expect(state.mailboxes.get(bilal)?.entries).toBe(2);
});
