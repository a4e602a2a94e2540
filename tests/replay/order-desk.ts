/**
 * Actions on orders through the REST API: propose, sign the exact bytes, be refused. It records the order behind each name of the timeline.
 */
import type { z } from 'zod';
import { approvalResult } from '../../shared/api/order-approvals.ts';
import { orderList, orderView, revisionView } from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import type { Approver } from '../support/people.ts';
import { type Act, type ActOf, exemptLabel, type Terms } from './timeline.ts';

type Revision = z.infer<typeof revisionView>;
export type OrderDeed = Extract<Act, { order: string }>;

interface Known {
  readonly number: string;
  /** Revision that `approve` refers to: the proposal until its adoption, then (null) the newest one. */
  readonly proposed: number | null;
}

interface ApprovalBy {
  /** Names of the signers; null for people who neither proposed nor signed the revision. */
  readonly names: readonly string[] | null;
  /** Whether each signer also confirms that the revision takes effect immediately. */
  readonly immediate: boolean;
}

const BY_OTHERS: ApprovalBy = { names: null, immediate: false };
const approvalBy = ({ by, immediate }: ActOf<'approve'>): ApprovalBy => ({
  names: by ?? null,
  immediate: immediate ?? false,
});

export class OrderDesk {
  readonly #people: ReadonlyMap<string, Approver>;
  readonly #groups: ReadonlyMap<string, string>;
  readonly #zone: string;
  readonly #orders = new Map<string, Known>();

  /** `groups`: label → identifier of the group with that label's devices. */
  constructor(people: ReadonlyMap<string, Approver>, groups: ReadonlyMap<string, string>, zone: string) {
    this.#people = people;
    this.#groups = groups;
    this.#zone = zone;
  }

  /** The server's number of the order with this name in the timeline; the name itself while none exists. */
  numberOf(name: string): string {
    return this.#orders.get(name)?.number ?? name;
  }

  /** Throws `CordonError` if the server refuses the action, also for an approval that needs another person. */
  async perform(deed: OrderDeed): Promise<void> {
    switch (deed.do) {
      case 'propose':
        return await this.#propose(deed);
      case 'approve': {
        const { number, proposed } = this.#known(deed.order);
        const revision = proposed ?? (await this.#order(number)).latestRevision;
        await this.#approve(number, revision, approvalBy(deed));
        this.#orders.set(deed.order, { number, proposed: null });
        return;
      }
      case 'revise':
        return await this.#act(deed, this.#changes(deed), 2);
      case 'extend':
        return await this.#act(deed, { effective: deed.effective }, 2);
      case 'pause':
        return await this.#act(deed, {}, 1);
      case 'resume':
      case 'exit':
      case 'withdraw':
        return await this.#act(deed, {}, 2);
    }
  }

  /** The server died during `perform`: does the remaining part. */
  async finish(deed: OrderDeed): Promise<void> {
    const { orders } = await this.#anyone().api.call('GET', '/orders', orderList);
    if (deed.do === 'propose') {
      const made = orders.find(({ title }) => title === deed.order);
      if (!made) return await this.perform(deed);
      this.#orders.set(deed.order, { number: made.number, proposed: made.latestRevision });
      return;
    }
    const { number, proposed } = this.#known(deed.order);
    const { revisions, latestRevision } = await this.#order(number);
    const isIt = ({ revision, action, proposedAt }: (typeof revisions)[number]) =>
      deed.do === 'approve' ? revision === (proposed ?? latestRevision) : action === deed.do && proposedAt === deed.at;
    const made = revisions.find(isIt);
    if (!made) return await this.perform(deed);
    if (made.state === 'waiting') {
      const how = deed.do === 'approve' ? approvalBy(deed) : BY_OTHERS;
      await this.#approve(number, made.revision, how, deed.do === 'pause' ? 1 : 2);
    }
    this.#orders.set(deed.order, { number, proposed: null });
  }

  /** State of the orders that a refused action must not change. */
  async standing(): Promise<string> {
    return JSON.stringify(await this.#anyone().api.call('GET', '/orders', orderList));
  }

  #known(name: string): Known {
    const known = this.#orders.get(name);
    if (!known) throw new Error(`the order "${name}" was never accepted by the server`);
    return known;
  }

  #person(name: string): Approver {
    const person = this.#people.get(name);
    if (!person) throw new Error(`nobody is called ${name}`);
    return person;
  }

  #anyone(): Approver {
    return this.#person('proposer');
  }

  #order(number: string): Promise<z.infer<typeof orderView>> {
    return this.#anyone().api.call('GET', `/orders/${number}`, orderView);
  }

  #changes({ exempt, answers, ...terms }: Terms): object {
    const { areas, services, nexus, effective, until, mode, unknown, stale, contested, visitors, travelers } = terms;
    const { waiting, disputed, authority, addressee, instrument, statement } = terms;
    const { receivedOn, answerBy, provenance, notice, publication, noticePlan, exportWindow } = terms;
    const groups = exempt?.map((one) => {
      const { label: _label, ...said } = typeof one === 'string' ? { label: one } : one;
      return { group: this.#groups.get(exemptLabel(one)), ...said };
    });
    // JSON omits undefined fields.
    return {
      areas,
      services,
      nexus,
      effective,
      until,
      mode,
      unknown,
      stale,
      contested,
      visitors,
      travelers,
      waiting,
      disputed,
      authority,
      addressee,
      instrument,
      statement,
      exempt: groups,
      receivedOn,
      answerBy,
      provenance,
      notice,
      publication,
      noticePlan,
      exportWindow,
      answers: answers == null ? answers : this.numberOf(answers),
    };
  }

  async #propose(deed: ActOf<'propose'>): Promise<void> {
    const said = JSON.parse(JSON.stringify(this.#changes(deed)));
    const proposal = {
      title: deed.order,
      zone: this.#zone,
      mode: 'suspend',
      unknown: 'allow',
      contested: 'allow',
      visitors: 'P0D',
      travelers: 'allow',
      authority: 'not said',
      addressee: 'not said',
      instrument: 'not said',
      statement: { en: 'Not said.' },
      appeal: 'the people who replay this',
      ...said,
    };
    const languages = Object.keys(proposal.statement);
    const authoritativeLanguage = languages.includes('en') ? 'en' : languages[0];
    Object.assign(proposal, { authoritativeLanguage });
    const { order, revision } = await this.#person(deed.by).api.call('POST', '/orders', revisionView, proposal);
    this.#orders.set(deed.order, { number: order, proposed: revision });
  }

  async #act(
    deed: Exclude<OrderDeed, { do: 'propose' | 'approve' }>,
    changes: object,
    approvers: 1 | 2,
  ): Promise<void> {
    const { number } = this.#known(deed.order);
    const path = `/orders/${number}/revisions`;
    const body = { action: deed.do, ...changes };
    const made = await this.#person(deed.by).api.call('POST', path, revisionView, body);
    if (made.state === 'requested') await this.#confirmReplacement(made);
    await this.#approve(number, made.revision, BY_OTHERS, approvers);
  }

  /** A second person consents that the revision replaces the pending one. */
  async #confirmReplacement(made: Revision): Promise<void> {
    const [second] = await this.#free(made);
    if (!second) throw new Error(`nobody is left who could confirm revision ${made.revision} of ${made.order}`);
    const path = `/orders/${made.order}/revisions/${made.revision}/replacement`;
    await second.api.call('POST', path, revisionView);
  }

  /** Default approvers: people who neither proposed nor signed the revision, until its adoption, at most `most`. */
  async #approve(number: string, revision: number, { names, immediate }: ApprovalBy, most = 2): Promise<void> {
    const path = `/orders/${number}/revisions/${revision}`;
    const shown = await this.#anyone().api.call('GET', path, revisionView);
    const signers = names?.map((name) => this.#person(name)) ?? (await this.#free(shown)).slice(0, most);
    let adopted = false;
    for (const person of signers) {
      if (adopted && !names) break;
      const body = approvalOf(person.key, shown.payload, { immediate });
      const result = await person.api.call('POST', `${path}/approvals`, approvalResult, body);
      adopted = result.adopted;
      if (!adopted && person === signers.at(-1)) throw new CordonError('second_approver_required', result.detail);
    }
    if (signers.length === 0) throw new Error(`nobody is left who could approve revision ${revision} of ${number}`);
  }

  async #free({ order, revision, proposer }: Revision): Promise<Approver[]> {
    const { revisions } = await this.#order(order);
    const signed = revisions.find((one) => one.revision === revision)?.approvals.map(({ person }) => person) ?? [];
    return [...this.#people.values()].filter(({ id }) => id !== proposer && !signed.includes(id));
  }
}
