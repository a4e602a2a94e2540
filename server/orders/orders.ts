/**
 * Orders: proposed, approved, listed, carried to devices, and answered for. The server records and publishes here; it decides nothing, since
 * every revision and every root takes effect by the signatures of approvers alone. Rules are in `terms.ts`, `adoption.ts` and
 * `shared/order`; this file puts them to the store, one act at a time.
 */

import type { Explanation } from '../../shared/api/explanation.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { GroundMap } from '../../shared/areas/disputed-policy.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Root } from '../../shared/order/approvers.ts';
import type { Envelope, OrderTerms, Receipt } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import { withheldAt } from '../../shared/order/stub.ts';
import type { Recollection } from '../../shared/protocol/device-http.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { DeviceFacts, OrderRule, Verdict } from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import { addressChange, type OrderChange } from './address-change.ts';
import { createAnnexes, type NamesStore } from './annex.ts';
import { type ApprovalGiven, type ApprovalResult, createApprovals } from './approvals.ts';
import { batched } from './batched.ts';
import { createExecutions, type ExecutionStore } from './executions.ts';
import { type DecidedExemption, decidedExemptions } from './exempt-devices.ts';
import { createExemptRecords } from './exempt-records.ts';
import { createExits, type ExitProgress, type ExitStore, type HoldsPort } from './exit/exits.ts';
import { explain } from './explaining.ts';
import { createForesight, type Foresight, type ImpactListing, type PeoplePort } from './foresight.ts';
import { peopleOf } from './independence.ts';
import type { StoredList } from './order-list.ts';
import { type OrderState, openOrderState, orderOf } from './order-state.ts';
import { createPapers, type DecisionView, type PaperStore, type Papers, type Sealer } from './papers.ts';
import { type PolicyChange, policyChange } from './policy-change.ts';
import type {
  AreasPort,
  FleetPort,
  JurisdictionPort,
  Log,
  OrderRow,
  OrderStore,
  PolicyPort,
  ReceiptStore,
} from './ports.ts';
import { createProgress, type Progress, type ProgressStore } from './progress.ts';
import { type ActInput, createProposals, type Proposal } from './proposals.ts';
import { createReach, type ReachStore } from './reach.ts';
import { createReceipts } from './receipts.ts';
import { recoverFrom } from './recovering.ts';
import { createRehearsal, type StandingStore } from './rehearsal.ts';
import { createRoots, type RootProposal, type RootView } from './roots.ts';
import { createVerdicts } from './verdicts.ts';
import { type OrderView, orderView, type RevisionView, revisionView } from './views.ts';
import { createWaiting, type Waiting } from './waiting.ts';

export type { ImpactListing };

export interface Orders extends Foresight {
  /** Takes up what the store holds and schedules it: what came due while nothing ran is in force at once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  propose(proposer: PersonId, proposal: Proposal): Promise<RevisionView>;
  act(proposer: PersonId, order: string, input: ActInput): Promise<RevisionView>;
  approve(approver: PersonId, order: string, revision: number, approval: ApprovalGiven): Promise<ApprovalResult>;
  get(order: string): Promise<OrderView>;
  list(): Promise<OrderView[]>;
  revision(order: string, revision: number): Promise<RevisionView>;
  /** Whom a revision exempts, those that have run out too, and by whose word. Throws `not_found`. */
  exemptions(order: string, revision: number): Promise<DecidedExemption[]>;
  progress(order: string): Promise<Progress>;
  /** Null while the order has no exit in force and none was carried out. May be some seconds old. */
  exit(order: string): Promise<ExitProgress | null>;
  /** Of this moment. */
  exitAnew(order: string): Promise<ExitProgress | null>;
  /** Keeps a document of an instrument until a proposal names it. */
  keepDocument(by: PersonId, mediaType: string, content: Buffer): ReturnType<Papers['keep']>;
  /** One that a revision of the order names, opened. */
  document(order: string, sha256: string): ReturnType<Papers['document']>;
  decision(order: string, revision: number): Promise<DecisionView>;
  /** All places that an order with these areas can reach, as groups and polygons are now. Throws `unknown_area`. */
  placesNamed(areas: readonly string[]): Promise<readonly AreaCode[]>;
  rules(): readonly OrderRule[];
  /** Of its adopted revision; null while none is. */
  termsOf(order: string): OrderTerms | null;
  /** Null before the first root of approvers is adopted. */
  currentList(): Pick<StoredList, 'version' | 'envelope' | 'issuedAt' | 'expiresAt'> | null;
  /** The revisions behind its stubs: for devices, never for the public. */
  withheld(): readonly Envelope[];
  /** Version of the root in force; 0 before the first. */
  rootVersion(): number;
  root(): Root | null;
  /** Whether two people count as two when both must agree; see `independence.ts`. */
  independent(first: PersonId, second: PersonId): Promise<boolean>;
  /** Adopted roots, oldest first. */
  roots(): readonly Envelope[];
  approvers(): Promise<{ readonly current: RootView | null; readonly waiting: RootView | null }>;
  proposeRoot(proposal: RootProposal): Promise<RootView>;
  signRoot(
    signer: PersonId,
    version: number,
    signature: { readonly keyid: string; readonly signature: string },
  ): Promise<RootView>;
  waiting(): Promise<Waiting>;
  /** Orders whose approvers are no longer all in the root: new devices do not believe them until somebody approves again. */
  uncovered(): readonly string[];
  record(device: DeviceId): Promise<{ readonly version: number; readonly envelope: Envelope } | null>;
  /** Makes the record anew if what it says has changed, and wakes the device. True when it did. */
  reissueRecord(device: DeviceId): Promise<boolean>;
  cachedVerdict(device: DeviceId): Verdict | undefined;
  /** Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  /** The device at a past instant; see `JurisdictionPort.past` for what is refused. */
  explain(device: DeviceId, at: Instant): Promise<Explanation>;
  /** What it would do if the addresses of these devices said this. */
  addressChange(moved: ReadonlyMap<DeviceId, AreaCode | null>): Promise<OrderChange[]>;
  /** What it would do if orders were revised by a policy that counts disputed ground so. */
  policyChange(policy: GroundMap): Promise<PolicyChange[]>;
  invalidateVerdicts(devices: readonly DeviceId[]): void;
  /**
   * After a restore: takes what a device has stored and this server has lost, as far as it is signed. Throws what is wrong with it; then nothing of it
   * counts.
   */
  recover(device: DeviceId, generation: number, recollection: Recollection): Promise<RecoveredFrom>;
  storeReceipt(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
  /** Verified receipts about one order, newest first. */
  receipts(order: string): Promise<readonly StoredReceipt[]>;
  /** Verified receipts of one device about all orders, newest first. */
  receiptsOf(device: DeviceId): Promise<readonly StoredReceipt[]>;
}

export interface RecoveredFrom {
  /** Version of the device's list; 0 when it gave none. */
  readonly list: number;
  /** Where the device's own record, signed by this server, says that its home and seat are. */
  readonly record: { readonly home: string | null; readonly seat: string | null } | null;
  /** How many approver sets were new. */
  readonly approvers: number;
  readonly revisions: readonly { readonly order: string; readonly revision: number; readonly digest: string }[];
}

export interface StoredReceipt {
  readonly device: DeviceId;
  readonly generation: number;
  readonly receipt: Receipt;
}

export interface OrderPorts {
  readonly store: OrderStore;
  readonly executed: ExecutionStore & ReachStore;
  readonly exits: ExitStore;
  readonly holds: HoldsPort;
  readonly receipts: ReceiptStore;
  readonly standing: StandingStore;
  readonly told: ProgressStore;
  readonly papers: PaperStore;
  /** Under the passphrase, as keys are. */
  readonly sealer: Sealer;
  readonly names: NamesStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly online: Signer & { readonly publicKey: string };
  readonly fleet: FleetPort;
  readonly jurisdiction: JurisdictionPort;
  readonly areas: AreasPort;
  readonly policy: PolicyPort;
  readonly people: PeoplePort;
  readonly installation: string;
  /** Whom a person who is denied can turn to, when an order does not say. */
  readonly appeal: string;
  /** Percent of the fleet beyond which an order is warned of. */
  readonly largeShare: number;
  readonly log: Log;
  /** The server was restored from a backup. */
  readonly restored?: {
    /** No device has seen a record of a higher version. */
    readonly recordFloor: number;
    /** Devices may still bring back newer approver sets. */
    readonly recovering: () => boolean;
  } | null;
}

/** How often an act is tried again when another node was faster. */
const ATTEMPTS = 5;
/** Years of orders. */
const RECEIPTS_OF_A_DEVICE = 500;

export function createOrders(ports: OrderPorts): Orders {
  const { store, executed, standing, clock, bus, online, fleet, jurisdiction, installation, appeal, log } = ports;
  const state: OrderState = openOrderState({ store, clock, online, installation, log, changed: listChanged });
  const withheld = (order: string, at: Instant) => {
    const accepted = state.accepted().get(order);
    return accepted !== undefined && withheldAt(accepted.revision, at);
  };
  const executions = createExecutions({
    ...{ store: executed, clock, rules: state.rules, withheld, bus, log },
    recorded: () => void reach.look(),
  });
  const verdicts = createVerdicts({
    clock,
    bus,
    log,
    rules: state.rules,
    facts: batched(factsOf),
    affectedBy: jurisdiction.affectedBy,
  });
  const receipts = createReceipts({
    ...{ installation, store: ports.receipts, clock, bus, fleet, log },
    wiped: () => void exits.look(),
  });
  const records = createExemptRecords({
    ...{ store, fleet, state, clock, online, installation },
    floor: ports.restored?.recordFloor ?? 0,
    reissued: (device) => {
      verdicts.invalidate([device]);
      bus.publish({ kind: 'device', device });
    },
  });
  const roots = createRoots({ store, clock, online, installation, state });
  const papers = createPapers({ store: ports.papers, orders: store, sealer: ports.sealer, clock });
  const { areas, policy } = ports;
  const proposals = createProposals({ store, clock, fleet, installation, appeal, state, papers, areas, policy });
  const approvals = createApprovals({ store, clock, state });
  const rehearsal = createRehearsal({ jurisdiction, standing, clock });
  const { people, largeShare, told } = ports;
  const annexes = createAnnexes({ store: ports.names, orders: store, clock });
  const foresight = createForesight({
    store,
    state,
    proposals,
    rehearsal,
    clock,
    people,
    annexes,
    largeShare,
    placesNamed,
  });
  const exits = createExits({
    ...{ store: ports.exits, holds: ports.holds, clock, bus, log },
    ...{ accepted: state.accepted, rules: state.rules },
    withheld,
    exitsOf: state.exitsOf,
    denied: foresight.affected,
  });
  const reach = createReach({ store: executed, clock, rules: state.rules, denied: foresight.affected, log });
  const { progress } = createProgress({ store, told, standing, state, rehearsal, clock });

  async function placesNamed(areas: readonly string[]): Promise<readonly AreaCode[]> {
    return placesReached({ areas: [...areas], ...(await ports.areas.definitionsOf(areas)) });
  }

  /** Acts run one after the other; another node's are met by conditional updates, and then the act is decided anew. */
  let last: Promise<unknown> = Promise.resolve();
  function serially<T>(act: () => Promise<T>): Promise<T> {
    const run = last.then(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const done = await act();
          bus.publish({ kind: 'orders' });
          return done;
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
    void executions.look();
    // Also of a revision that changes an order in force, which is no entry into force.
    void reach.look();
    void exits.look();
    bus.publish({ kind: 'list' });
  }

  async function factsOf(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, DeviceFacts>> {
    const places = await jurisdiction.facts(devices);
    const exempt = Map.groupBy(await store.exemptionsOf(devices), (row) => row.device);
    const revisions = [...state.accepted().values()].map(({ revision }) => revision);
    const facts = new Map<DeviceId, DeviceFacts>();
    for (const [device, place] of places) {
      const exemptions = exemptionsFor(device, { device, exemptions: exempt.get(device) ?? [] }, revisions);
      facts.set(device, { ...place, exemptions, listExpires: null });
    }
    return facts;
  }

  /** The order list has changed: records go first, so that nobody who is newly exempt is denied for a moment. */
  async function carryOut(order: string, before: OrderRule | undefined): Promise<void> {
    const revision = state.accepted().get(order)?.revision;
    await state.load();
    try {
      await records.follow(order, revision);
    } finally {
      listChanged();
    }
    const after = state.rules().find((rule) => rule.order === order);
    for (const rule of [before, after]) if (rule) await verdicts.wakeAffected(rule);
  }

  async function viewOf(order: OrderRow): Promise<OrderView> {
    const { number } = order;
    const rule = state.rules().find((each) => each.order === number);
    return orderView(order, await store.revisions(number), await executed.executions(number), rule);
  }

  return {
    start: async () => {
      await state.load();
      // A crash may lie between what a device brought back and the list that has it.
      if (ports.restored?.recovering()) await state.publish();
      await state.refresh();
      await records.makeGood();
      verdicts.rulesChanged();
      await executions.look();
      void reach.look();
      await receipts.verifyWaiting();
      await exits.look();
    },
    stop: async () => {
      await verdicts.stop();
      await last;
      await executions.stop();
      await reach.stop();
      await state.stop();
      await receipts.stop();
      await exits.stop();
    },
    placesNamed,
    propose: async (proposer, proposal) => {
      state.rootInForce();
      return serially(() => proposals.propose(proposer, proposal));
    },
    act: async (proposer, order, input) => {
      state.rootInForce();
      return serially(() => proposals.act(proposer, order, input));
    },
    approve: (approver, order, revision, approval) =>
      serially(async () => {
        const { result, changed } = await approvals.approve(approver, order, revision, approval);
        if (changed) await carryOut(changed.order, changed.before);
        return result;
      }),
    get: async (number) => viewOf(await orderOf(store, number)),
    list: async () => Promise.all((await store.orders()).map(viewOf)),
    revision: async (number, revision) => {
      const row = (await store.revisions(number)).find((each) => each.revision === revision);
      if (!row) throw new CordonError('not_found', `Order ${number} has no revision ${revision}.`);
      return revisionView(row);
    },
    exemptions: async (number, revision) => {
      const rows = await store.revisions(number);
      if (!rows.some((each) => each.revision === revision)) {
        throw new CordonError('not_found', `Order ${number} has no revision ${revision}.`);
      }
      return decidedExemptions(rows, revision, await store.exemptions(number, revision));
    },
    ...foresight,
    progress,
    exit: async (number) => {
      await orderOf(store, number);
      return exits.progress(number);
    },
    exitAnew: exits.progressAnew,
    keepDocument: papers.keep,
    document: papers.document,
    decision: papers.decision,
    rules: state.rules,
    termsOf: (order) => state.accepted().get(order)?.revision.terms ?? null,
    currentList: state.list,
    withheld: state.withheld,
    rootVersion: () => state.root()?.approvers.version ?? 0,
    root: state.root,
    independent: async (first, second) => peopleOf(await store.people()).relation(first, second) === null,
    roots: state.rootEnvelopes,
    approvers: roots.approvers,
    proposeRoot: async (proposal) => {
      // The next version could be one that devices have already, as another document.
      if (ports.restored?.recovering()) {
        throw new CordonError(
          'conflict',
          'The server was restored from a backup, and devices may still bring back a newer approver set. Close the restoration first: cordon restoration close.',
        );
      }
      return serially(() => roots.propose(proposal));
    },
    recover: (device, generation, recollection) =>
      serially(async () => {
        const chain = state.roots();
        const recovered = recoverFrom({
          ...{ installation, device, generation, chain, recollection },
          ...{ accepted: state.accepted(), now: clock.now() },
        });
        const { list, record, ...change } = recovered;
        if (change.roots.length + change.revisions.length + change.exemptions.length > 0) {
          const before = new Map(state.rules().map((rule) => [rule.order, rule]));
          const revisionsBefore = state.accepted();
          await store.recover({ ...change, device, at: clock.now() });
          await state.load();
          await state.publish();
          for (const { revision } of change.revisions) {
            await records.follow(revision.order, revisionsBefore.get(revision.order)?.revision);
          }
          if (change.exemptions.length > 0) await records.reissue(device);
          listChanged();
          for (const { revision } of change.revisions) {
            const after = state.rules().find((rule) => rule.order === revision.order);
            for (const rule of [before.get(revision.order), after]) if (rule) await verdicts.wakeAffected(rule);
          }
        }
        return {
          list,
          record,
          approvers: change.roots.length,
          revisions: change.revisions.map(({ revision: { order, revision }, digest }) => ({ order, revision, digest })),
        };
      }),
    signRoot: (signer, version, signature) =>
      serially(async () => {
        const { view, adopted } = await roots.sign(signer, version, signature);
        if (adopted) {
          await state.load();
          listChanged();
        }
        return view;
      }),
    waiting: createWaiting({ store, state }),
    uncovered: state.uncovered,
    record: store.record.bind(store),
    reissueRecord: records.reissue,
    cachedVerdict: verdicts.cached,
    verdict: async (device) => {
      const verdict = await verdicts.verdict(device);
      if (verdict) return verdict;
      throw new CordonError('device_unknown', `There is no device ${device}.`, { device });
    },
    explain: async (device, at) => {
      const past = await jurisdiction.past(device, at);
      const exemptions = await store.exemptionsOf([device]);
      const told = await ports.receipts.receiptsOf(device, RECEIPTS_OF_A_DEVICE);
      return explain({ device, past, accepted: state.acceptedAt(at), exemptions, receipts: told });
    },
    addressChange: (moved) =>
      addressChange({
        ...{ moved, accepted: state.accepted(), rules: state.rules() },
        ...{ now: clock.now(), jurisdiction, store },
      }),
    policyChange: (ground) =>
      policyChange({
        ...{ policy: ground, accepted: state.accepted(), rules: state.rules() },
        ...{ now: clock.now(), store, rehearsal },
      }),
    invalidateVerdicts: verdicts.invalidate,
    storeReceipt: receipts.store,
    receipts: (order) => ports.receipts.receipts(order),
    receiptsOf: (device) => ports.receipts.receiptsOf(device, RECEIPTS_OF_A_DEVICE),
  };
}
