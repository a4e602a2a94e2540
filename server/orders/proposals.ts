/**
 * Proposals: from what an admin asks for to the exact bytes that approvers will sign. Nothing here takes effect. Proposing and checking a draft
 * are one preparation; the first stops at what stands against it, the other tells all of it.
 */
import { areaName } from '../../shared/areas/area-words.ts';
import { MOST_POLYGONS } from '../../shared/areas/atom.ts';
import { settleGround, signedGround } from '../../shared/areas/disputed-policy.ts';
import { CordonError } from '../../shared/errors.ts';
import { nextStatus, type OrderState as Standing, stateOf } from '../../shared/order/acts.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { DecisionRecord, OrderAct, OrderTerms, Revision } from '../../shared/order/documents.ts';
import { newSalt } from '../../shared/order/exemption.ts';
import { groundIn } from '../../shared/order/order-areas.ts';
import { keptBack } from '../../shared/order/stub.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { crowdedPlace } from './crowded-place.ts';
import { type ExemptDraft, makeExemptions } from './exempt-devices.ts';
import { Objections } from './objections.ts';
import { type OrderState, orderOf } from './order-state.ts';
import type { DecisionRow, Papers } from './papers.ts';
import type { AreasPort, ExemptionRow, FleetPort, OrderStore, PolicyPort, RevisionRow } from './ports.ts';
import { readTerms, type TermsChanges, type TermsDraft, type TermsInput, type TermsRead } from './terms.ts';
import { type RevisionView, readPayload, revisionView } from './views.ts';

export type ExemptInput = readonly (({ readonly device: DeviceId } | { readonly group: GroupId }) & {
  readonly until?: string | null | undefined;
  readonly reason?: string | undefined;
})[];
/** `decision`: kept apart; the terms commit to it. */
interface BesideTerms {
  readonly exempt?: ExemptInput | undefined;
  readonly decision?: DecisionRecord | undefined;
}
export type Proposal = TermsInput & BesideTerms;
export type ActInput = TermsChanges & BesideTerms & { readonly act: Exclude<OrderAct, 'propose'> };
/** What somebody is writing: a new order, or the next revision of one. */
export type OrderDraft = TermsDraft & {
  readonly act: OrderAct;
  /** Its number, for all acts but `propose`. */
  readonly order?: string | undefined;
  readonly exempt?: ExemptDraft | undefined;
  readonly decision?: Readonly<Record<string, string | undefined>> | undefined;
};

/** What a revision grows out of: for a new order, nothing. */
interface Ground {
  readonly order: { readonly number: string; readonly latestRevision: number } | null;
  readonly base: Revision | null;
  readonly previous: string | null;
}

/** A revision that could be proposed, but for its number and who proposes it. */
export interface Prepared extends Ground {
  readonly act: OrderAct;
  readonly status: Revision['status'];
  readonly terms: OrderTerms;
  readonly exemptions: readonly ExemptionRow[];
  readonly decision: DecisionRow | null;
}

export interface Preparation extends Omit<TermsRead, 'terms'> {
  readonly base: Revision | null;
  /** Null while something stands against it. */
  readonly prepared: Prepared | null;
}

export function createProposals(ports: {
  readonly store: OrderStore;
  readonly clock: Clock;
  readonly fleet: FleetPort;
  readonly installation: string;
  readonly appeal: string;
  readonly state: OrderState;
  readonly papers: Pick<Papers, 'check' | 'commit'>;
  readonly areas: AreasPort;
  readonly policy: PolicyPort;
}) {
  const { store, clock, fleet, installation, appeal, state, papers, areas, policy } = ports;

  async function groundOf(number: string): Promise<Ground & { readonly stands: Standing }> {
    const order = await orderOf(store, number);
    if (order.adoptedRevision !== (state.accepted().get(number)?.revision.revision ?? null)) await state.load();
    const adopted = state.accepted().get(number) ?? null;
    const latest = (await store.revisions(number)).at(-1);
    const base = adopted?.revision ?? (latest && readPayload(latest.payload));
    if (!base) throw new CordonError('not_found', `Order ${number} has no revision.`);
    return { order, base, previous: adopted?.digest ?? null, stands: stateOf(adopted, clock.now()) };
  }

  async function startOf({ act, order }: OrderDraft): Promise<Ground & { readonly stands: Standing }> {
    if (order !== undefined) return groundOf(order);
    if (act === 'propose') return { order: null, base: null, previous: null, stands: 'none' };
    throw new CordonError('invalid_input', `Say which order to ${act}.`);
  }

  /** Everything that proposing decides; stores nothing. */
  async function prepare(draft: OrderDraft, objections: Objections): Promise<Preparation> {
    const { act, order: _order, exempt, decision, ...written } = draft;
    const ground = await objections.wait('order', () => startOf(draft));
    if (!ground) return { base: null, effective: null, until: null, prepared: null };
    const { base } = ground;
    const status = objections.try('act', () => nextStatus(ground.stands, act));
    for (const [field, given, what] of [
      ['exempt', exempt, 'who is exempt'],
      ['decision', decision, 'its decision record'],
    ] as const) {
      if (!given || act === 'revise' || act === 'propose') continue;
      objections.add(field, 'invalid_input', `To ${act} an order changes nothing of ${what}: revise it instead.`);
    }
    const { answers } = written;
    if (answers != null && answers === draft.order) {
      objections.add('answers', 'invalid_input', 'An order does not answer itself.');
    } else if (answers != null) await objections.wait('answers', () => orderOf(store, answers));
    const from = { base: base?.terms ?? null, appeal };
    const { terms: read, effective, until } = readTerms(act, written, from, clock.now(), objections);
    if (read?.documents && read.documents !== base?.terms.documents) await papers.check(read, objections);
    const committed = decision ? objections.try('decision', () => papers.commit(decision)) : undefined;
    const defined = read && written.areas ? await define(read, objections) : read;
    if (defined?.polygons && status !== 'withdrawn') await checkRoom(defined, draft.order, base, objections);
    const mapped = defined && { ...defined, disputed: await mapOf(defined, written, base) };
    const terms = mapped && committed ? { ...mapped, internal: committed.commitment } : mapped;
    const kept = base ? await store.exemptions(base.order, base.revision) : [];
    const exemptions = exempt
      ? await makeExemptions(exempt, kept, fleet, { terms, now: clock.now(), objections })
      : kept;
    const sound = terms && status && objections.all.length === 0;
    const prepared = sound ? { ...ground, act, status, terms, exemptions, decision: committed ?? null } : null;
    if (prepared) {
      const document = documentOf(prepared, prepared.order?.number ?? '', '');
      objections.try('order', () => state.requireRoom(document, canonicalText(document)));
    }
    return { base, effective, until, prepared: objections.all.length === 0 ? prepared : null };
  }

  /** What its areas mean stands in the order itself: what the words mean elsewhere may change, what was signed does not. */
  async function define(read: OrderTerms, objections: Objections): Promise<OrderTerms | null> {
    const { groups: _groups, polygons: _polygons, ...terms } = read;
    const defined = await objections.wait('areas', () => areas.definitionsOf(terms.areas));
    return defined ? { ...terms, ...defined } : null;
  }

  /** Two orders that wait may be approved at once: each counts. */
  async function checkRoom(
    terms: OrderTerms,
    order: string | undefined,
    base: Revision | null,
    objections: Objections,
  ): Promise<void> {
    const now = clock.now();
    const counts = ({ status, terms: { until } }: Revision) =>
      status !== 'withdrawn' && (until === null || now < Date.parse(until));
    const adopted = [...state.accepted().values()].map(({ revision }) => revision);
    const waiting = (await store.waitingRevisions()).map(({ payload }) => readPayload(payload));
    const others = [...adopted, ...waiting].filter((each) => each.order !== order && counts(each));
    const crowded = crowdedPlace(
      terms,
      base && counts(base) ? base.terms : null,
      others.map((each) => each.terms),
    );
    if (!crowded) return;
    const { place, polygons } = crowded;
    const detail = `With this ${polygons} polygons of orders would touch ${areaName(place)} (${place}), and a device says of ${MOST_POLYGONS} whether it is in them: draw several as one, or withdraw an order that is not needed any more.`;
    objections.add('areas', 'invalid_input', detail, { area: place });
  }

  /**
   * Where the order puts disputed ground. What nobody says of ground that its areas touch, the policy in force says. A revision that speaks of neither
   * leaves the map as it was signed; one that changes the areas alone leaves what was signed of the ground that they touched before.
   */
  async function mapOf(
    terms: OrderTerms,
    { disputed, areas: named }: TermsDraft,
    base: Revision | null,
  ): Promise<OrderTerms['disputed']> {
    if (base && disputed === undefined && named === undefined) return terms.disputed;
    const signed = base ? signedGround(groundIn(base.terms), base.terms.disputed) : {};
    return settleGround(groundIn(terms), disputed ?? signed, await policy.groundMap());
  }

  /** The document to be signed. */
  function documentOf(prepared: Prepared, order: string, proposer: string): Revision {
    const { act, base, previous, status, terms, exemptions } = prepared;
    const now = new Date(clock.now()).toISOString();
    return {
      installation,
      order,
      revision: (prepared.order?.latestRevision ?? 0) + 1,
      previous,
      act,
      proposer,
      proposedAt: now,
      status,
      // One hold without a break has one beginning, whoever proposes it again.
      heldSince: status === 'held' ? (base?.heldSince ?? now) : null,
      terms,
      exempt: exemptions
        .map(({ commitment, until }) => ({ commitment, until: until === null ? null : new Date(until).toISOString() }))
        .sort((a, b) => (a.commitment < b.commitment ? -1 : 1)),
      ...(keptBack(terms, Date.parse(now)) && { salt: newSalt() }),
    };
  }

  async function append(proposer: PersonId, draft: OrderDraft): Promise<RevisionView> {
    const objections = new Objections();
    const { prepared } = await prepare(draft, objections);
    objections.throwFirst();
    if (!prepared) throw new Error('nothing stands against a proposal, and it was not made');
    const document = documentOf(prepared, prepared.order?.number ?? (await nextNumber()), proposer);
    const { order, revision, act, salt } = document;
    const payload = canonicalText(document);
    // As everybody will read it from now on: what cannot be read must not be stored, since nobody could act on it or list it any more.
    readPayload(payload);
    const digest = sha256(payload);
    const row: RevisionRow = {
      order,
      revision,
      act,
      payload,
      digest,
      proposer,
      state: 'waiting',
      proposedAt: Date.parse(document.proposedAt),
      adoptedAt: null,
      listedIn: null,
      approvals: [],
    };
    await store.appendRevision(
      {
        revision: row,
        title: prepared.terms.title,
        exemptions: prepared.exemptions,
        documents: (prepared.terms.documents ?? []).map((document) => document.sha256),
        decision: prepared.decision,
      },
      {
        kind: 'order.revision',
        at: row.proposedAt,
        subject: proposer,
        // Of what is kept from the public not even what is done to it: the digest commits to that.
        public: { order, revision, ...(salt === undefined && { act }), digest },
      },
    );
    return revisionView(row);
  }

  async function nextNumber(): Promise<string> {
    const year = new Date(clock.now()).getUTCFullYear();
    const used = (await store.orders()).map(({ number }) => number.split('-').map(Number));
    const counts = used.flatMap(([of, count]) => (of === year && count !== undefined ? [count] : []));
    // After a restore, lost orders may have the next numbers: a device takes one number for one order.
    const floor = await store.numberFloor();
    const count = Math.max(0, ...counts, floor !== null && year <= floor.through ? floor.floor : 0);
    return `${year}-${String(count + 1).padStart(3, '0')}`;
  }

  return {
    prepare,
    documentOf,
    propose: (proposer: PersonId, proposal: Proposal) => append(proposer, { ...proposal, act: 'propose' }),
    act: (proposer: PersonId, number: string, input: ActInput) => append(proposer, { ...input, order: number }),
  };
}
