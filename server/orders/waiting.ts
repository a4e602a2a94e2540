/** What waits for approvals, and whose would count. It reads; what an approval does is decided when it is given (`approvals.ts`, `roots.ts`). */
import { personsWhoSigned, type Root, readRoot } from '../../shared/order/approvers.ts';
import { ORDER_ACTS, type OrderAct } from '../../shared/order/documents.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { isOneEnough, whoseCounts } from './adoption.ts';
import { type People, peopleOf } from './independence.ts';
import { type OrderState, rootEnvelopeOf } from './order-state.ts';
import type { OrderStore, RevisionRow, RootRow } from './ports.ts';
import { missingPeople } from './roots.ts';
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
  readonly store: Pick<OrderStore, 'waitingRevisions' | 'roots' | 'people'>;
  readonly state: Pick<OrderState, 'root' | 'accepted'>;
}): () => Promise<Waiting> {
  function revisionOf(row: RevisionRow, { persons, approvers }: Root, people: People): WaitingRevision {
    const document = readPayload(row.payload);
    const base = state.accepted().get(row.order);
    const baseHeld = base?.digest === document.previous && base?.revision.status === 'held';
    const { approved, open } = whoseCounts(document, row.approvals, persons, baseHeld, people);
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
    const [rows, roots, facts] = await Promise.all([
      inForce ? store.waitingRevisions() : [],
      store.roots(),
      store.people(),
    ]);
    const people = peopleOf(facts);
    const waiting = roots.findLast((row) => row.state === 'waiting');
    return {
      revisions: inForce ? rows.map((row) => revisionOf(row, inForce, people)) : [],
      root: waiting ? rootOf(waiting, inForce, people) : null,
    };
  };
}

/** Under a root only those sign usefully who are missing there: the people of the root before, and its own. */
function rootOf(row: RootRow, before: Root | null, people: People): WaitingRoot {
  const envelope = rootEnvelopeOf(row);
  const root = readRoot(envelope);
  const missing = missingPeople(envelope, root, before, people);
  const judges = [...(missing.own > 0 ? [root] : []), ...(before && missing.before > 0 ? [before] : [])];
  const signed = new Set(
    [root, ...(before ? [before] : [])].flatMap((judge) =>
      [...personsWhoSigned(envelope, judge)].map(people.canonical),
    ),
  );
  const named = judges.flatMap(({ persons }) => [...persons.values()].map(people.canonical));
  const open = new Set(named.filter((person) => !signed.has(person)));
  return { version: row.version, signatures: signed.size, open };
}
