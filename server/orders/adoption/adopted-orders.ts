/** The adopted approver sets, revisions and order list in memory. */
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import { compileRules } from '../../../shared/order/rules.ts';
import { type AcceptedRevision, readAccepted } from '../../../shared/order/verify-list.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { PastRevision } from '../evidence/explanation.ts';
import type { AdoptionStore, ApproverStore, Log, OrderStore, RevisionRow } from '../ports.ts';
import { type AdoptedApprovers, createAdoptedApprovers } from './adopted-approvers.ts';
import { createListPublisher, type ListPublisher } from './list-publisher.ts';
import { requireRoom } from './order-list.ts';
import type { PublicList } from './public-list.ts';
import { revisionEnvelopeOf } from './revision-payload.ts';

export interface AdoptedOrders extends AdoptedRevisions {
  /** Reads all adopted orders and approver sets from the store, because another server process may have adopted some of them. */
  load(): Promise<void>;
  readonly approvers: AdoptedApprovers;
  readonly list: PublicList;
  readonly publisher: ListPublisher;
}

export interface AdoptedRevisions {
  /** Adopted revisions by order number. The revisions of each order are sorted, oldest first. */
  revisions(): ReadonlyMap<string, readonly RevisionRow[]>;
  accepted(): ReadonlyMap<string, AcceptedRevision>;
  rules(): readonly OrderRule[];
  /** For each order, the revision that was current at the past time `at`, with the approvals that it had at that time. */
  acceptedAt(at: Instant): PastRevision[];
  exitsOf(order: string): { readonly revision: number; readonly adoptedAt: Instant }[];
  /**
   * Throws `too_large` if the revision would make the order list too large for devices. Never throws for a pause, resume, extension or
   * withdrawal, because these actions add no text.
   */
  requireRoom(document: Pick<Revision, 'order' | 'action'>, payload: string): void;
}

export function openAdoptedOrders(ports: {
  readonly orders: Pick<OrderStore, 'adoptedRevisions'>;
  readonly approvers: Pick<ApproverStore, 'approverSets'>;
  readonly store: Pick<AdoptionStore, 'list' | 'appendList'>;
  readonly clock: Clock;
  readonly online: Signer;
  readonly installation: string;
  readonly log: Log;
}): AdoptedOrders {
  const { replace: replaceSets, ...approvers } = createAdoptedApprovers();
  const { replace: replaceRevisions, ...adopted } = createAdoptedRevisions(approvers.all);

  async function load(): Promise<void> {
    const [sets, list, revisions] = await Promise.all([
      ports.approvers.approverSets(),
      ports.store.list(),
      ports.orders.adoptedRevisions(),
    ]);
    replaceSets(sets);
    replaceRevisions(revisions);
    replaceList(list);
  }

  const { list, publisher, replace: replaceList } = createListPublisher({ ...ports, approvers, adopted, load });
  return { ...adopted, approvers, list, publisher, load };
}

function createAdoptedRevisions(
  approverSets: () => readonly ApproverSet[],
): AdoptedRevisions & { replace(rows: readonly RevisionRow[]): void } {
  let adopted = new Map<string, readonly RevisionRow[]>();
  let accepted = new Map<string, AcceptedRevision>();
  let rules: readonly OrderRule[] = [];
  const read = (row: RevisionRow) => readAccepted(revisionEnvelopeOf(row), approverSets());
  return {
    replace: (rows) => {
      adopted = Map.groupBy(rows, ({ order }) => order);
      const newest = [...adopted.values()].flatMap((revisions) => revisions.at(-1) ?? []);
      accepted = new Map(newest.map((row) => [row.order, read(row)]));
      rules = compileRules(accepted.values());
    },
    revisions: () => adopted,
    accepted: () => accepted,
    rules: () => rules,
    acceptedAt: (at) =>
      [...adopted]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, revisions]) => {
          const row = revisions.findLast(({ adoptedAt }) => adoptedAt !== null && adoptedAt <= at);
          if (!row) return [];
          const approvals = row.approvals.filter(({ approvedAt }) => approvedAt <= at);
          return [{ ...read({ ...row, approvals }), adoptedAt: row.adoptedAt ?? at }];
        }),
    exitsOf: (order) =>
      (adopted.get(order) ?? []).flatMap(({ action, revision, adoptedAt }) =>
        action === 'exit' && adoptedAt !== null ? [{ revision, adoptedAt }] : [],
      ),
    requireRoom: ({ order, action }, payload) => {
      if (action !== 'propose' && action !== 'revise') return;
      const others = [...accepted].filter(([number]) => number !== order);
      requireRoom([
        { envelope: revisionEnvelopeOf({ payload, approvals: [] }), withdrawn: false },
        ...others.map(([, { envelope, revision }]) => ({ envelope, withdrawn: revision.status === 'withdrawn' })),
      ]);
    },
  };
}
