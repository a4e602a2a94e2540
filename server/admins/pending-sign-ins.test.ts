import { expect, it } from 'vitest';
import { createPendingSignIns, PENDING_LASTS } from './pending-sign-ins.ts';

const request = { state: 's', nonce: 'n', verifier: 'v' };
const of = (source: string) => ({ purpose: 'sign-in' as const, request, session: null, source });

it('returns a sign-in once, and nothing for an unknown cookie', () => {
  const pending = createPendingSignIns(() => 0);
  const cookie = pending.add(of('a'));
  expect(pending.take('other')).toBeNull();
  expect(pending.take(cookie)).toMatchObject({ source: 'a', begunAt: 0 });
  expect(pending.take(cookie)).toBeNull();
});

it('returns nothing after ten minutes', () => {
  let now = 0;
  const pending = createPendingSignIns(() => now);
  const [early, late] = [pending.add(of('a')), pending.add(of('a'))];
  now = PENDING_LASTS - 1;
  expect(pending.take(early)).not.toBeNull();
  now = PENDING_LASTS;
  expect(pending.take(late)).toBeNull();
});

it('removes the oldest sign-in of a source with too many, and none of another source', () => {
  const pending = createPendingSignIns(() => 0);
  const other = pending.add(of('b'));
  const own = Array.from({ length: 25 }, () => pending.add(of('a')));
  expect(own.map((cookie) => pending.take(cookie) !== null)).toEqual([
    ...Array(5).fill(false),
    ...Array(20).fill(true),
  ]);
  expect(pending.take(other)).not.toBeNull();
});

it('keeps a bounded number for all sources together', () => {
  const pending = createPendingSignIns(() => 0);
  const all = Array.from({ length: 2_100 }, (_, index) => pending.add(of(`source ${index}`)));
  expect(all.filter((cookie) => pending.take(cookie) !== null)).toHaveLength(2_000);
});
