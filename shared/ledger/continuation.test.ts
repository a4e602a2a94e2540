/** Rules by which the owner of an earlier tree judges a continuation of the ledger (ADR 39). */
import { describe, expect, it } from 'vitest';
import { encodeCanonical } from '../order/canonical.ts';
import type { LedgerContinuation } from '../order/documents.ts';
import { continuedOrigin, originOf, originOrder } from './checkpoint.ts';
import { continuationOf, judgeEarlierTree, type NamedTree, parseContinuation } from './continuation.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [string, string, string, string];
const FIRST = originOf('ins_test');
const SECOND = `${FIRST}/20261128160000`;
const THIRD = `${FIRST}/20261129160000`;

const document = (changed: Partial<LedgerContinuation> = {}): LedgerContinuation => ({
  installation: 'ins_test',
  origin: FIRST,
  newOrigin: SECOND,
  reason: 'a lost disk',
  fork: { size: 100, root: A },
  reported: { origin: FIRST, size: 130, root: B },
  date: '2026-11-28T16:00:00.000Z',
  ...changed,
});

const tree = (size: number, root: string, origin = FIRST): NamedTree => ({ origin, size, root });

describe('judgment of a tree that a device has seen', () => {
  it.each<[string, NamedTree, Partial<LedgerContinuation>, ReturnType<typeof judgeEarlierTree>]>([
    ['smaller than the fork', tree(90, C), {}, 'prove'],
    ['as large as the fork', tree(100, C), {}, 'prove'],
    ['that was shown', tree(130, B), {}, 'lost'],
    ['between the fork and the shown one', tree(120, C), {}, 'lost'],
    ['as large as the shown one, with another root', tree(130, C), {}, 'contradicts'],
    ['larger than the shown one', tree(131, C), {}, 'lost-more'],
    ['larger than the fork, while the loss is unknown', tree(101, C), { reported: null }, 'lost-more'],
    ['smaller than the fork, while the loss is unknown', tree(90, C), { reported: null }, 'prove'],
    // A second history is shorter than the remaining tree. The continuation gives up only the stated tree.
    ['of a second history, and shown', tree(80, B), { reported: { origin: FIRST, size: 80, root: B } }, 'lost'],
    ['of a second history, and not shown', tree(79, C), { reported: { origin: FIRST, size: 80, root: B } }, 'prove'],
    // The continuation that gave the second name was itself lost.
    ['of a lost continuation', tree(120, C, SECOND), { newOrigin: THIRD }, 'lost'],
    ['of a lost continuation, larger', tree(140, C, SECOND), { newOrigin: THIRD }, 'lost-more'],
    ['of a lost continuation, no larger than the fork', tree(90, C, SECOND), { newOrigin: THIRD }, 'lost'],
    ['of another installation', tree(90, C, 'cordon/other'), {}, 'other'],
    ['of the new log itself', tree(120, C, SECOND), {}, 'other'],
    ['of an older log', tree(90, C, FIRST), { origin: SECOND, newOrigin: THIRD, reported: null }, 'other'],
  ])('%s', (_name, held, changed, verdict) => {
    expect(judgeEarlierTree(held, document(changed))).toBe(verdict);
  });
});

describe('a continuation document', () => {
  const read = (changed: object) => parseContinuation(encodeCanonical({ ...document(), ...changed }));

  it('is read if it is consistent', () => {
    expect(read({})).toEqual(document());
    expect(read({ reported: null }).reported).toBeNull();
  });

  it.each([
    ['of another installation’s log', { origin: 'cordon/other' }],
    ['to another installation’s log', { newOrigin: 'cordon/other/20261128160000' }],
    ['to the same name', { newOrigin: FIRST }],
    ['to an older name', { origin: THIRD, newOrigin: SECOND, reported: null }],
    ['that states the fork as the loss', { reported: { origin: FIRST, size: 100, root: A } }],
    ['that states a tree of a later log', { reported: { origin: THIRD, size: 130, root: B } }],
    ['without entries', { fork: { size: 0, root: D } }],
    ['with an unknown field', { server: 'me' }],
    ['with a name of another form', { newOrigin: `${FIRST}/2` }],
  ])('%s is refused', (_name, changed) => {
    expect(() => read(changed)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
  });
});

it('orders the names of a log by time, and finds the continuation of each', () => {
  const at = Date.parse('2026-11-28T16:00:00.999Z');
  expect(continuedOrigin('ins_test', at)).toBe(SECOND);
  expect(
    [FIRST, SECOND, `${FIRST}/x`, `${FIRST}x`, 'cordon/other'].map((name) => originOrder('ins_test', name)),
  ).toEqual([0, 20261128160000, null, null, null]);
  const [one, two] = [document(), document({ origin: SECOND, newOrigin: THIRD, reported: null })];
  expect(continuationOf(FIRST, [two, one])).toBe(one);
  expect(continuationOf(SECOND, [two, one])).toBe(two);
  expect(continuationOf(THIRD, [two, one])).toBeNull();
  expect(continuationOf('cordon/other', [two, one])).toBeNull();
});
