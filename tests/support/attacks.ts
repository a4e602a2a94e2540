/**
 * Attacks on devices by an attacker with the server's keys and store. The online key signs each attack, together with keys of approvers
 * whom the attacker bribed or whose signatures the attacker copied. `tests/e2e/hostile-server.test.ts` checks the results.
 */
import type { Authority } from '../../certs/authority.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import {
  type Approvers,
  type DeviceRecord,
  type Envelope,
  type OrderList,
  PAYLOAD_TYPES,
  type Revision,
} from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { readRevision } from '../../shared/order/verify-list.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { testKey } from './signed-documents.ts';

export const HOUR = 3_600_000;
export const BEGIN = Date.parse('2026-03-01T00:00:00.000Z');
export const iso = (at: number) => new Date(at).toISOString();

/** The attacker's material: the server's keys, its order list, and earlier signatures of honest approvers. */
export interface Loot {
  readonly keys: Authority;
  readonly list: OrderList;
  readonly hash: string;
  /** An order list from before the last changes. */
  readonly older: Envelope;
  readonly approverSet: { readonly approvers: Approvers; readonly digest: string };
  /**
   * Order 2026-001 suspends messaging in PK, in its second revision. Order 2026-002 suspends mail and is paused by one person for 72 hours.
   */
  readonly closed: Envelope;
  readonly closedBefore: Envelope;
  readonly base: Envelope;
  readonly hold: Envelope;
  readonly exemptSalt: string;
  readonly people: { readonly ada: Signer; readonly ben: Signer; readonly cleo: Signer };
  readonly personOf: (signer: Signer) => string;
  readonly record: (device: DeviceId) => DeviceRecord;
}

const revisionIn = (envelope: Envelope) => readRevision(envelope);
const signed = (document: Revision, signers: readonly Signer[]): Envelope =>
  signEnvelope(PAYLOAD_TYPES.revision, encodeCanonical(document), signers);

/** The successor of the current order list, signed by the online key alone. */
export function listWith(loot: Loot, orders: readonly Envelope[], changes: Partial<OrderList> = {}): ServerFrame {
  const list: OrderList = {
    ...loot.list,
    version: loot.list.version + 1,
    previous: loot.hash,
    orders: [...orders],
    ...changes,
  };
  return {
    kind: 'list',
    envelope: signEnvelope(PAYLOAD_TYPES.list, encodeCanonical(list), [loot.keys.online]),
  };
}

/** A list with a forged order that suspends mail, beside the two real orders. */
export function another(loot: Loot, signers: readonly Signer[], changes: Partial<Revision> = {}): ServerFrame[] {
  const { revision } = revisionIn(loot.base);
  const forged = { ...revision, order: '2026-666', ...changes };
  return [listWith(loot, [...loot.list.orders, signed(forged, signers)])];
}

/** A forged next revision of the order that suspends messaging. */
function next(loot: Loot, changes: Partial<Revision>, signers: readonly Signer[]): ServerFrame[] {
  const { revision, digest } = revisionIn(loot.closed);
  const forged: Revision = { ...revision, revision: 3, previous: digest, action: 'revise', ...changes };
  return [listWith(loot, [signed(forged, signers), loot.base, loot.hold])];
}

/** A forged second pause of the order that suspends mail. */
function heldAgain(loot: Loot, changes: Partial<Revision>): ServerFrame[] {
  const { revision } = revisionIn(loot.hold);
  const pausedSince = iso(Date.parse(loot.list.issuedAt) - 1);
  const forged: Revision = { ...revision, revision: 3, pausedSince, ...changes };
  return [listWith(loot, [loot.closed, loot.base, signed(forged, [loot.people.ada])])];
}

function newApproverSet(loot: Loot, signers: readonly Signer[]): ServerFrame {
  const [mallory, friend] = [testKey(), testKey()];
  const approvers: Approvers = {
    ...loot.approverSet.approvers,
    version: 2,
    previous: loot.approverSet.digest,
    approvers: [mallory, friend].map(({ keyid, publicKey }, index) => ({
      person: `mallory_${index}`,
      keyid,
      publicKey,
    })),
  };
  const all = [...signers, mallory, friend];
  return { kind: 'approver-sets', envelopes: [signEnvelope(PAYLOAD_TYPES.approvers, encodeCanonical(approvers), all)] };
}

export function record(loot: Loot, device: DeviceId, changes: Partial<DeviceRecord>): ServerFrame {
  const before = loot.record(device);
  const forged: DeviceRecord = { ...before, version: before.version + 1, ...changes };
  return {
    kind: 'record',
    envelope: signEnvelope(PAYLOAD_TYPES.record, encodeCanonical(forged), [loot.keys.online]),
  };
}

/** Rows: name of the attack, frames to the device, code of the expected alert, text of the alert. */
export const ATTACKS: readonly [string, (loot: Loot, device: DeviceId) => ServerFrame[], string, RegExp][] = [
  ['makes an order that nobody has approved', (loot) => another(loot, []), 'order_unverified', /2026-666.*2 missing/],
  [
    'makes an order and signs it with the server’s own key',
    (loot) => another(loot, [loot.keys.online, loot.keys.ledgerKey]),
    'order_unverified',
    /2026-666.*2 missing/,
  ],
  [
    'makes an order that one person has approved',
    (loot) => another(loot, [loot.people.ada]),
    'order_unverified',
    /2026-666.*1 missing/,
  ],
  [
    'case 25: counts one signer twice',
    (loot) => another(loot, [loot.people.ada, loot.people.ada]),
    'order_unverified',
    /2026-666.*1 missing/,
  ],
  [
    'case 31: counts the proposer as an approver',
    (loot) => another(loot, [loot.people.ada, loot.people.ben], { proposer: loot.personOf(loot.people.ada) }),
    'order_unverified',
    /2026-666.*1 missing/,
  ],
  [
    'counts keys that the approver set does not name',
    (loot) => another(loot, [loot.people.ada, testKey(), testKey()]),
    'order_unverified',
    /2026-666.*1 missing/,
  ],
  [
    'disguises an order that one person approved as a pause',
    (loot) =>
      another(loot, [loot.people.ada], {
        action: 'pause',
        status: 'paused',
        pausedSince: iso(BEGIN),
        proposer: 'nobody',
      }),
    'order_unverified',
    /2026-666/,
  ],
  [
    'case 32: edits a revision and leaves its number and signatures',
    (loot) => {
      const { revision } = revisionIn(loot.closed);
      const edited = signed({ ...revision, terms: { ...revision.terms, areas: ['IN'] } }, []);
      return [listWith(loot, [{ ...edited, signatures: loot.closed.signatures }, loot.base, loot.hold])];
    },
    'order_forked',
    /revision 2 of order 2026-001/,
  ],
  [
    'case 32: puts the signatures of one revision under the next',
    (loot) => {
      const { revision, digest } = revisionIn(loot.closed);
      const edited = signed(
        { ...revision, revision: 3, previous: digest, action: 'withdraw', status: 'withdrawn' },
        [],
      );
      return [listWith(loot, [{ ...edited, signatures: loot.closed.signatures }, loot.base, loot.hold])];
    },
    'order_unverified',
    /Revision 3 of order 2026-001/,
  ],
  [
    'withdraws an order without a signature',
    (loot) => next(loot, { action: 'withdraw', status: 'withdrawn' }, [loot.keys.online]),
    'order_unverified',
    /Revision 3 of order 2026-001.*2 missing/,
  ],
  [
    'withdraws an order with one person’s signature',
    (loot) => next(loot, { action: 'withdraw', status: 'withdrawn' }, [loot.people.cleo]),
    'order_unverified',
    /Revision 3 of order 2026-001.*1 missing/,
  ],
  [
    'pauses an order with one person’s signature, and changes its areas too',
    (loot) => {
      const { revision } = revisionIn(loot.closed);
      const terms = { ...revision.terms, areas: ['IN'] };
      return next(loot, { action: 'pause', status: 'paused', pausedSince: iso(BEGIN), terms }, [loot.people.ada]);
    },
    'order_unverified',
    /Revision 3 of order 2026-001/,
  ],
  [
    'renews a pause with one person’s signature',
    (loot) => heldAgain(loot, {}),
    'pause_renewed',
    /Revision 3 of order 2026-002/,
  ],
  [
    'adds a pause to a paused order',
    (loot) => heldAgain(loot, { previous: revisionIn(loot.hold).digest }),
    'order_unverified',
    /Revision 3 of order 2026-002/,
  ],
  [
    'leaves an order out of the list',
    (loot) => [listWith(loot, [loot.base, loot.hold])],
    'order_missing',
    /omits order 2026-001/,
  ],
  [
    'lists an older revision that two people signed',
    (loot) => [listWith(loot, [loot.closedBefore, loot.base, loot.hold])],
    'order_rolled_back',
    /revision 2 of order 2026-001/,
  ],
  ['case 24: sends an older list', (loot) => [{ kind: 'list', envelope: loot.older }], 'list_older', /older than/],
  [
    'case 24: makes another list of the same version',
    (loot) => [listWith(loot, [], { version: loot.list.version, previous: loot.list.previous })],
    'list_forked',
    /published two different lists/,
  ],
  [
    'case 24: makes a list that follows another one',
    (loot) => [listWith(loot, [], { previous: 'f'.repeat(64) })],
    'list_forked',
    /published two different lists/,
  ],
  [
    'case 24: sends a list of another installation',
    (loot) => [listWith(loot, [], { installation: 'ins_other' })],
    'list_other_installation',
    /ins_other/,
  ],
  [
    'case 27: sends a list of another payload type',
    (loot) => {
      const payload = encodeCanonical({
        ...loot.list,
        version: loot.list.version + 1,
        previous: loot.hash,
        orders: [],
      });
      const type = 'application/vnd.cordon.order-list.v2+json';
      return [{ kind: 'list', envelope: signEnvelope(type, payload, [loot.keys.online]) }];
    },
    'document_wrong_type',
    /v2/,
  ],
  [
    'case 27: hides an unknown field in a list',
    (loot) => {
      const list = {
        ...loot.list,
        version: loot.list.version + 1,
        previous: loot.hash,
        orders: [],
        except: ['2026-001'],
      };
      const envelope = signEnvelope(PAYLOAD_TYPES.list, encodeCanonical(list), [loot.keys.online]);
      return [{ kind: 'list', envelope }];
    },
    'document_malformed',
    /format/,
  ],
  [
    'makes an approver set without signatures, and an order under it',
    (loot) => [newApproverSet(loot, []), listWith(loot, [loot.base, loot.hold], { approverSet: 2 })],
    'threshold_not_met',
    /Approver set 2/,
  ],
  [
    'makes an approver set and signs it with the server’s own key',
    (loot) => [newApproverSet(loot, [loot.keys.online]), listWith(loot, [loot.base, loot.hold], { approverSet: 2 })],
    'threshold_not_met',
    /Approver set 2/,
  ],
  [
    'makes an approver set with one approver’s help',
    (loot) => [newApproverSet(loot, [loot.people.ada]), listWith(loot, [loot.base, loot.hold], { approverSet: 2 })],
    'threshold_not_met',
    /Approver set 2/,
  ],
];
