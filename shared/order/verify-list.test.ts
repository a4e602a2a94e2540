import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../tests/support/code-of.ts';
import {
  approverSetDocument,
  INSTALLATION,
  NOW,
  revisionDocument,
  signedApproverSet,
  signedList,
  signedRevision,
  signedStub,
  TERMS,
  testKey,
  testPerson,
} from '../../tests/support/signed-documents.ts';
import { BRIEF_PAUSE } from './adoption-state.ts';
import { verifyApproverSets } from './approvers.ts';
import type { Envelope, OrderStub, Revision } from './documents.ts';
import { compileRules } from './rules.ts';
import { type AcceptedRevision, type KnownList, missingRevisions, readAccepted, verifyList } from './verify-list.ts';

const online = testKey();
const [ada, ben, cyd] = [testPerson('ada'), testPerson('ben'), testPerson('cyd')];
const { approverSet, envelope: approverSetEnvelope } = signedApproverSet(approverSetDocument([ada, ben, cyd], online), [
  ada,
  ben,
]);
const nothing: KnownList = { installation: INSTALLATION, version: 0, hash: null, orders: new Map() };

const verify = (orders: Envelope[], known: KnownList = nothing, changes = {}, withheld: Envelope[] = []) => {
  const made = signedList(orders, online, { version: known.version + 1, previous: known.hash, ...changes });
  return verifyList({ envelope: made.envelope, approverSet, known, now: NOW, withheld });
};
const knowing = (orders: Envelope[], known: KnownList = nothing): KnownList => {
  const { list, hash, orders: accepted } = verify(orders, known);
  return { installation: INSTALLATION, version: list.version, hash, orders: accepted };
};
const kept = (orders: ReadonlyMap<string, AcceptedRevision>) => orders.get('2015-001')?.revision.revision ?? null;
const alerts = (result: ReturnType<typeof verifyList>) => result.alerts.map((alert) => alert.code);

const first = signedRevision(revisionDocument(), [ada, ben]);
const next = (changes: Partial<Revision>, base: { digest: string } = first): Revision =>
  revisionDocument({ revision: 2, previous: base.digest, action: 'revise', ...changes });
const heldAt = new Date(NOW + 60_000).toISOString();
const hold = (changes: Partial<Revision> = {}, base: { digest: string } = first): Revision =>
  next({ action: 'pause', status: 'paused', pausedSince: heldAt, ...changes }, base);

describe('a list', () => {
  it('contains the order that two people signed', () => {
    const result = verify([first]);
    expect(kept(result.orders)).toBe(1);
    expect(result.alerts).toEqual([]);
    expect(result.expired).toBe(false);
  });

  it('case 24: a lower version, and a list of another installation, are refused', () => {
    const known = knowing([first], knowing([first]));
    const older = signedList([first], online, { version: 1 });
    expect(codeOf(() => verifyList({ envelope: older.envelope, approverSet, known, now: NOW }))).toBe('list_older');
    expect(codeOf(() => verify([first], known, { installation: 'ins_other' }))).toBe('list_other_installation');
    const foreign = signedRevision(revisionDocument({ installation: 'ins_other' }), [ada, ben]);
    const result = verify([foreign]);
    expect(kept(result.orders)).toBeNull();
    expect(alerts(result)).toEqual(['order_unverified']);
  });

  it('case 24: the same version with other bytes, or a successor of another list, is a fork', () => {
    const known = knowing([first]);
    const other = signedList([], online, { version: 1 });
    expect(codeOf(() => verifyList({ envelope: other.envelope, approverSet, known, now: NOW }))).toBe('list_forked');
    expect(codeOf(() => verify([first], known, { previous: 'f'.repeat(64) }))).toBe('list_forked');
    expect(codeOf(() => verify([first], known))).toBe('accepted');
  });

  it('case 25: an order is refused with one signer twice, too few signers, or an unknown key', () => {
    const again = signedRevision(revisionDocument(), [ada, ada, ada]);
    expect(again.signatures).toHaveLength(3);
    const stranger = testPerson('ben');
    for (const signers of [[ada, ada], [ada], [], [ada, stranger]]) {
      const result = verify([signedRevision(revisionDocument(), signers)]);
      expect(kept(result.orders)).toBeNull();
      expect(alerts(result)).toEqual(['order_unverified']);
    }
  });

  it('case 25: two keys of one person count as one person', () => {
    const second = testPerson('ada');
    const two = signedApproverSet(approverSetDocument([ada, second, ben], online), [ada, ben]).approverSet;
    const list = signedList([signedRevision(revisionDocument(), [ada, second])], online);
    const result = verifyList({ envelope: list.envelope, approverSet: two, known: nothing, now: NOW });
    expect(kept(result.orders)).toBeNull();
  });

  it('case 31: the proposer’s approval does not count', () => {
    const result = verify([signedRevision(revisionDocument({ proposer: 'ada' }), [ada, ben])]);
    expect(kept(result.orders)).toBeNull();
    expect(kept(verify([signedRevision(revisionDocument({ proposer: 'ada' }), [ada, ben, cyd])]).orders)).toBe(1);
  });

  it('case 32: signatures of one revision are invalid for another revision', () => {
    const edited = signedRevision(revisionDocument({ terms: { ...TERMS, areas: ['IN'] } }), []);
    expect(kept(verify([{ ...edited, signatures: first.signatures }]).orders)).toBeNull();
  });

  it('case 35: a list that is no longer refreshed has expired, but is accepted', () => {
    const { envelope } = signedList([first], online);
    const late = verifyList({ envelope, approverSet, known: nothing, now: NOW + 7 * 86_400_000 });
    expect(late.expired).toBe(true);
    expect(kept(late.orders)).toBe(1);
  });

  it('must be signed by an online key of the approver set, and issued under a known approver set', () => {
    const { envelope } = signedList([first], testKey());
    expect(codeOf(() => verifyList({ envelope, approverSet, known: nothing, now: NOW }))).toBe('signature_invalid');
    expect(codeOf(() => verify([first], nothing, { approverSet: 2 }))).toBe('approver_set_older');
  });

  it('cannot end or roll back an order by an omission, an older revision or a fork', () => {
    const second = signedRevision(next({}), [ada, cyd]);
    const known = knowing([second], knowing([first]));
    const missing = verify([], known);
    expect([kept(missing.orders), alerts(missing)]).toEqual([2, ['order_missing']]);
    const back = verify([first], known);
    expect([kept(back.orders), alerts(back)]).toEqual([2, ['order_rolled_back']]);
    const fork = signedRevision(next({ status: 'withdrawn', action: 'withdraw' }), [ada, ben]);
    const forked = verify([fork], known);
    expect([kept(forked.orders), alerts(forked)]).toEqual([2, ['order_forked']]);
    const unsigned = verify(
      [signedRevision(next({ revision: 3, action: 'withdraw', status: 'withdrawn' }), [ada])],
      known,
    );
    expect([kept(unsigned.orders), alerts(unsigned)]).toEqual([2, ['order_unverified']]);
  });

  it('may omit a withdrawn order', () => {
    const withdrawn = signedRevision(next({ action: 'withdraw', status: 'withdrawn' }), [ada, ben]);
    expect(verify([], knowing([withdrawn])).alerts).toEqual([]);
  });

  it('case 30: an area that does not exist is not enforced in part', () => {
    const result = verify([signedRevision(revisionDocument({ terms: { ...TERMS, areas: ['PK', 'ZZ'] } }), [ada, ben])]);
    expect([kept(result.orders), alerts(result)]).toEqual([null, ['order_unverified']]);
  });

  it('accepts exactly the bytes that were signed', () => {
    const { envelope } = signedList([first], online);
    const payload = Buffer.from(envelope.payload, 'base64');
    fc.assert(
      fc.property(fc.nat(payload.length * 8 - 1), (bit) => {
        const bytes = Buffer.from(payload);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const broken = { ...envelope, payload: bytes.toString('base64') };
        expect(codeOf(() => verifyList({ envelope: broken, approverSet, known: nothing, now: NOW }))).not.toBe(
          'accepted',
        );
      }),
    );
    // An attacker with the online key changes a revision and signs the list again.
    const inner = Buffer.from(first.payload, 'base64');
    fc.assert(
      fc.property(fc.nat(inner.length * 8 - 1), (bit) => {
        const bytes = Buffer.from(inner);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verify([{ ...first, payload: bytes.toString('base64') }]).orders.size).toBe(0);
      }),
    );
  });
});

describe('a pause', () => {
  const pausedUntil = (orders: ReadonlyMap<string, AcceptedRevision>) => compileRules(orders.values())[0]?.pausedUntil;

  it('by one person, even the proposer, lasts 72 hours and needs the paused revision', () => {
    const result = verify([first, signedRevision(hold({ proposer: 'ada' }), [ada])]);
    expect(result.alerts).toEqual([]);
    expect(pausedUntil(result.orders)).toBe(Date.parse(heldAt) + BRIEF_PAUSE);
    // A device that has stored the paused revision does not need it again.
    expect(pausedUntil(verify([signedRevision(hold(), [cyd])], knowing([first])).orders)).toBe(
      Date.parse(heldAt) + BRIEF_PAUSE,
    );
  });

  it('lasts until the order is resumed if a second person approves it, also later', () => {
    const document = hold({ proposer: 'ada' });
    expect(pausedUntil(verify([first, signedRevision(document, [ada, ben])]).orders)).toBe(Infinity);
    const known = knowing([first, signedRevision(document, [ada])]);
    const later = verify([first, signedRevision(document, [ada, ben])], known);
    expect(pausedUntil(later.orders)).toBe(Infinity);
    // No later list can remove the second approval.
    const stripped = { ...known, orders: later.orders };
    expect(pausedUntil(verify([first, signedRevision(document, [ada])], stripped).orders)).toBe(Infinity);
  });

  it.each<[string, Partial<Revision>]>([
    ['other areas', { terms: { ...TERMS, areas: ['IN'] } }],
    ['other exemptions', { exempt: [{ commitment: 'a'.repeat(64), until: null }] }],
    ['another action', { action: 'revise' }],
    ['no hold at all', { status: 'active', pausedSince: null }],
    ['a revision that nobody has seen', { previous: 'b'.repeat(64) }],
    ['a beginning in the future', { pausedSince: '2016-01-01T00:00:00.000Z' }],
  ])('by one person may not bring in %s', (_name, changes) => {
    const result = verify([first, signedRevision(hold(changes), [ada])], knowing([first]));
    expect([kept(result.orders), alerts(result)]).toEqual([1, ['order_unverified']]);
  });

  it('by one person cannot be renewed by one person', () => {
    const known = knowing([first, signedRevision(hold(), [ada])]);
    const renewed = hold({ revision: 3, pausedSince: new Date(NOW + 3_000_000).toISOString() });
    const result = verify([first, signedRevision(renewed, [ada])], known);
    expect([kept(result.orders), alerts(result)]).toEqual([2, ['pause_renewed']]);
    // A pause of the pause itself needs signatures by two people.
    const onHold = signedRevision({ ...renewed, previous: signedRevision(hold(), []).digest }, [ada]);
    expect(kept(verify([first, onHold], known).orders)).toBe(2);
  });

  it('by one person is refused on another document with the number of the stored revision', () => {
    const known = knowing([first, signedRevision(hold(), [ada])]);
    const other = signedRevision(next({ revision: 2, action: 'revise' }), [ben, cyd]);
    const again = signedRevision(hold({ revision: 3 }, other), [ada]);
    const result = verify([other, again], known);
    expect([kept(result.orders), alerts(result)]).toEqual([2, ['pause_renewed', 'order_forked']]);
  });

  it('can follow a resumption that the device has missed', () => {
    const known = knowing([first, signedRevision(hold(), [ada])]);
    const release = signedRevision(next({ revision: 3, action: 'resume' }), [ben, cyd]);
    const again = signedRevision(hold({ revision: 4, pausedSince: new Date(NOW + 3_000_000).toISOString() }, release), [
      ada,
    ]);
    const result = verify([release, again], known);
    expect([kept(result.orders), alerts(result)]).toEqual([4, []]);
  });
});

describe('an approver set', () => {
  const dan = testPerson('dan');
  const second = approverSetDocument([ada, cyd, dan], online, { version: 2, previous: approverSet.digest });

  it('is signed by itself at first, and later by the previous set and by itself', () => {
    expect(verifyApproverSets(null, [approverSetEnvelope]).approvers.version).toBe(1);
    const followed = signedApproverSet(second, [ada, cyd]).envelope;
    expect(verifyApproverSets(approverSet, [approverSetEnvelope, followed]).approvers.version).toBe(2);
    expect(verifyApproverSets(null, [approverSetEnvelope, followed]).approvers.version).toBe(2);
    expect(verifyApproverSets(approverSet, []).digest).toBe(approverSet.digest);
  });

  it.each([
    ['only the new one’s people', [cyd, dan], 'threshold_not_met'],
    ['only the old one’s people', [ada, ben], 'threshold_not_met'],
    ['one person twice', [ada, ada], 'threshold_not_met'],
  ])('case 25: signed by %s is refused', (_name, signers, expected) => {
    expect(codeOf(() => verifyApproverSets(approverSet, [signedApproverSet(second, signers).envelope]))).toBe(expected);
  });

  it.each([
    ['a gap', { version: 3 }, 'approver_set_older'],
    ['another chain', { previous: 'c'.repeat(64) }, 'approver_set_older'],
    ['another installation', { installation: 'ins_other' }, 'list_other_installation'],
    ['more people asked for than named', { threshold: 4 }, 'document_malformed'],
  ])('with %s is refused', (_name, changes, expected) => {
    const made = () => signedApproverSet({ ...second, ...changes }, [ada, cyd, ben]);
    expect(codeOf(() => verifyApproverSets(approverSet, [made().envelope]))).toBe(expected);
  });

  it('that differs from the pinned set of the same version is refused', () => {
    const forged = signedApproverSet(approverSetDocument([ada, ben, dan], online), [ada, ben]).envelope;
    expect(codeOf(() => verifyApproverSets(approverSet, [forged]))).toBe('list_forked');
    expect(codeOf(() => verifyApproverSets(null, []))).toBe('approvers_required');
  });

  it('keeps verified revisions after a rotation, and requires approvers of the new set for new ones', () => {
    const newest = signedApproverSet(second, [ada, cyd]).approverSet;
    const known = knowing([first]);
    const refreshed = signedList([first], online, { version: 2, previous: known.hash, approverSet: 2 });
    const old = verifyList({ envelope: refreshed.envelope, approverSet: newest, known, now: NOW });
    expect([kept(old.orders), alerts(old)]).toEqual([1, []]);
    const asNew = verifyList({ envelope: refreshed.envelope, approverSet: newest, known: nothing, now: NOW });
    expect([kept(asNew.orders), alerts(asNew)]).toEqual([null, ['order_unverified']]);
    const again = signedList([signedRevision(revisionDocument(), [ada, ben, cyd])], online, { approverSet: 2 });
    expect(kept(verifyList({ envelope: again.envelope, approverSet: newest, known: nothing, now: NOW }).orders)).toBe(
      1,
    );
    const lasting = signedRevision(hold(), [ada, ben]);
    expect(readAccepted(lasting, [approverSet, newest]).permanentPause).toBe(true);
    expect(readAccepted(lasting, [newest]).permanentPause).toBe(false);
  });
});

describe('a withheld revision', () => {
  const secret = revisionDocument({ terms: { ...TERMS, publication: { law: 'section 5' } }, salt: 'a'.repeat(64) });
  const whole = signedRevision(secret, [ada, ben]);
  const stub = signedStub(secret, [ada, ben]);
  const known = (): KnownList => {
    const { list, hash, orders } = verify([stub], nothing, {}, [whole]);
    return { installation: INSTALLATION, version: list.version, hash, orders };
  };
  const moved = revisionDocument({
    ...secret,
    revision: 2,
    previous: whole.digest,
    action: 'withdraw',
    status: 'withdrawn',
  });

  it('counts like any other after the device has received it, and stays valid', () => {
    const first = verify([stub], nothing, {}, [whole]);
    expect([kept(first.orders), alerts(first)]).toEqual([1, []]);
    const again = verify([stub], known());
    expect([kept(again.orders), alerts(again)]).toEqual([1, []]);
    expect(missingRevisions(again.list, again.orders)).toEqual([]);
  });

  it('causes an alert and a request if the device has not received it', () => {
    const first = verify([stub]);
    expect([kept(first.orders), alerts(first)]).toEqual([null, ['withheld_missing']]);
    expect(missingRevisions(first.list, first.orders)).toMatchObject([{ order: '2015-001', revision: 1 }]);
    const later = verify([signedStub(moved, [ada, ben])], known());
    expect([kept(later.orders), alerts(later)]).toEqual([1, ['withheld_missing']]);
    expect(missingRevisions(later.list, later.orders)).toHaveLength(1);
    const came = verify([signedStub(moved, [ada, ben])], known(), {}, [signedRevision(moved, [ada, ben])]);
    expect([kept(came.orders), came.orders.get('2015-001')?.revision.status]).toEqual([2, 'withdrawn']);
  });

  it('is valid only with its approvers’ signatures, not by a stub or the server', () => {
    const few = verify([stub], nothing, {}, [signedRevision(secret, [ada])]);
    expect([kept(few.orders), alerts(few)]).toEqual([null, ['order_unverified']]);
    const other = signedRevision(revisionDocument({ ...secret, proposer: 'somebody' }), [ada, ben]);
    const swapped = verify([stub], nothing, {}, [other]);
    expect([kept(swapped.orders), alerts(swapped)]).toEqual([null, ['withheld_missing']]);
  });

  it.each<[string, Partial<OrderStub>]>([
    ['fewer areas', { areas: ['IN'] }],
    ['other services', { services: ['mail'] }],
    ['another number', { order: '2015-002' }],
    ['another revision', { revision: 7 }],
  ])('does not count behind a stub that tells the public of %s', (_, changes) => {
    const told = verify([signedStub(secret, [ada, ben], changes)], nothing, {}, [whole]);
    expect([told.orders.size, alerts(told)]).toEqual([0, ['order_unverified']]);
  });

  it('cannot be rolled back or forked', () => {
    const before = known();
    const two = verify([signedStub(moved, [ada, ben])], before, {}, [signedRevision(moved, [ada, ben])]);
    const knowing2 = { installation: INSTALLATION, version: two.list.version, hash: two.hash, orders: two.orders };
    expect(alerts(verify([stub], knowing2))).toEqual(['order_rolled_back']);
    const fork = revisionDocument({ ...secret, proposer: 'somebody' });
    expect(alerts(verify([signedStub(fork, [ada, ben])], before))).toEqual(['order_forked']);
    expect(alerts(verify([], before))).toEqual(['order_missing']);
  });

  it('causes an alert if its approvers made it public, and still counts', () => {
    const open = revisionDocument();
    const hidden = verify([signedStub(open, [ada, ben])], nothing, {}, [signedRevision(open, [ada, ben])]);
    expect([kept(hidden.orders), alerts(hidden)]).toEqual([1, ['order_unverified']]);
    const past = { ...TERMS, publication: { until: new Date(NOW).toISOString() } };
    const late = revisionDocument({ ...secret, terms: past });
    const still = verify([signedStub(late, [ada, ben])], nothing, {}, [signedRevision(late, [ada, ben])]);
    expect([kept(still.orders), alerts(still)]).toEqual([1, ['order_unverified']]);
    const published = verify([signedRevision(late, [ada, ben])], nothing);
    expect([kept(published.orders), alerts(published)]).toEqual([1, []]);
  });

  it('can be paused by one person, with stubs for both revisions', () => {
    const held = hold({ terms: secret.terms, salt: 'b'.repeat(64) }, whole);
    const [ground, brief] = [whole, signedRevision(held, [cyd])];
    const both = verify([stub, signedStub(held, [cyd])], nothing, {}, [ground, brief]);
    expect([kept(both.orders), alerts(both)]).toEqual([2, []]);
    const alone = verify([stub, signedStub(held, [cyd])], nothing, {}, [brief]);
    expect(alerts(alone)).toContain('order_unverified');
    const half = verify([stub, signedStub(held, [cyd])], nothing, {}, [ground]);
    expect([kept(half.orders), alerts(half)]).toEqual([1, ['withheld_missing']]);
  });
});
