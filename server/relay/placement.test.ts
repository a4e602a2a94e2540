import { describe, expect, it } from 'vitest';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import { postOf } from '../../tests/support/mailbox-link.ts';
import { MOST_BEGUN } from './conversations.ts';
import { type Known, type Mailbox, MOST_BYTES, MOST_ENTRIES, place, shareKey } from './placement.ts';
import type { JudgedPost } from './ports.ts';

const denial: DenialNotice = {
  code: 'service_denied',
  detail: 'Suspended.',
  order: '2015-001',
  reasons: ['present'],
  appeal: 'the desk',
  by: 'server',
};
const [amina, bilal, carla] = [newDeviceId(), newDeviceId(), newDeviceId()];

function known(...more: Partial<Mailbox>[]): Known {
  const mailboxes = [amina, bilal, ...(more.length > 2 ? [carla] : [])].map((device, index): [DeviceId, Mailbox] => [
    device,
    {
      device,
      generation: 1,
      lastSeq: 0,
      acknowledged: 0,
      posts: 0,
      entries: 0,
      bytes: 0,
      deliveryReports: 0,
      gate: 'open',
      ...more[index],
    },
  ]);
  return {
    responses: new Map(),
    commits: new Map(),
    mailboxes: new Map(mailboxes),
    shares: new Map(),
    conversations: new Map(),
    begun: new Map(),
  };
}
function judged(post = postOf([bilal], 'hello'), waiting: WaitingRule | null = null): JudgedPost {
  const denied = waiting && denial;
  const recipients = post.to.map((device) => ({ device, known: device !== carla, denial: denied, waiting }));
  return { sender: { device: amina, generation: 1 }, post, at: 1, expiresAt: 2, recipients };
}
const outcomes = (given: JudgedPost, state: Known) =>
  place(given, state).response.recipients.map(({ outcome }) => outcome);

it.each([
  ['stored', {}, judged()],
  ['held', {}, judged(postOf([bilal], 'hello'), 'hold')],
  ['held', {}, judged(postOf([bilal], 'hello'), 'deliver')],
  ['refused', {}, judged(postOf([bilal], 'hello'), 'return')],
  ['held', {}, judged(postOf([bilal], 'commit', { keep: true }), 'return')],
  // A milder order than the one that closed the gate: the earlier rule continues.
  ['refused', { gate: 'return' }, judged(postOf([bilal], 'hello'), 'hold')],
  ['held', { gate: 'return' }, judged(postOf([bilal], 'commit', { keep: true }), 'hold')],
  // The order that closed the gate has ended, and the mailbox is not settled yet.
  ['stored', { gate: 'return' }, judged()],
  ['unknown', {}, judged(postOf([carla], 'hello'))],
  ['full', { entries: MOST_ENTRIES }, judged()],
  ['full', { bytes: MOST_BYTES - 7 }, judged()],
  ['stored', { bytes: MOST_BYTES - 8, entries: MOST_ENTRIES - 1 }, judged()],
] as const)('a post to one recipient is %s: %o', (outcome, mailbox, given) => {
  const placed = place(given, known({}, mailbox));
  expect(placed.response).toMatchObject({ outcome: 'accepted', denial: null, recipients: [{ outcome }] });
  expect(placed.response.recipients[0]?.denial ?? null).toBe(
    outcome === 'held' || outcome === 'refused' ? denial : null,
  );
  expect(placed.entries.map(({ heldBy }) => heldBy)).toEqual(
    outcome === 'held' ? ['2015-001'] : outcome === 'stored' ? [null] : [],
  );
});

it('numbers increase within a mailbox, and a batch gives the same result as single posts', () => {
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
] as const)('a sender cannot fill a mailbox alone: with %s', (_name, share, mailbox, outcome) => {
  const state = known({}, mailbox);
  state.shares.set(shareKey(bilal, amina), share);
  state.shares.set(shareKey(bilal, carla), { entries: MOST_ENTRIES, bytes: MOST_BYTES });
  expect(outcomes(judged(), state)).toEqual([outcome]);
});

it('a repeated id gets the same response and is placed once, also within a batch', () => {
  const state = known();
  const given = judged();
  const first = place(given, state);
  const again = place({ ...given, post: { ...given.post, body: 'other' } }, state);
  expect([again.response, again.entries, again.accepted]).toEqual([first.response, [], false]);
  expect(state.mailboxes.get(amina)?.posts).toBe(1);
  expect(state.mailboxes.get(bilal)?.entries).toBe(1);
});

const conversation = 'A'.repeat(22);
const enrolled = (device: DeviceId, generation = 1) => ({ device, generation });
const commitOf = (epoch: number, more: { add?: DeviceId[]; remove?: DeviceId[] } = {}) => ({
  conversation,
  epoch,
  remove: more.remove ?? [],
  add: (more.add ?? []).map((device) => enrolled(device)),
});
/** A batch state in which Amina and Bilal are members, and the next commit is for epoch 1. */
function begun(...mailboxes: Partial<Mailbox>[]): Known {
  const state = known(...mailboxes);
  place(judged(postOf([bilal], 'welcome', { commit: commitOf(0, { add: [bilal] }) })), state);
  return state;
}

it('an ended enrollment places nothing, and its commit does not use the epoch', () => {
  const state = known({ generation: 2 });
  const { response, entries } = place(judged(postOf([bilal], 'x', { commit: commitOf(0) })), state);
  expect([response.outcome, response.denial?.code, entries, state.commits.size]).toEqual([
    'refused',
    'device_unknown',
    [],
    0,
  ]);
});

it('case 18: the second commit in an epoch places nothing; a repetition of the first is no conflict', () => {
  const state = begun();
  const [one, two] = ['1', '2'].map((name) => judged(postOf([bilal], name, { commit: commitOf(1) })));
  if (!one || !two) throw new Error('there are two');
  expect([place(one, state).response.outcome, place(two, state).response.outcome]).toEqual(['accepted', 'superseded']);
  state.responses.clear();
  expect(place(one, state)).toMatchObject({ response: { outcome: 'accepted' }, entries: [], accepted: false });
  const next = judged(postOf([bilal], '3', { commit: commitOf(2) }));
  expect(place(next, state).response.outcome).toBe('accepted');
  expect(state.mailboxes.get(bilal)?.entries).toBe(3);
});

const by = (device: DeviceId, given: JudgedPost, generation = 1): JudgedPost => ({
  ...given,
  sender: { device, generation },
});

describe('case 18: a commit is accepted only for the next epoch, and only from a member', () => {
  it.each([
    ['from a member, for the next epoch', 'accepted', by(bilal, judged(postOf([amina], 'x', { commit: commitOf(1) })))],
    [
      'from a device that is not a member',
      'blocked',
      by(carla, judged(postOf([amina, bilal], 'x', { commit: commitOf(1) }))),
    ],
    ['for an epoch that is ahead', 'blocked', judged(postOf([bilal], 'x', { commit: commitOf(2) }))],
    [
      'for the epoch of its beginning, again',
      'superseded',
      by(carla, judged(postOf([bilal], 'x', { commit: commitOf(0) }))),
    ],
    ['that leaves a member out', 'blocked', judged(postOf([carla], 'x', { commit: commitOf(1) }))],
    [
      'for a conversation that is not known, in a later epoch',
      'blocked',
      judged(postOf([bilal], 'x', { commit: { ...commitOf(1), conversation: 'B'.repeat(22) } })),
    ],
  ] as const)('%s: %s', (_name, outcome, given) => {
    const state = begun({}, {}, {});
    const { response, entries } = place(given, state);
    expect([response.outcome, entries.length > 0]).toEqual([outcome, outcome === 'accepted']);
  });

  it('commits of a stranger for two hundred epochs do not block the members', () => {
    const state = begun({}, {}, {});
    for (let epoch = 1; epoch <= 200; epoch += 1) {
      const claim = by(carla, judged(postOf([bilal], `${epoch}`, { commit: commitOf(epoch) })));
      expect(place(claim, state).response.outcome).toBe('blocked');
    }
    expect(place(judged(postOf([bilal], 'x', { commit: commitOf(1) })), state).response.outcome).toBe('accepted');
  });

  it('a removed member cannot commit; an added member can, in its enrollment only', () => {
    const state = begun({}, {}, {});
    const change = commitOf(1, { add: [carla], remove: [bilal] });
    expect(place(judged(postOf([bilal], 'x', { commit: change })), state).response.outcome).toBe('accepted');
    const next = (from: DeviceId, to: DeviceId) => judged(postOf([to], from, { commit: commitOf(2) }));
    expect(place(by(bilal, next(bilal, amina)), state).response.outcome).toBe('blocked');
    expect(place(by(carla, next(carla, amina)), state).response.outcome).toBe('accepted');
    const again = begun({}, { generation: 2 });
    expect(place(by(bilal, next(bilal, amina), 2), again).response.outcome).toBe('blocked');
    // A member whose enrollment has ended need not receive the commit.
    expect(place(judged(postOf([carla], 'x', { commit: commitOf(1) })), again).response.outcome).toBe('accepted');
  });

  it('an enrollment can register a limited number of conversations', () => {
    const state = known();
    state.begun.set(`${amina} 1`, MOST_BEGUN);
    const { response } = place(judged(postOf([bilal], 'x', { commit: commitOf(0) })), state);
    expect([response.outcome, response.denial?.code]).toEqual(['refused', 'too_many_conversations']);
  });
});
