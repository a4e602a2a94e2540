/** Conversations under any order of network events and user actions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMember, membersOf } from '../../shared/seal/conversation.ts';
import type { Self } from '../../shared/seal/terms.ts';
import { codeOfAsync as codeOf } from '../support/code-of.ts';
import { conversationOfMany, enroll, join, packageOf, type Talker } from '../support/conversations.ts';

interface Step {
  readonly act: string;
  readonly by: number;
  readonly whom: number;
}

/** Texts by epoch: a device that is not a member then must never read them. */
interface Said {
  readonly words: string;
  readonly message: Uint8Array;
  readonly epoch: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom('say', 'say', 'say', 'add', 'add', 'remove', 'swap', 'refresh', 'rejoin'),
  /** Members among the devices. */
  by: fc.nat({ max: 1000 }),
  whom: fc.nat({ max: 1000 }),
});

async function play(steps: readonly Step[], beginning: number): Promise<void> {
  let there: Talker[] = [...(await conversationOfMany(beginning))];
  const left: Talker[] = [];
  const said: Said[] = [];
  const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!;
  const others = (one: Talker) => there.filter((other) => other !== one);

  const change = async (by: Talker, newcomer: Self | null, leaving: Talker | null) => {
    const its = newcomer && (await packageOf(newcomer));
    const place = leaving && membersOf(by.state).find(({ device }) => device === leaving.self.device);
    const made = await by.commit({ add: its ? [its.publicPackage] : [], remove: place ? [place.leafIndex] : [] });
    for (const one of others(by)) {
      expect(await one.open(made.commit)).toMatchObject({
        type: 'commit',
        by: { device: by.self.device },
        epoch: by.epoch(),
        selfRemoved: one === leaving,
        added: newcomer ? [{ device: newcomer.device, signatureKey: newcomer.key.publicKey }] : [],
        removed: leaving ? [{ device: leaving.self.device }] : [],
      });
    }
    if (leaving) {
      expect(isMember(leaving.state)).toBe(false);
      there = others(leaving);
      left.push(leaving);
    }
    if (newcomer && its) there.push(await join(newcomer, made, its));
    for (const one of there) expect(membersOf(one.state)).toEqual(membersOf(by.state));
  };

  for (const [at, { act, by, whom }] of steps.entries()) {
    const actor = pick(there, by);
    const other = there.length > 1 ? pick(others(actor), whom) : null;
    if (act === 'add') await change(actor, await enroll(), null);
    else if (act === 'refresh') await change(actor, null, null);
    else if (act === 'remove' && other) await change(actor, null, other);
    else if (act === 'swap' && other) await change(actor, await enroll(), other);
    else if (act === 'rejoin' && other) await change(actor, other.self, other);
    else {
      const words = `${at}`;
      const message = await actor.say(words);
      for (const one of others(actor)) {
        expect(await one.open(message)).toMatchObject({
          content: { text: words },
          from: { device: actor.self.device, generation: actor.self.generation },
        });
        expect(await codeOf(one.open(message))).toBe('message_replayed');
      }
      for (const one of left) expect(await codeOf(one.open(message))).toBe('not_a_member');
      said.push({ words, message, epoch: actor.epoch() });
    }
  }
  // A device that joins now reads no earlier text.
  const newcomer = await enroll();
  await change(pick(there, 0), newcomer, null);
  for (const { message } of said) expect(await codeOf(there.at(-1)!.open(message))).toBe('epoch_past');
}

describe('a conversation', () => {
  it('23 is read by those who are in it, in whatever order people come and go', async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: 14 });
    await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), play), {
      numRuns: Number(process.env.CORDON_RUNS ?? 12),
    });
  });
});
