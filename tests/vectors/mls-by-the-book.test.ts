/** Check of `shared/seal` with an implementation of RFC 9420 that shares no code with it. */
import { expect, it } from 'vitest';
import { conversationOf, membersOf } from '../../shared/seal/conversation.ts';
import { readPrivatePackage } from '../../shared/seal/key-package.ts';
import { anybody, conversationOfMany, enroll, packageOf, type Talker } from '../support/conversations.ts';
import { joinByTheBook } from '../support/mls-by-the-book.ts';

it.each([1, 2, 3, 5, 9])(
  'an independent RFC 9420 implementation joins a conversation of %i devices and decrypts its messages',
  async (count) => {
    const talkers: Talker[] = [...(await conversationOfMany(count))];
    const [first] = talkers as [Talker];
    // The removal leaves blank nodes in the tree, and the commit renews others.
    if (count > 3) {
      const change = await first.commit({ remove: [2] });
      talkers.splice(2, 1);
      for (const one of talkers.slice(1)) await one.open(change.commit, anybody);
    }
    const self = await enroll(3);
    const offered = await packageOf(self);
    const made = await first.commit({ add: [offered.publicPackage] });
    for (const one of talkers.slice(1)) await one.open(made.commit);
    const { keys } = readPrivatePackage(offered.privatePackage, self);
    const reader = joinByTheBook(made.welcome!, offered.publicPackage, keys.initPrivateKey);

    expect(reader.epoch).toBe(first.epoch());
    expect(reader.groupId.toBase64({ alphabet: 'base64url', omitPadding: true })).toBe(conversationOf(first.state));
    const known = membersOf(first.state).map(({ leafIndex, signatureKey }) => [leafIndex, signatureKey]);
    expect([...reader.members].map(([leaf, key]) => [leaf, key.toBase64()])).toEqual(known);
    for (const one of talkers) {
      for (const generation of [0, 1, 2]) {
        const words = `${generation} of ${one.self.device}`;
        const { leaf, data, ...read } = reader.read(await one.say(words));
        expect(read.generation).toBe(generation);
        expect(membersOf(first.state).find(({ leafIndex }) => leafIndex === leaf)?.device).toBe(one.self.device);
        // The content is padded to a multiple of 256 bytes: 0x80, then zeros.
        expect(data.length % 256).toBe(0);
        const json = data.subarray(0, data.lastIndexOf(0x80));
        expect(JSON.parse(new TextDecoder().decode(json))).toMatchObject({ type: 'text', text: words });
      }
    }
    const damaged = made.welcome!.slice();
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    expect(() => joinByTheBook(damaged, offered.publicPackage, keys.initPrivateKey)).toThrow();
  },
);
