/** Check of the sealed layer by an implementation of RFC 9420 that shares no code with it. */
import { expect, it } from 'vitest';
import { conversationOf, membersOf } from '../../shared/seal/conversation.ts';
import { readPrivatePackage } from '../../shared/seal/key-package.ts';
import { anybody, conversationOfMany, enroll, packageOf, type Talker } from '../support/conversations.ts';
import { joinByTheBook } from '../support/mls-by-the-book.ts';

it.each([1, 2, 3, 5, 9])('a newcomer to a conversation of %i joins and reads by the RFC alone', async (count) => {
  const talkers: Talker[] = [...(await conversationOfMany(count))];
  const [first] = talkers as [Talker];
  // Part of the tree is blank, part of it renewed.
  if (count > 3) {
    const change = await first.commit({ remove: [2] });
    talkers.splice(2, 1);
    for (const one of talkers.slice(1)) await one.open(change.commit, anybody);
  }
  const self = await enroll(3);
  const its = await packageOf(self);
  const made = await first.commit({ add: [its.publicPackage] });
  for (const one of talkers.slice(1)) await one.open(made.commit);
  const { keys } = readPrivatePackage(its.privatePackage, self);
  const reader = joinByTheBook(made.welcome!, its.publicPackage, keys.initPrivateKey);

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
      // Padded to its bucket: 0x80, then zeroes.
      expect(data.length % 256).toBe(0);
      const json = data.subarray(0, data.lastIndexOf(0x80));
      expect(JSON.parse(new TextDecoder().decode(json))).toMatchObject({ type: 'text', text: words });
    }
  }
  const spoilt = made.welcome!.slice();
  spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1;
  expect(() => joinByTheBook(spoilt, its.publicPackage, keys.initPrivateKey)).toThrow();
});
