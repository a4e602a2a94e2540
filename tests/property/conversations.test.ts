/** Conversations in which random members write, and are added, removed and replaced, in random order. */
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

/** A sent text and its epoch. A device that was not a member in that epoch must never read the text. */
interface SentText {
  readonly words: string;
  readonly message: Uint8Array;
  readonly epoch: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom('say', 'say', 'say', 'add', 'add', 'remove', 'swap', 'refresh', 'rejoin'),
  /** Numbers that select members. */
  by: fc.nat({ max: 1000 }),
  whom: fc.nat({ max: 1000 }),
});

async function play(steps: readonly Step[], beginning: number): Promise<void> {
  let members: Talker[] = [...(await conversationOfMany(beginning))];
  const left: Talker[] = [];
  const sent: SentText[] = [];
  const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!;
  const others = (one: Talker) => members.filter((other) => other !== one);

  const change = async (by: Talker, newcomer: Self | null, leaving: Talker | null) => {
    const offered = newcomer && (await packageOf(newcomer));
    const leaf = leaving && membersOf(by.state).find(({ device }) => device === leaving.self.device);
    const made = await by.commit({ add: offered ? [offered.publicPackage] : [], remove: leaf ? [leaf.leafIndex] : [] });
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
      members = others(leaving);
      left.push(leaving);
    }
    if (newcomer && offered) members.push(await join(newcomer, made, offered));
    for (const one of members) expect(membersOf(one.state)).toEqual(membersOf(by.state));
  };

  for (const [at, { act, by, whom }] of steps.entries()) {
    const actor = pick(members, by);
    const other = members.length > 1 ? pick(others(actor), whom) : null;
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
      sent.push({ words, message, epoch: actor.epoch() });
    }
  }
  // A device that joins now cannot read any earlier text.
  const newcomer = await enroll();
  await change(pick(members, 0), newcomer, null);
  for (const { message } of sent) expect(await codeOf(members.at(-1)!.open(message))).toBe('epoch_past');
}

describe('the messages of a conversation', () => {
  it('case 23: are readable only for the members of their epoch, for any order of changes', async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: 14 });
    await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), play), {
      numRuns: Number(process.env.CORDON_RUNS ?? 12),
    });
  });
});
