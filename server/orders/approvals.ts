/** Approvals: checked byte by byte, recorded, and adopting a revision when enough different people stand behind it. */
import { CordonError } from '../../shared/errors.ts';
import { stateOf } from '../../shared/order/acts.ts';
import type { Root } from '../../shared/order/approvers.ts';
import { PAYLOAD_TYPES, type Revision } from '../../shared/order/documents.ts';
import { verifySignature } from '../../shared/order/dsse.ts';
import { pae } from '../../shared/order/pae.ts';
import { stubText } from '../../shared/order/stub.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { type ApprovalDecision, decideApproval } from './adoption.ts';
import { peopleOf } from './independence.ts';
import { type OrderState, orderOf } from './order-state.ts';
import type { ApprovalRow, ListChange, OrderStore, RevisionRow } from './ports.ts';
import { readPayload } from './views.ts';

/** `adopted: false` carries `second_approver_required`: recorded, and one more person is missing. */
export interface ApprovalResult {
  readonly adopted: boolean;
  readonly code: 'second_approver_required' | null;
  readonly detail: string;
}

export interface ApprovalGiven {
  readonly keyid: string;
  readonly signature: string;
  /** Over the stub, of a revision that has one. */
  readonly stub?: string | undefined;
}

interface Approved {
  readonly result: ApprovalResult;
  /** The order whose place in the list has changed, with its rule before. */
  readonly changed: { readonly order: string; readonly before: OrderRule | undefined } | null;
}

export function createApprovals(ports: {
  readonly store: OrderStore;
  readonly clock: Clock;
  readonly state: OrderState;
}) {
  const { store, clock, state } = ports;

  function checkSignature(row: RevisionRow, root: Root, { keyid, signature, stub }: ApprovalGiven): void {
    const key = root.keys.find((each) => each.keyid === keyid);
    const signed = (type: string, text: string, given: string) =>
      key !== undefined && verifySignature(key.key, pae(type, Buffer.from(text)), Buffer.from(given, 'base64'));
    const refuse = (what: string) => {
      const { order, revision, digest } = row;
      throw new CordonError('approval_invalid', what, { order, revision, digest });
    };
    if (!signed(PAYLOAD_TYPES.revision, row.payload, signature)) {
      refuse('The signature is not over the exact bytes of this revision.');
    }
    const shown = stubText(row.payload, row.digest);
    if (shown === null ? stub !== undefined : stub === undefined || !signed(PAYLOAD_TYPES.stub, shown, stub)) {
      refuse('A revision that is kept from the public, and no other, is approved with a signature over its stub.');
    }
  }

  function answer(
    order: string,
    adopted: boolean,
    { standing: { missing }, related }: Pick<ApprovalDecision, 'standing' | 'related'>,
    list: ListChange | null,
  ): ApprovalResult {
    if (adopted) {
      const version = list?.list.version ?? state.list()?.version;
      return { adopted, code: null, detail: `Order ${order} is adopted and stands in list ${version}.` };
    }
    const more = `${missing} more ${missing === 1 ? 'person' : 'people'} must approve, not the proposer.`;
    const why = related === null ? '' : `The approval counts as one with an earlier approval. ${related} `;
    return { adopted, code: 'second_approver_required', detail: `Recorded. ${why}${more}` };
  }

  /** The hold under which a change was proposed may have lapsed since: adopted, it would take out of force what is back in it (ADR 11). */
  async function requireStillHeld({ order, act, status }: Revision, adopted: number | null, now: Instant) {
    if (status !== 'held' || act === 'hold') return;
    if (adopted !== (state.accepted().get(order)?.revision.revision ?? null)) await state.load();
    const stands = stateOf(state.accepted().get(order) ?? null, now);
    if (stands !== 'lapsed') return;
    const detail =
      'The hold under which this was proposed has lapsed, and approved now it would put the order on hold again until it is released: propose it again.';
    throw new CordonError('act_not_allowed', detail, { state: stands, act });
  }

  async function approve(
    approver: PersonId,
    number: string,
    revision: number,
    given: ApprovalGiven,
  ): Promise<Approved> {
    const { keyid, signature, stub = null } = given;
    const root = state.rootInForce();
    // In this order: another node's adoption in between is then met by the conditional update, not taken for a supersession.
    const rows = await store.revisions(number);
    const order = await orderOf(store, number);
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
    const people = peopleOf(await store.people());
    const decision = decideApproval(document, { keyid }, row.approvals, root.persons, threshold, baseHeld, people);
    const { standing, isNew } = decision;
    if (people.canonical(root.persons.get(keyid) ?? '') !== approver) {
      throw new CordonError('forbidden', 'This key belongs to another person: sign with your own.');
    }
    checkSignature(row, root, given);
    if (!isNew) return { result: answer(number, row.state === 'adopted', decision, null), changed: null };
    const now = clock.now();
    if (row.state === 'waiting') await requireStillHeld(document, order.adoptedRevision, now);
    const approval: ApprovalRow = { person: approver, keyid, signature, stub, approvedAt: now };
    const adopts = row.state === 'waiting' && standing.adopted;
    // Others may have been adopted since it was proposed.
    if (adopts) state.requireRoom(document, row.payload);
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
    return {
      result: answer(number, list !== null, decision, list),
      changed: list ? { order: number, before } : null,
    };
  }

  return { approve };
}
