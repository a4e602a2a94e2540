/** Creation of proposals, from an admin's input to the exact bytes that approvers sign. A proposal has no effect on devices. */
import { canonicalText } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import type { ActionBasis, DecisionRecord, OrderAction } from '../../../shared/order/documents.ts';
import type { DeviceId, GroupId, PersonId } from '../../../shared/protocol/ids.ts';
import { peopleOf } from '../../independence/independence.ts';
import { type RevisionView, revisionView } from '../adoption/order-views.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import type { ApproverStore, ProposalStore, RevisionRow } from '../ports.ts';
import { Objections } from './objections.ts';
import { documentsOf } from './order-documents.ts';
import { createPreparation, type OrderDraft, type PreparationPorts } from './preparation.ts';
import type { TermsChanges, TermsInput } from './terms.ts';

export type ExemptInput = readonly (({ readonly device: DeviceId } | { readonly group: GroupId }) & {
  readonly until?: string | null | undefined;
  readonly reason?: string | undefined;
})[];
/**
 * Parts of a proposed revision of an order that are not in the order's terms: exempt devices, and internal reasons (`decision`). The
 * internal reasons stay secret, so the terms contain only a salted hash of them.
 */
interface BesideTerms {
  readonly exempt?: ExemptInput | undefined;
  readonly decision?: DecisionRecord | undefined;
}
export type Proposal = TermsInput & BesideTerms;
export type ActionInput = TermsChanges &
  BesideTerms & { readonly action: Exclude<OrderAction, 'propose'>; readonly basis?: ActionBasis | undefined };
export type Proposals = ReturnType<typeof createProposals>;

export function createProposals(
  ports: PreparationPorts & {
    readonly approvers: Pick<ApproverStore, 'people'>;
    readonly store: Pick<ProposalStore, 'appendRevision' | 'numberFloor'>;
  },
) {
  const { orders, approvers, store, clock } = ports;
  const { prepare, documentOf } = createPreparation(ports);

  async function append(proposer: PersonId, draft: OrderDraft): Promise<RevisionView> {
    const objections = new Objections();
    const { prepared } = await prepare(draft, objections);
    objections.throwFirst();
    if (!prepared) throw new Error('a draft without objections was not prepared');
    const document = documentOf(prepared, prepared.order?.number ?? (await nextNumber()), proposer);
    const { order, revision, action, salt } = document;
    const payload = canonicalText(document);
    // Make sure that the revision can be parsed before it is stored. The server could neither show nor change an order with an unreadable
    // revision.
    readPayload(payload);
    const digest = sha256(payload);
    const row: RevisionRow = {
      order,
      revision,
      action,
      payload,
      digest,
      proposer,
      state: await stateFor(proposer, order),
      proposedAt: Date.parse(document.proposedAt),
      adoptedAt: null,
      endedAt: null,
      endedBy: null,
      endReason: null,
      listedIn: null,
      approvals: [],
    };
    await store.appendRevision(
      {
        revision: row,
        title: prepared.terms.title,
        exemptions: prepared.exemptions,
        documents: [...new Set(documentsOf(document).map(({ sha256: hash }) => hash))],
        decision: prepared.decision,
      },
      {
        kind: 'order.revision',
        at: row.proposedAt,
        subject: proposer,
        // The ledger entry of a withheld order does not name the action, but its digest commits to the action.
        public: { order, revision, ...(salt === undefined && { action }), digest },
      },
    );
    return revisionView(row, [row], row.proposedAt);
  }

  /**
   * If a new proposal would replace another person's pending proposal, a second person must consent. Proposers may replace their own
   * proposals, because they could also retract them.
   */
  async function stateFor(proposer: PersonId, order: string): Promise<'waiting' | 'requested'> {
    const pending = (await orders.revisions(order)).find((each) => each.state === 'waiting');
    if (!pending) return 'waiting';
    return peopleOf(await approvers.people()).isSame(pending.proposer, proposer) ? 'waiting' : 'requested';
  }

  async function nextNumber(): Promise<string> {
    const year = new Date(clock.now()).getUTCFullYear();
    const used = (await orders.orders()).map(({ number }) => number.split('-').map(Number));
    const counts = used.flatMap(([of, count]) => (of === year && count !== undefined ? [count] : []));
    // After a restore from a backup, skip numbers that lost orders may have, because a device accepts only one order for each number.
    const floor = await store.numberFloor();
    const count = Math.max(0, ...counts, floor !== null && year <= floor.through ? floor.floor : 0);
    return `${year}-${String(count + 1).padStart(3, '0')}`;
  }

  return {
    prepare,
    documentOf,
    propose: (proposer: PersonId, proposal: Proposal) => append(proposer, { ...proposal, action: 'propose' }),
    proposeAction: (proposer: PersonId, number: string, input: ActionInput) =>
      append(proposer, { ...input, order: number }),
  };
}
