/** Messages between people at their own agents: sent, refused, received. It records the author and the recipient of each text. */
import { CordonError } from '../../shared/errors.ts';
import type { Organization } from '../support/organization.ts';
import { inboxAmiss } from './expectation.ts';
import type { Fleet } from './fleet.ts';
import type { ActOf, InboxExpectation, MessageExpectation } from './timeline.ts';

/** Name as in the activation code of a label's device, counted from 0. */
export const userOf = (label: string, index: number) => `${label} ${index + 1}`;

type Ends = Pick<ActOf<'send'>, 'from' | 'to'>;

export class MessageDesk {
  readonly #fleet: (label: string) => Fleet;
  readonly #organization: Organization | null;
  /** Message by its text. */
  readonly #sent = new Map<string, Ends>();

  constructor(fleet: (label: string) => Fleet, organization: Organization | null) {
    this.#fleet = fleet;
    this.#organization = organization;
  }

  /** Reason why the two cannot write to each other: the organization has not confirmed one or both of their devices. Null: none. */
  async unready({ from, to }: Ends): Promise<string | null> {
    await this.#organization?.countersign();
    for (const label of [from, to]) {
      const state = await this.#fleet(label).messaging();
      if (state === null || state.state === 'uncertified') return `the organization has not confirmed ${label}`;
    }
    return null;
  }

  /**
   * Throws `CordonError` with the order in its context if the message is refused. A text that the device has stored already is not sent
   * again.
   */
  async send({ from, to, text }: ActOf<'send'>): Promise<void> {
    this.#sent.set(text, { from, to });
    if (await this.#fleet(from).said(text)) return;
    const written = await this.#fleet(from).write(userOf(to, 0), text);
    if (!written) throw new Error(`the device of ${from} is enrolled no more`);
    const { refused } = written;
    if (refused !== null) throw new CordonError(refused, written.detail, { order: written.order });
  }

  /** Difference from the expectation; null for none. `order`: the server's number of the order that must be the reason. */
  async amiss({ text, is }: MessageExpectation, order: string | null): Promise<string | null> {
    const { from, to } = this.#sent.get(text) ?? { from: '', to: '' };
    const [mine, theirs] = [await this.#fleet(from).said(text), await this.#fleet(to).said(text)];
    // A recipient who has seen the message has received it.
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
