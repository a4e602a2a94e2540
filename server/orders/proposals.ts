/** Proposals: from what an admin asks for to the exact bytes that approvers will sign. Nothing here takes effect. */
import { CordonError } from '../../shared/errors.ts';
import { nextStatus, stateOf } from '../../shared/order/acts.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { OrderAct, OrderTerms, Revision } from '../../shared/order/documents.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { makeExemptions } from './exempt-devices.ts';
import { type OrderState, orderOf } from './order-state.ts';
import type { FleetPort, OrderStore, RevisionRow } from './ports.ts';
import { changeTerms, makeTerms, type TermsChanges, type TermsInput } from './terms.ts';
import { type RevisionView, readPayload, revisionView } from './views.ts';

export type ExemptInput = readonly ({ readonly device: DeviceId } | { readonly group: GroupId })[];
export type Proposal = TermsInput & { readonly exempt?: ExemptInput | undefined };
export type ActInput = TermsChanges & {
  readonly act: Exclude<OrderAct, 'propose'>;
  readonly exempt?: ExemptInput | undefined;
};

export function createProposals(ports: {
  readonly store: OrderStore;
  readonly clock: Clock;
  readonly fleet: FleetPort;
  readonly installation: string;
  readonly appeal: string;
  readonly state: OrderState;
}) {
  const { store, clock, fleet, installation, appeal, state } = ports;

  async function append(
    draft: {
      order: string;
      revision: number;
      act: OrderAct;
      proposer: PersonId;
      base: Revision | null;
      previous: string | null;
    },
    terms: OrderTerms,
    status: Revision['status'],
    exempt: ExemptInput | undefined,
  ): Promise<RevisionView> {
    const now = clock.now();
    const { order, revision, act, proposer, base, previous } = draft;
    const kept = base ? await store.exemptions(order, base.revision) : [];
    const exemptions = exempt ? await makeExemptions(exempt, kept, fleet) : kept;
    const document: Revision = {
      installation,
      order,
      revision,
      previous,
      act,
      proposer,
      proposedAt: new Date(now).toISOString(),
      status,
      // One hold without a break has one beginning, whoever proposes it again.
      heldSince: status === 'held' ? (base?.heldSince ?? new Date(now).toISOString()) : null,
      terms,
      exempt: exemptions
        .map(({ commitment, until }) => ({ commitment, until: until === null ? null : new Date(until).toISOString() }))
        .sort((a, b) => (a.commitment < b.commitment ? -1 : 1)),
    };
    const payload = canonicalText(document);
    const digest = sha256(payload);
    const row: RevisionRow = {
      order,
      revision,
      act,
      payload,
      digest,
      proposer,
      state: 'waiting',
      proposedAt: now,
      adoptedAt: null,
      approvals: [],
    };
    await store.appendRevision(
      { revision: row, title: terms.title, exemptions },
      { kind: 'order.revision', at: now, subject: proposer, public: { order, revision, act, digest } },
    );
    return revisionView(row);
  }

  async function propose(proposer: PersonId, proposal: Proposal): Promise<RevisionView> {
    const { exempt, ...input } = proposal;
    const now = clock.now();
    const terms = makeTerms(input, { appeal }, now);
    const year = String(new Date(now).getUTCFullYear());
    const count = (await store.orders()).filter(({ number }) => number.startsWith(`${year}-`)).length;
    const order = `${year}-${String(count + 1).padStart(3, '0')}`;
    return append(
      { order, revision: 1, act: 'propose', proposer, base: null, previous: null },
      terms,
      'active',
      exempt,
    );
  }

  async function act(proposer: PersonId, number: string, input: ActInput): Promise<RevisionView> {
    const { act: kind, exempt, ...changes } = input;
    const order = await orderOf(store, number);
    if (order.adoptedRevision !== (state.accepted().get(number)?.revision.revision ?? null)) await state.load();
    const adopted = state.accepted().get(number) ?? null;
    const status = nextStatus(stateOf(adopted, clock.now()), kind);
    const latest = (await store.revisions(number)).at(-1);
    const base = adopted?.revision ?? (latest && readPayload(latest.payload));
    if (!base) throw new CordonError('not_found', `Order ${number} has no revision.`);
    if (exempt && kind !== 'revise') {
      throw new CordonError(
        'invalid_input',
        `To ${kind} an order changes nothing of who is exempt: revise it instead.`,
      );
    }
    const terms = changeTerms(base.terms, kind, changes, clock.now());
    const previous = adopted?.digest ?? null;
    return append(
      { order: number, revision: order.latestRevision + 1, act: kind, proposer, base, previous },
      terms,
      status,
      exempt,
    );
  }

  return { propose, act };
}
