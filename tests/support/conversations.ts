/** Devices that exchange MLS messages over a minimal delivery service, which orders commits and keeps one inbox for each device. */

import { expect } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import type { Content } from '../../shared/seal/content.ts';
import {
  type Change,
  type Commit,
  commitChange,
  createConversation,
  epochOf,
  newConversationId,
  sealContent,
} from '../../shared/seal/conversation.ts';
import { joinConversation } from '../../shared/seal/join.ts';
import { makeKeyPackage, type NewKeyPackage } from '../../shared/seal/key-package.ts';
import { type Opened, openMessage } from '../../shared/seal/open.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Authenticate, Self } from '../../shared/seal/terms.ts';
import { codeOfAsync as codeOf } from './code-of.ts';

export const anybody: Authenticate = async () => true;

export async function enroll(generation = 1): Promise<Self> {
  return { device: newDeviceId(), generation, key: await makeSigningKey() };
}

export function text(words: string): Extract<Content, { type: 'text' }> {
  return { type: 'text', id: crypto.randomUUID(), at: 1, text: words, attachments: [], after: null, ledger: null };
}

export interface Talker {
  readonly self: Self;
  state: Uint8Array;
  /** Adds and removes members. The author applies the commit at once, as if the server had accepted it. */
  commit(change: Partial<Change>, authenticate?: Authenticate): Promise<Commit>;
  say(words: string): Promise<Uint8Array>;
  open(message: Uint8Array, authenticate?: Authenticate): Promise<Opened>;
  epoch(): number;
}

export function talker(self: Self, state: Uint8Array): Talker {
  const it: Talker = {
    self,
    state,
    commit: async ({ add = [], remove = [] }, authenticate = anybody) => {
      const made = await commitChange(it.state, { add, remove }, { now: Date.now(), authenticate });
      it.state = made.next;
      return made;
    },
    say: async (words) => {
      const { state: next, message } = await sealContent(it.state, text(words));
      it.state = next;
      return message;
    },
    open: async (message, authenticate = anybody) => {
      const opened = await openMessage(it.state, message, authenticate);
      it.state = opened.state;
      return opened;
    },
    epoch: () => epochOf(it.state),
  };
  return it;
}

export const packageOf = (self: Self, lastResort = false): Promise<NewKeyPackage> =>
  makeKeyPackage(self, { now: Date.now(), lastResort });

export async function join(self: Self, { welcome }: Commit, { privatePackage }: NewKeyPackage): Promise<Talker> {
  if (!welcome) throw new Error('nobody was welcomed');
  return talker(self, (await joinConversation(welcome, privatePackage, self, anybody)).state);
}

/** A conversation with this number of members. The first member created it and added all others in one commit. */
export async function conversationOfMany(count: number): Promise<readonly [Talker, ...Talker[]]> {
  const self = await enroll();
  const first = talker(self, await createConversation(self, newConversationId(), Date.now()));
  const others = await Promise.all(Array.from({ length: count - 1 }, () => enroll()));
  const packages = await Promise.all(others.map((other) => packageOf(other)));
  if (others.length === 0) return [first];
  const commit = await first.commit({ add: packages.map(({ publicPackage }) => publicPackage) });
  const joined: Talker[] = [];
  for (const [at, other] of others.entries()) {
    const its = packages[at];
    if (its) joined.push(await join(other, commit, its));
  }
  return [first, ...joined];
}

export const flip = (bytes: Uint8Array, at: number, bit: number) => {
  const flipped = bytes.slice();
  flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
  return flipped;
};
/** Expects that the message is refused with one of these codes, and that the state stays the same byte for byte. */
export async function refused(one: Talker, message: Uint8Array, codes: readonly string[]): Promise<void> {
  const before = one.state.slice();
  expect(codes).toContain(await codeOf(one.open(message)));
  expect(one.state).toEqual(before);
}
