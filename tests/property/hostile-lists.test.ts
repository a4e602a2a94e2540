/**
 * Order lists from an attacker with the online key: the lists contain revisions with any terms, signed by any of the willing people, in any
 * order. A device never accepts an order without two approvers, and its list never rolls back.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isCordonError } from '../../shared/errors.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { type Envelope, type Revision, revisionSchema } from '../../shared/order/documents.ts';
import { type AcceptedRevision, type KnownList, verifyList } from '../../shared/order/verify-list.ts';
import {
  approverSetDocument,
  INSTALLATION,
  NOW,
  revisionDocument,
  signedApproverSet,
  signedList,
  signedRevision,
  TERMS,
  testKey,
  testPerson,
} from '../support/signed-documents.ts';

const online = testKey();
const [ada, ben, cyd] = [testPerson('ada'), testPerson('ben'), testPerson('cyd')];
const { approverSet } = signedApproverSet(approverSetDocument([ada, ben, cyd], online), [ada, ben]);
/** Keys that sign for the attacker: three approvers, a key of one of them that is not in the approver set, and the server's key. */
const signers = [ada, ben, cyd, testPerson('ada'), { person: 'server', key: online }];

interface Made {
  readonly envelope: Envelope;
  readonly document: Revision;
  readonly digest: string;
  readonly persons: ReadonlySet<string>;
}

const signing: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.constantFrom([0, 1], [1, 2], [0], [2]),
  fc.array(fc.nat(signers.length - 1), { maxLength: 4 }),
);

/** One revision. It is usually based on a similar earlier revision, and sometimes on a revision that does not exist. */
const recipe = fc.record({
  order: fc.constantFrom('2015-001', '2015-001', '2015-002'),
  kind: fc.constantFrom(
    ...([
      'propose/active',
      'revise/active',
      'pause/paused',
      'pause/paused',
      'pause/paused',
      'withdraw/withdrawn',
    ] as const),
    ...(['revise/paused', 'pause/active', 'resume/active'] as const),
  ),
  pausedSince: fc.constantFrom(NOW, NOW + 60_000, NOW + 120_000, NOW + 10 * 86_400_000),
  changed: fc.constantFrom(false, false, false, true),
  proposer: fc.constantFrom('proposer', 'proposer', 'ada', 'ben'),
  below: fc.nat(6),
  skip: fc.constantFrom(0, 1, 1, 1, 2),
  signers: signing,
});
type Recipe = typeof recipe extends fc.Arbitrary<infer R> ? R : never;

/** Revision that two people approved. The other revisions are based on it. */
const HONEST: Recipe = {
  order: '2015-001',
  kind: 'propose/active',
  pausedSince: NOW,
  changed: false,
  proposer: 'proposer',
  below: 0,
  skip: 1,
  signers: [0, 1],
};

/** Pause of the honest revision, signed by one person. */
const PAUSED: Recipe = { ...HONEST, kind: 'pause/paused', signers: [0] };

function make(given: readonly Recipe[]): Made[] {
  const made: Made[] = [];
  for (const { order, kind, pausedSince, changed, proposer, below, skip, signers: who } of given) {
    const same = made.filter(({ document }) => document.order === order);
    const base = same[below % Math.max(1, same.length)];
    const [action = 'propose', status = 'active'] = kind.split('/');
    const document = revisionSchema.parse({
      ...revisionDocument({ order, proposer }),
      revision: Math.max(1, (base?.document.revision ?? 1) + (base ? skip : 0)),
      action,
      status,
      pausedSince: status === 'paused' ? new Date(pausedSince).toISOString() : null,
      terms: { ...(base?.document.terms ?? TERMS), ...(changed && { areas: ['IN'] }) },
      previous: base?.digest ?? null,
    });
    const signing = who.flatMap((index) => signers[index] ?? []);
    const envelope = signedRevision(document, signing);
    const real = signing.filter((one) => one === ada || one === ben || one === cyd).map(({ person }) => person);
    made.push({ envelope, document, digest: envelope.digest, persons: new Set(real) });
  }
  return made;
}

/** Revisions of one list, its version, and whether it names the correct previous list. */
const listing = fc.record({
  chosen: fc.oneof(fc.constant([...Array(12).keys()]), fc.array(fc.nat(11), { maxLength: 6 })),
  version: fc.constantFrom(1, 1, 1, 1, 2, 0, -1),
  honest: fc.constantFrom(true, true, true, false),
});

const others = ({ document, persons }: Made) => persons.size - (persons.has(document.proposer) ? 1 : 0);
const isOf = (accepted: AcceptedRevision) => (made: Made) => made.digest === accepted.digest;

it('case 25: no list that the online key signs makes a device accept an order without two approvers, or roll back', () => {
  const seen = { accepted: 0, pauses: 0, refused: 0, alerts: 0 };
  fc.assert(
    fc.property(
      fc.array(recipe, { minLength: 3, maxLength: 12 }),
      fc.array(listing, { minLength: 1, maxLength: 6 }),
      (recipes, listings) => {
        const made = make([HONEST, PAUSED, ...recipes]);
        let known: KnownList = { installation: INSTALLATION, version: 0, hash: null, orders: new Map() };
        for (const { chosen, version, honest } of listings) {
          const orders = chosen.flatMap((index) => made[index % made.length]?.envelope ?? []);
          const { envelope } = signedList(orders, online, {
            version: Math.max(1, known.version + version),
            previous: honest ? known.hash : 'e'.repeat(64),
          });
          const before = known;
          try {
            const { list, hash, orders: now, alerts } = verifyList({ envelope, approverSet, known: before, now: NOW });
            expect(list.version).toBeGreaterThanOrEqual(before.version);
            if (list.version === before.version) expect(hash).toBe(before.hash);
            seen.alerts += alerts.length;
            known = { installation: INSTALLATION, version: list.version, hash, orders: now };
          } catch (error) {
            // The device refuses the whole list and changes nothing.
            if (!isCordonError(error)) throw error;
            seen.refused += 1;
            continue;
          }
          for (const order of before.orders.keys()) expect(known.orders.has(order)).toBe(true);
          for (const [order, accepted] of known.orders) {
            const earlier = before.orders.get(order);
            expect(accepted.revision.revision).toBeGreaterThanOrEqual(earlier?.revision.revision ?? 0);
            if (accepted.revision.revision === earlier?.revision.revision) expect(accepted.digest).toBe(earlier.digest);
            const behind = made.filter(isOf(accepted));
            if (behind.some((each) => others(each) >= 2)) {
              seen.accepted += 1;
              continue;
            }
            // The only accepted revision with fewer than two approvers is a pause. One approver signed it, its terms have two approvals,
            // and it expires.
            seen.pauses += 1;
            const { revision } = accepted;
            expect([revision.action, revision.status]).toEqual(['pause', 'paused']);
            expect(behind.some(({ persons }) => persons.size >= 1)).toBe(true);
            const paused = made.filter(({ digest }) => digest === revision.previous).find((each) => others(each) >= 2);
            expect(paused?.document.status).toBe('active');
            expect(encodeCanonical(revision.terms)).toEqual(encodeCanonical(paused?.document.terms));
            const lasting = new Set(behind.flatMap(({ persons }) => [...persons])).size >= 2;
            if (accepted.permanentPause) expect(lasting).toBe(true);
            // A pause by one person expires. Before a second such pause, two people must approve a revision.
            const again = earlier && accepted.digest !== earlier.digest;
            if (again && earlier.revision.status === 'paused' && !earlier.permanentPause) {
              expect(paused?.document.revision).toBeGreaterThan(earlier.revision.revision);
            }
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  console.log(seen);
});
