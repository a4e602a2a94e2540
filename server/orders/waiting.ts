/** What waits for approvals, and whose would count. It reads; what an approval does is decided when it is given (`approvals.ts`, `roots.ts`). */
import { missingSignatures, personsWhoSigned, type Root, readRoot } from '../../shared/order/approvers.ts';
import { ORDER_ACTS, type OrderAct } from '../../shared/order/documents.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { isOneEnough, whoseCounts } from './adoption.ts';
import { type OrderState, rootEnvelopeOf } from './order-state.ts';
import type { OrderStore, RevisionRow, RootRow } from './ports.ts';
import { readPayload } from './views.ts';

export interface WaitingRevision {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly act: OrderAct;
  /** All places that it can reach. */
  readonly areas: readonly string[];
  readonly proposedAt: Instant;
  /** By how many people, of how many that it takes. */
  readonly approvals: number;
  readonly needed: number;
  /** People whose approval would count. */
  readonly open: ReadonlySet<string>;
}

export interface WaitingRoot {
  readonly version: number;
  /** By how many people. */
  readonly signatures: number;
  readonly open: ReadonlySet<string>;
}

export interface Waiting {
  /** In the order of their numbers. */
  readonly revisions: readonly WaitingRevision[];
  readonly root: WaitingRoot | null;
}

export function createWaiting({
  store,
  state,
}: {
  readonly store: Pick<OrderStore, 'waitingRevisions' | 'roots'>;
  readonly state: Pick<OrderState, 'root' | 'accepted'>;
}): () => Promise<Waiting> {
  function revisionOf(row: RevisionRow, { persons, approvers }: Root): WaitingRevision {
    const document = readPayload(row.payload);
    const base = state.accepted().get(row.order);
    const baseHeld = base?.digest === document.previous && base?.revision.status === 'held';
    const { approved, open } = whoseCounts(document, row.approvals, persons, baseHeld);
    return {
      order: row.order,
      revision: row.revision,
      title: document.terms.title,
      act: ORDER_ACTS.find((each) => each === row.act) ?? 'propose',
      areas: placesReached(document.terms),
      proposedAt: row.proposedAt,
      approvals: approved.size,
      needed: isOneEnough(document, baseHeld) ? 1 : approvers.threshold,
      open,
    };
  }

  return async () => {
    const inForce = state.root();
    const [rows, roots] = await Promise.all([inForce ? store.waitingRevisions() : [], store.roots()]);
    const waiting = roots.findLast((row) => row.state === 'waiting');
    return {
      revisions: inForce ? rows.map((row) => revisionOf(row, inForce)) : [],
      root: waiting ? rootOf(waiting, inForce) : null,
    };
  };
}

/** Under a root only those sign usefully who are missing there: the people of the root before, and its own. */
function rootOf(row: RootRow, before: Root | null): WaitingRoot {
  const envelope = rootEnvelopeOf(row);
  const root = readRoot(envelope);
  const missing = missingSignatures(envelope, root, before);
  const judges = [...(missing.own > 0 ? [root] : []), ...(before && missing.before > 0 ? [before] : [])];
  const signed = new Set(
    [root, ...(before ? [before] : [])].flatMap((judge) => [...personsWhoSigned(envelope, judge)]),
  );
  const open = new Set(judges.flatMap(({ persons }) => [...persons.values()]).filter((person) => !signed.has(person)));
  return { version: row.version, signatures: signed.size, open };
}
