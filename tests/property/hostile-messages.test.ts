/**
 * Attacks by the server that carries messages, and by a copy of a device: the members refuse each attack with an error code and change
 * nothing.
 */
import { describe, expect, it } from 'vitest';
import { commitChange, createConversation, membersOf, newConversationId } from '../../shared/seal/conversation.ts';
import { joinConversation } from '../../shared/seal/join.ts';
import { readKeyPackage } from '../../shared/seal/key-package.ts';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { codeOfAsync as codeOf } from '../support/code-of.ts';
import {
  anybody,
  conversationOfMany,
  enroll,
  flip,
  join,
  packageOf,
  refused,
  type Talker,
  talker,
} from '../support/conversations.ts';

describe('a server that attacks messages in transit', () => {
  const CHANGED = [
    'message_malformed',
    'message_damaged',
    'conversation_other',
    'epoch_ahead',
    'epoch_past',
    'commit_refused',
  ];

  it('case 21: a changed or truncated message is refused', async () => {
    const [ada, ben] = (await conversationOfMany(2)) as [Talker, Talker];
    // The group has an earlier epoch, so that an attack could confuse the two epochs.
    await ben.open((await ada.commit({})).commit);
    const content = await ada.say('hello');
    for (let at = 0; at < content.length; at += 1) await refused(ben, flip(content, at, at % 8), CHANGED);
    for (let end = 0; end < content.length; end += 7) await refused(ben, content.subarray(0, end), CHANGED);
    await refused(ben, new Uint8Array([...content, 0]), ['message_malformed']);
    expect(await ben.open(content)).toMatchObject({ content: { text: 'hello' } });

    const { commit } = await ada.commit({ add: [(await packageOf(await enroll())).publicPackage] });
    for (let at = 0; at < commit.length; at += at < 80 ? 1 : 11) await refused(ben, flip(commit, at, at % 8), CHANGED);
    for (let end = 0; end < commit.length; end += 97) await refused(ben, commit.subarray(0, end), CHANGED);
    await refused(ben, new Uint8Array(0), ['message_malformed']);
    expect(await ben.open(commit)).toMatchObject({ type: 'commit' });
  });

  it('case 21: a device does not join with a changed or truncated welcome', async () => {
    const ben = await enroll();
    const offered = await packageOf(ben);
    const [ada] = await conversationOfMany(1);
    const { welcome } = await ada.commit({ add: [offered.publicPackage] });
    const open = (bytes: Uint8Array) => codeOf(joinConversation(bytes, offered.privatePackage, ben, anybody));
    for (let at = 0; at < welcome!.length; at += 1) {
      expect(['welcome_invalid', 'message_malformed']).toContain(await open(flip(welcome!, at, at % 8)));
    }
    for (let end = 0; end < welcome!.length; end += 31) {
      expect(['welcome_invalid', 'message_malformed']).toContain(await open(welcome!.subarray(0, end)));
    }
    expect(await open(welcome!)).toBe('accepted');
  });

  it('case 19: reordered messages are decrypted, dropped ones do not prevent that, and repeated ones are refused', async () => {
    const [ada, ben, cyd] = (await conversationOfMany(3)) as [Talker, Talker, Talker];
    const sent = [];
    for (let at = 0; at < 40; at += 1) sent.push(await ada.say(`${at}`));
    // Delivers every second message in reverse order, then repeats these messages, then delivers the others.
    for (let at = 39; at > 0; at -= 2) expect(await ben.open(sent[at]!)).toMatchObject({ content: { text: `${at}` } });
    for (let at = 39; at > 0; at -= 2) await refused(ben, sent[at]!, ['message_replayed']);
    for (let at = 0; at < 40; at += 2) expect(await ben.open(sent[at]!)).toMatchObject({ content: { text: `${at}` } });

    const early = await cyd.say('crossing');
    const { commit } = await ada.commit({});
    const later = await ada.say('after');
    await refused(ben, later, ['epoch_ahead']);
    await ben.open(commit);
    await refused(ben, commit, ['epoch_past']);
    expect(await ben.open(later)).toMatchObject({ content: { text: 'after' }, epoch: 2 });
    expect(await ben.open(early)).toMatchObject({ content: { text: 'crossing' }, epoch: 1 });
    await refused(ben, early, ['message_replayed']);
    const late = await cyd.say('too late');
    for (let at = 0; at < 5; at += 1) await ben.open((await ada.commit({})).commit);
    await refused(ben, late, ['epoch_past']);
  });

  it('case 22: a gap above the limit is reported', async () => {
    const [ada, ben] = (await conversationOfMany(2)) as [Talker, Talker];
    let last = await ada.say('0');
    for (let at = 1; at <= LARGEST_GAP; at += 1) last = await ada.say(`${at}`);
    const beyond = await ada.say('beyond');
    await refused(ben, beyond, ['message_gap']);
    expect(await ben.open(last)).toMatchObject({ content: { text: `${LARGEST_GAP}` } });
    expect(await ben.open(beyond)).toMatchObject({ content: { text: 'beyond' } });
  });

  it('a message that is delivered to another conversation is refused', async () => {
    const [ada] = await conversationOfMany(1);
    const [ben] = await conversationOfMany(1);
    await refused(ben, await ada.say('hello'), ['conversation_other']);
  });
});

describe('two commits in one epoch', () => {
  it('case 18: the device with the refused commit discards it and applies the accepted commit', async () => {
    const [ada, ben, cyd] = (await conversationOfMany(3)) as [Talker, Talker, Talker];
    const dan = await enroll();
    const offered = await packageOf(dan);
    const now = Date.now();
    const won = await ada.commit({ add: [offered.publicPackage] });
    const lost = await commitChange(ben.state, { add: [], remove: [0] }, { now, authenticate: anybody });
    expect([won.epoch, lost.epoch]).toEqual([1, 1]);
    for (const one of [ben, cyd]) await one.open(won.commit);
    await refused(cyd, lost.commit, ['epoch_past']);
    await refused(ada, lost.commit, ['epoch_past']);
    const joined = await join(dan, won, offered);
    const again = await ben.commit({ remove: [0] });
    for (const one of [ada, cyd, joined]) await one.open(again.commit);
    expect(membersOf(joined.state)).toEqual(membersOf(ben.state));
    expect(await joined.open(await cyd.say('hello'))).toMatchObject({ content: { text: 'hello' } });
  });
});

describe('case 20: a device whose state was restored from a copy', () => {
  it('is detected by its recipients and by the original device', async () => {
    const [ada, ben] = (await conversationOfMany(2)) as [Talker, Talker];
    const copy = talker(ada.self, ada.state.slice());
    const first = await ada.say('first');
    await ben.open(first);
    await refused(copy, first, ['state_copied']);
    await refused(ada, first, ['message_replayed']);
    await refused(ben, await copy.say('second'), ['message_replayed']);
    await ben.open((await ada.commit({})).commit);
    await refused(ben, (await copy.commit({})).commit, ['epoch_past']);
    const older = talker(ben.self, ben.state.slice());
    await older.open((await ada.commit({})).commit);
    await refused(ben, await older.say('further'), ['epoch_ahead']);
  });
});

describe('case 16: a last-resort key package', () => {
  it('adds its device to several conversations', async () => {
    const ben = await enroll();
    const offered = await packageOf(ben, true);
    expect(await readKeyPackage(offered.publicPackage, Date.now())).toMatchObject({
      lastResort: true,
      device: ben.device,
    });
    for (let times = 0; times < 2; times += 1) {
      const [ada] = await conversationOfMany(1);
      const joined = await join(ben, await ada.commit({ add: [offered.publicPackage] }), offered);
      expect(await joined.open(await ada.say('hello'))).toMatchObject({ content: { text: 'hello' } });
    }
  });
});

describe('a call with invalid arguments', () => {
  it('throws an error with a stable code', async () => {
    const [ada, ben] = (await conversationOfMany(2)) as [Talker, Talker];
    const offered = await packageOf(await enroll());
    expect(await codeOf(ada.commit({ remove: [0] }))).toBe('invalid_input');
    expect(await codeOf(ada.commit({ remove: [7] }))).toBe('not_found');
    expect(await codeOf(ada.commit({ add: [(await packageOf(ben.self)).publicPackage] }))).toBe('conflict');
    expect(await codeOf(ada.commit({ add: [offered.publicPackage, offered.publicPackage] }))).toBe('conflict');
    expect(await codeOf(createConversation(ada.self, 'short', Date.now()))).toBe('invalid_input');
    expect(newConversationId()).toHaveLength(22);
    for (const damaged of [
      new Uint8Array(0),
      new Uint8Array([2, 3]),
      ada.state.subarray(0, -1),
      new Uint8Array([...ada.state, 0]),
    ]) {
      expect(() => membersOf(damaged)).toThrow(expect.objectContaining({ code: 'conversation_damaged' }));
    }
    const { privatePackage } = offered;
    const { welcome } = await ada.commit({ add: [offered.publicPackage] });
    expect(await codeOf(joinConversation(welcome!, privatePackage, await enroll(), anybody))).toBe('welcome_invalid');
    expect(await codeOf(joinConversation(welcome!, privatePackage.subarray(1), ben.self, anybody))).toBe(
      'key_package_invalid',
    );
  });
});
