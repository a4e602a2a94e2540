/** What people say to each other, at their own agents: write, be refused, and have it. Keeps who has written which text to whom. */
import { CordonError } from '../../shared/errors.ts';
import type { Organisation } from '../support/organisation.ts';
import { inboxAmiss } from './expectation.ts';
import type { Fleet } from './fleet.ts';
import type { ActOf, InboxExpectation, MessageExpectation } from './timeline.ts';

/** As the activation code of a label's device names its person, counted from 0. */
export const userOf = (label: string, index: number) => `${label} ${index + 1}`;

type Ends = Pick<ActOf<'send'>, 'from' | 'to'>;

export class MessageDesk {
  readonly #fleet: (label: string) => Fleet;
  readonly #organisation: Organisation | null;
  /** By its text. */
  readonly #sent = new Map<string, Ends>();

  constructor(fleet: (label: string) => Fleet, organisation: Organisation | null) {
    this.#fleet = fleet;
    this.#organisation = organisation;
  }

  /** What keeps the two from writing to each other: the organisation has confirmed neither or one of them. Null: nothing. */
  async unready({ from, to }: Ends): Promise<string | null> {
    await this.#organisation?.countersign();
    for (const label of [from, to]) {
      const state = await this.#fleet(label).messaging();
      if (state === null || state.state === 'uncertified') return `the organisation has not confirmed ${label}`;
    }
    return null;
  }

  /** Throws `CordonError`, with the order in its context, when it is refused. A text that the device has stored already is not written again. */
  async send({ from, to, text }: ActOf<'send'>): Promise<void> {
    this.#sent.set(text, { from, to });
    if (await this.#fleet(from).said(text)) return;
    const written = await this.#fleet(from).write(userOf(to, 0), text);
    if (!written) throw new Error(`the device of ${from} is enrolled no more`);
    const { refused } = written;
    if (refused !== null) throw new CordonError(refused, written.detail, { order: written.order });
  }

  /** What is otherwise than expected; null when nothing is. `order`: the server's number of the order that it must be because of. */
  async amiss({ text, is }: MessageExpectation, order: string | null): Promise<string | null> {
    const { from, to } = this.#sent.get(text) ?? { from: '', to: '' };
    const [mine, theirs] = [await this.#fleet(from).said(text), await this.#fleet(to).said(text)];
    // Who has seen it has it.
    const state = mine?.state === 'read' ? 'delivered' : (mine?.state ?? 'not there');
    if (state !== is) return `"${text}" is ${state} for who sent it, not ${is}`;
    if (order !== null && mine?.order !== order) return `it is because of ${mine?.order}, not ${order}`;
    if (is === 'delivered' && !theirs) return 'who should have it does not have it';
    if (is !== 'delivered' && theirs) return 'who should not have it has it';
    return null;
  }

  async inboxAmiss({ label, texts }: InboxExpectation): Promise<string | null> {
    const got = await this.#fleet(label).received(0);
    const amiss = inboxAmiss(texts, got, (text) => userOf(this.#sent.get(text)?.from ?? '', 0));
    return amiss === null ? null : `${label} ${amiss}`;
  }
}
