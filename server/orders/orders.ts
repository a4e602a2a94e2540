/**
 * Orders: proposed, approved, listed, carried to devices, and answered for. The server records and publishes here; it decides nothing, since
 * every revision and every root takes effect by the signatures of approvers alone. Rules are in `acts.ts`, `terms.ts`, `adoption.ts` and
 * `shared/order`; this file puts them to the store, one act at a time.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Root } from '../../shared/order/approvers.ts';
import { encodeCanonical, sha256 } from '../../shared/order/canonical.ts';
import {
  type Envelope,
  type OrderAct,
  type OrderTerms,
  PAYLOAD_TYPES,
  type Receipt,
  type Revision,
} from '../../shared/order/documents.ts';
import { pae, type Signer, verifySignature } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import {
  type DeviceFacts,
  type OrderRule,
  type Reason,
  SERVICES,
  type Service,
  type Verdict,
} from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import { nextStatus, stateOf } from './acts.ts';
import { decideApproval } from './adoption.ts';
import { makeExemptions } from './exempt-devices.ts';
import { type OrderState, openOrderState } from './order-state.ts';
import type { ApprovalRow, FleetPort, JurisdictionPort, Log, OrderStore, RevisionRow } from './ports.ts';
import { createReceipts } from './receipts.ts';
import { nextRecord } from './records.ts';
import { createRoots, type RootView } from './roots.ts';
import { changeTerms, makeTerms, type TermsChanges, type TermsInput } from './terms.ts';
import { createVerdicts } from './verdicts.ts';
import { type OrderView, orderView, type RevisionView, readPayload, revisionView } from './views.ts';

export type ExemptInput = readonly ({ readonly device: DeviceId } | { readonly group: GroupId })[];
export type Proposal = TermsInput & { readonly exempt?: ExemptInput | undefined };
export type ActInput = TermsChanges & {
  readonly act: Exclude<OrderAct, 'propose'>;
  readonly exempt?: ExemptInput | undefined;
};

/** `adopted: false` carries `second_approver_required`: recorded, and one more person is missing. */
export interface ApprovalResult {
  readonly adopted: boolean;
  readonly code: 'second_approver_required' | null;
  readonly detail: string;
}

export interface Affected {
  readonly device: DeviceId;
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
}

export interface Orders {
  /** Takes up what the store holds and schedules it: what came due while nothing ran is in force at once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  propose(proposer: PersonId, proposal: Proposal): Promise<RevisionView>;
  act(proposer: PersonId, order: string, input: ActInput): Promise<RevisionView>;
  approve(
    approver: PersonId,
    order: string,
    revision: number,
    approval: { readonly keyid: string; readonly signature: string },
  ): Promise<ApprovalResult>;
  get(order: string): Promise<OrderView>;
  list(): Promise<OrderView[]>;
  revision(order: string, revision: number): Promise<RevisionView>;
  /** Whom the order would deny now, were it in force: a rehearsal on the facts of this moment. */
  affected(order: string): Promise<Affected[]>;
  rules(): readonly OrderRule[];
  /** Null before the first root of approvers is adopted. */
  currentList(): { readonly version: number; readonly envelope: Envelope } | null;
  /** Version of the root in force; 0 before the first. */
  rootVersion(): number;
  /** Adopted roots, oldest first. */
  roots(): readonly Envelope[];
  approvers(): Promise<{ readonly current: RootView | null; readonly waiting: RootView | null }>;
  proposeRoot(proposal: { readonly threshold: number; readonly keyids: readonly string[] }): Promise<RootView>;
  signRoot(
    signer: PersonId,
    version: number,
    signature: { readonly keyid: string; readonly signature: string },
  ): Promise<RootView>;
  /** Orders whose approvers are no longer all in the root: new devices do not believe them until somebody approves again. */
  uncovered(): readonly string[];
  record(device: DeviceId): Promise<{ readonly version: number; readonly envelope: Envelope } | null>;
  /** Makes the record anew if what it says has changed, and wakes the device. True when it did. */
  reissueRecord(device: DeviceId): Promise<boolean>;
  cachedVerdict(device: DeviceId): Verdict | undefined;
  /** Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  invalidateVerdicts(devices: readonly DeviceId[]): void;
  storeReceipt(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
  /** Verified receipts about one order, newest first. */
  receipts(order: string): Promise<readonly StoredReceipt[]>;
}

export interface StoredReceipt {
  readonly device: DeviceId;
  readonly generation: number;
  readonly receipt: Receipt;
}

export interface OrderPorts {
  readonly store: OrderStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly online: Signer & { readonly publicKey: string };
  readonly fleet: FleetPort;
  readonly jurisdiction: JurisdictionPort;
  readonly installation: string;
  /** Whom a person who is denied can turn to, when an order does not say. */
  readonly appeal: string;
  readonly log: Log;
}

/** How often an act is tried again when another node was faster. */
const ATTEMPTS = 5;

export function createOrders(ports: OrderPorts): Orders {
  const { store, clock, bus, online, fleet, jurisdiction, installation, appeal, log } = ports;
  const state: OrderState = openOrderState({ store, clock, online, installation, log, changed: listChanged });
  const verdicts = createVerdicts({ clock, bus, log, rules: state.rules, facts, affectedBy: jurisdiction.affectedBy });
  const receipts = createReceipts({ installation, store, clock, fleet, log });
  const roots = createRoots({ store, clock, online, installation, state });

  /** Acts run one after the other; another node's are met by conditional updates, and then the act is decided anew. */
  let last: Promise<unknown> = Promise.resolve();
  function serially<T>(act: () => Promise<T>): Promise<T> {
    const run = last.then(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await act();
        } catch (error) {
          if (!isCordonError(error, 'conflict') || attempt === ATTEMPTS) throw error;
          await state.load();
        }
      }
    });
    last = run.catch(() => undefined);
    return run;
  }

  function listChanged(): void {
    verdicts.rulesChanged();
    bus.publish({ kind: 'list' });
  }

  function rootInForce(): Root {
    const root = state.root();
    if (root) return root;
    throw new CordonError('approvers_required', 'Adopt a root of approvers first: nobody could approve an order.');
  }

  async function facts(device: DeviceId): Promise<DeviceFacts | null> {
    const place = (await jurisdiction.facts([device])).get(device);
    if (!place) return null;
    const exemptions = await store.exemptionsOf(device);
    const revisions = [...state.accepted().values()].map(({ revision }) => revision);
    return { ...place, exemptions: exemptionsFor(device, { device, exemptions }, revisions), listExpires: null };
  }

  async function orderOf(number: string) {
    const order = await store.order(number);
    if (!order) throw new CordonError('not_found', `There is no order ${number}.`, { order: number });
    return order;
  }

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
    const payload = encodeCanonical(document);
    const digest = sha256(payload);
    const row: RevisionRow = {
      order,
      revision,
      act,
      payload: payload.toString(),
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
    rootInForce();
    const { exempt, ...input } = proposal;
    const now = clock.now();
    const terms = makeTerms(input, { appeal }, now);
    return serially(async () => {
      const year = String(new Date(now).getUTCFullYear());
      const count = (await store.orders()).filter(({ number }) => number.startsWith(`${year}-`)).length;
      const order = `${year}-${String(count + 1).padStart(3, '0')}`;
      return append(
        { order, revision: 1, act: 'propose', proposer, base: null, previous: null },
        terms,
        'active',
        exempt,
      );
    });
  }

  async function act(proposer: PersonId, number: string, input: ActInput): Promise<RevisionView> {
    rootInForce();
    const { act: kind, exempt, ...changes } = input;
    return serially(async () => {
      const order = await orderOf(number);
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
    });
  }

  function checkSignature(row: RevisionRow, root: Root, keyid: string, signature: string): void {
    const key = root.keys.find((each) => each.keyid === keyid);
    const bytes = pae(PAYLOAD_TYPES.revision, Buffer.from(row.payload));
    if (key && verifySignature(key.key, bytes, Buffer.from(signature, 'base64'))) return;
    throw new CordonError('approval_invalid', 'The signature is not over the exact bytes of this revision.', {
      order: row.order,
      revision: row.revision,
      digest: row.digest,
    });
  }

  function answer(order: string, adopted: boolean, missing: number): ApprovalResult {
    if (adopted)
      return { adopted, code: null, detail: `Order ${order} is adopted and stands in list ${state.list()?.version}.` };
    return {
      adopted,
      code: 'second_approver_required',
      detail: `Recorded. ${missing} more ${missing === 1 ? 'person' : 'people'} must approve, not the proposer.`,
    };
  }

  function approve(
    approver: PersonId,
    number: string,
    revision: number,
    { keyid, signature }: { keyid: string; signature: string },
  ): Promise<ApprovalResult> {
    return serially(async () => {
      const root = rootInForce();
      // In this order: another node's adoption in between is then met by the conditional update, not taken for a supersession.
      const rows = await store.revisions(number);
      const order = await orderOf(number);
      const row = rows.find((each) => each.revision === revision);
      if (!row) throw new CordonError('not_found', `Order ${number} has no revision ${revision}.`);
      const current = row.state === 'adopted' ? order.adoptedRevision : order.latestRevision;
      if (row.state === 'superseded' || revision !== current) {
        throw new CordonError('revision_superseded', `Revision ${revision} of order ${number} is superseded.`, {
          latest: order.latestRevision,
        });
      }
      const document = readPayload(row.payload);
      const base = rows.find((each) => each.digest === document.previous);
      const baseHeld = base !== undefined && readPayload(base.payload).status === 'held';
      const { threshold } = root.approvers;
      const { standing, isNew } = decideApproval(document, { keyid }, row.approvals, root.persons, threshold, baseHeld);
      if (root.persons.get(keyid) !== approver) {
        throw new CordonError('forbidden', 'This key belongs to another person: sign with your own.');
      }
      checkSignature(row, root, keyid, signature);
      if (!isNew) return answer(number, row.state === 'adopted', standing.missing);
      const now = clock.now();
      const approval: ApprovalRow = { person: approver, keyid, signature, approvedAt: now };
      const adopts = row.state === 'waiting' && standing.adopted;
      const before = state.rules().find((rule) => rule.order === number);
      const signed: RevisionRow = { ...row, approvals: [...row.approvals, approval] };
      const list = adopts || row.state === 'adopted' ? state.nextList(root, signed, rows) : null;
      const about = { order: number, revision, digest: row.digest };
      await store.recordApproval(
        {
          order: number,
          revision,
          state: row.state === 'adopted' ? 'adopted' : 'waiting',
          counted: row.approvals.length,
          approval,
        },
        { kind: 'order.approval', at: now, subject: approver, public: { ...about, keyid } },
        adopts ? { kind: 'order.adopted', at: now, subject: null, public: about } : null,
        list,
      );
      if (list) await carryOut(number, before);
      return answer(number, adopts || row.state === 'adopted', standing.missing);
    });
  }

  /** The order list has changed: records go first, so that nobody who is newly exempt is denied for a moment. */
  async function carryOut(order: string, before: OrderRule | undefined): Promise<void> {
    await state.load();
    const accepted = state.accepted().get(order);
    if (accepted) {
      for (const { device } of await store.exemptions(order, accepted.revision.revision)) await reissueRecord(device);
    }
    listChanged();
    const after = state.rules().find((rule) => rule.order === order);
    for (const rule of [before, after]) if (rule) verdicts.wake(await jurisdiction.affectedBy(rule));
  }

  async function reissueRecord(device: DeviceId): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const now = clock.now();
      const personalia = await fleet.personalia(device);
      if (!personalia) return false;
      const accepted = state.accepted();
      const salts = (await store.exemptionsOf(device)).filter(
        (each) => accepted.get(each.order)?.revision.revision === each.revision,
      );
      const before = await store.record(device);
      const next = nextRecord({ installation, device, personalia, salts, before, now, online });
      if (!next) return false;
      try {
        await store.saveRecord(device, next, now);
      } catch (error) {
        if (!isCordonError(error, 'conflict') || attempt === ATTEMPTS) throw error;
        continue;
      }
      verdicts.invalidate([device]);
      bus.publish({ kind: 'device', device });
      return true;
    }
  }

  async function affected(number: string): Promise<Affected[]> {
    await orderOf(number);
    const rows = await store.revisions(number);
    const row = rows.findLast((each) => each.state === 'waiting') ?? rows.findLast((each) => each.state === 'adopted');
    if (!row) return [];
    const now = clock.now();
    const compiled = compileRule({ revision: readPayload(row.payload), lasting: false });
    const rule: OrderRule = { ...compiled, effective: now, until: null, heldUntil: null, withdrawn: false };
    const exempt = new Set((await store.exemptions(number, row.revision)).map(({ device }) => device));
    const places = await jurisdiction.facts(await jurisdiction.affectedBy(rule));
    return [...places].flatMap(([device, place]) => {
      const exemptions = exempt.has(device) ? [{ order: number, until: null }] : [];
      const { services } = evaluate([rule], { ...place, exemptions, listExpires: null }, now);
      const denied = SERVICES.filter((service) => !services[service].allowed);
      const reasons = [...new Set(denied.flatMap((service) => services[service].reasons))];
      return denied.length > 0 ? [{ device, denied, reasons }] : [];
    });
  }

  return {
    start: async () => {
      await state.load();
      await state.refresh();
      for (const { revision } of state.accepted().values()) {
        for (const { device } of await store.exemptions(revision.order, revision.revision)) await reissueRecord(device);
      }
      verdicts.rulesChanged();
      await receipts.verifyWaiting();
    },
    stop: async () => {
      verdicts.stop();
      await last;
      await state.stop();
      await receipts.stop();
    },
    propose,
    act,
    approve,
    get: async (number) => orderView(await orderOf(number), await store.revisions(number)),
    list: async () => {
      const views: OrderView[] = [];
      for (const order of await store.orders()) views.push(orderView(order, await store.revisions(order.number)));
      return views;
    },
    revision: async (number, revision) => {
      const row = (await store.revisions(number)).find((each) => each.revision === revision);
      if (!row) throw new CordonError('not_found', `Order ${number} has no revision ${revision}.`);
      return revisionView(row);
    },
    affected,
    rules: state.rules,
    currentList: state.list,
    rootVersion: () => state.root()?.approvers.version ?? 0,
    roots: state.rootEnvelopes,
    approvers: roots.approvers,
    proposeRoot: (proposal) => serially(() => roots.propose(proposal)),
    signRoot: (signer, version, signature) =>
      serially(async () => {
        const { view, adopted } = await roots.sign(signer, version, signature);
        if (adopted) {
          await state.load();
          listChanged();
        }
        return view;
      }),
    uncovered: state.uncovered,
    record: store.record.bind(store),
    reissueRecord,
    cachedVerdict: verdicts.cached,
    verdict: async (device) => {
      const verdict = await verdicts.verdict(device);
      if (verdict) return verdict;
      throw new CordonError('device_unknown', `There is no device ${device}.`, { device });
    },
    invalidateVerdicts: verdicts.invalidate,
    storeReceipt: receipts.store,
    receipts: (order) => store.receipts(order),
  };
}
