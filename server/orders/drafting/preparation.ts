/** Builds a revision from an admin's draft, to create a proposal or only to check a form. */
import { CordonError } from '../../../shared/errors.ts';
import { nextStatus, type OrderState, stateOf } from '../../../shared/order/action-outcomes.ts';
import { canonicalText } from '../../../shared/order/canonical.ts';
import type { ActionBasis, OrderAction, OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { newSalt } from '../../../shared/order/exemption.ts';
import { requiresWithholding } from '../../../shared/order/stub.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import type { DecisionRow, ExemptionRow, FleetPort, OrderStore } from '../ports.ts';
import { readBasis } from './basis.ts';
import { createDraftAreas, type DraftAreasPorts } from './draft-areas.ts';
import { type ExemptDraft, makeExemptions } from './exemptions.ts';
import type { Objections } from './objections.ts';
import type { OrderDocuments } from './order-documents.ts';
import { readTerms, type TermsDraft, type TermsRead } from './terms.ts';

export type OrderDraft = TermsDraft & {
  readonly action: OrderAction;
  readonly order?: string | undefined;
  readonly exempt?: ExemptDraft | undefined;
  readonly decision?: Readonly<Record<string, string | undefined>> | undefined;
  readonly basis?: unknown;
};

interface DraftBase {
  readonly order: { readonly number: string; readonly revisionFloor: number } | null;
  readonly base: Revision | null;
  readonly previous: string | null;
}

export interface Prepared extends DraftBase {
  readonly action: OrderAction;
  readonly status: Revision['status'];
  readonly terms: OrderTerms;
  readonly exemptions: readonly ExemptionRow[];
  readonly decision: DecisionRow | null;
  readonly basis: ActionBasis | undefined;
}

export interface Preparation extends Omit<TermsRead, 'terms'> {
  readonly base: Revision | null;
  /** The valid revision; null if there are objections to the draft. */
  readonly prepared: Prepared | null;
}

export interface PreparationPorts extends DraftAreasPorts {
  readonly orders: OrderStore;
  readonly fleet: FleetPort;
  readonly installation: string;
  readonly appeal: string;
  readonly state: AdoptedOrders;
  readonly documents: Pick<OrderDocuments, 'check' | 'commit'>;
}

export function createPreparation(ports: PreparationPorts) {
  const { orders, clock, fleet, installation, appeal, state: adopted, documents } = ports;
  const areas = createDraftAreas(ports);

  async function baseOf(number: string): Promise<DraftBase & { readonly state: OrderState }> {
    const order = await orderOf(orders, number);
    if (order.adoptedRevision !== (adopted.accepted().get(number)?.revision.revision ?? null)) await adopted.load();
    const current = adopted.accepted().get(number) ?? null;
    const latest = (await orders.revisions(number)).at(-1);
    const base = current?.revision ?? (latest && readPayload(latest.payload));
    if (!base) throw new CordonError('not_found', `Order ${number} has no revision.`);
    return { order, base, previous: current?.digest ?? null, state: stateOf(current, clock.now()) };
  }

  async function startOf({ action, order }: OrderDraft): Promise<DraftBase & { readonly state: OrderState }> {
    if (order !== undefined) return baseOf(order);
    if (action === 'propose') return { order: null, base: null, previous: null, state: 'none' };
    throw new CordonError('invalid_input', `Name the order for the action “${action}”.`);
  }

  async function prepare(draft: OrderDraft, objections: Objections): Promise<Preparation> {
    const { action, order: _order, exempt, decision, basis: stated, ...written } = draft;
    const start = await objections.wait('order', () => startOf(draft));
    if (!start) return { base: null, effective: null, until: null, prepared: null };
    const { base } = start;
    const status = objections.try('action', () => nextStatus(start.state, action));
    for (const [field, value, what] of [
      ['exempt', exempt, 'the exemptions'],
      ['decision', decision, 'the decision record'],
    ] as const) {
      if (!value || action === 'revise' || action === 'propose') continue;
      objections.add(field, 'invalid_input', `The action “${action}” cannot change ${what}. Revise the order instead.`);
    }
    const { answers } = written;
    if (answers != null && answers === draft.order) {
      objections.add('answers', 'invalid_input', 'An order cannot answer itself. Name another order.');
    } else if (answers != null) await objections.wait('answers', () => orderOf(orders, answers));
    const from = { base: base?.terms ?? null, appeal };
    const { terms: read, effective, until } = readTerms(action, written, from, clock.now(), objections);
    if (read?.documents && read.documents !== base?.terms.documents) await documents.check(read, objections);
    const basis = readBasis(action, stated, objections);
    if (basis?.documents) await documents.check(basis, objections, 'basis.documents');
    const committed = decision ? objections.try('decision', () => documents.commit(decision)) : undefined;
    const defined = read && written.areas ? await areas.withDefinitions(read, objections) : read;
    if (defined?.polygons && status !== 'withdrawn') await areas.checkPolygons(defined, draft.order, base, objections);
    const mapped = defined && { ...defined, disputed: await areas.territoriesOf(defined, written, base) };
    const terms = mapped && committed ? { ...mapped, internal: committed.commitment } : mapped;
    const previous = base ? await orders.exemptions(base.order, base.revision) : [];
    const exemptions = exempt
      ? await makeExemptions(exempt, previous, fleet, { terms, now: clock.now(), objections })
      : previous;
    const isValid = terms && status && objections.all.length === 0;
    const prepared = isValid
      ? { ...start, action, status, terms, exemptions, decision: committed ?? null, basis }
      : null;
    if (prepared) {
      const document = documentOf(prepared, prepared.order?.number ?? '', '');
      objections.try('order', () => adopted.requireRoom(document, canonicalText(document)));
    }
    return { base, effective, until, prepared: objections.all.length === 0 ? prepared : null };
  }

  function documentOf(prepared: Prepared, order: string, proposer: string): Revision {
    const { action, base, previous, status, terms, exemptions, basis } = prepared;
    const now = new Date(clock.now()).toISOString();
    return {
      installation,
      order,
      revision: (prepared.order?.revisionFloor ?? 0) + 1,
      previous,
      action: action,
      proposer,
      proposedAt: now,
      status,
      // A revision that leaves the order paused keeps the start time of the pause.
      pausedSince: status === 'paused' ? (base?.pausedSince ?? now) : null,
      terms,
      ...(basis && { basis }),
      exempt: exemptions
        .map(({ commitment, until }) => ({ commitment, until: until === null ? null : new Date(until).toISOString() }))
        .sort((a, b) => (a.commitment < b.commitment ? -1 : 1)),
      ...(requiresWithholding(terms, Date.parse(now)) && { salt: newSalt() }),
    };
  }

  return { prepare, documentOf };
}
