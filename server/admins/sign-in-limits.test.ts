import { expect, it } from 'vitest';
import { createSignInLimits, gapAfter, KNOWN_BROWSER } from './sign-in-limits.ts';

it.each([
  [0, 0],
  [4, 0],
  [5, 100],
  [6, 200],
  [9, 1_600],
  [10, 2_000],
  [1_000, 2_000],
])('pauses after %i failures for %i ms', (failures, gap) => expect(gapAfter(failures)).toBe(gap));

const fail = () => Promise.reject(new Error('wrong'));

it('runs one source’s attempts on an account one after another, and refuses a ninth waiting attempt', async () => {
  const limits = createSignInLimits();
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
  };
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => limits.attempt('a', '192.0.2.1', work)));
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
  expect(most).toBe(1);
});

it('delays a failed source for that account only, until it succeeds', async () => {
  const paused: number[] = [];
  const pause = async (milliseconds: number) => void paused.push(milliseconds);
  const limits = createSignInLimits({ now: () => 0, pause });
  const gapFor = async (account: string, source: string, work: () => Promise<unknown> = async () => undefined) => {
    paused.length = 0;
    await limits.attempt(account, source, work).catch(() => undefined);
    return paused[0] ?? 0;
  };
  const gaps: number[] = [];
  for (let count = 0; count < 12; count += 1) gaps.push(await gapFor('a', 'x', fail));
  expect(gaps).toEqual([0, 0, 0, 0, 0, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
  expect([await gapFor('b', 'x'), await gapFor('a', 'y')]).toEqual([0, 0]);
  expect([await gapFor('a', 'x'), await gapFor('a', 'x')]).toEqual([2_000, 0]);
});

it('counts wrong codes by account, and separately for a known browser', async () => {
  const limits = createSignInLimits({ codes: 3 });
  for (let count = 0; count < 3; count += 1) await limits.wrongCode('a', `192.0.2.${count}`);
  const browser = `${KNOWN_BROWSER}1`;
  expect(await limits.mayTryCode('a', '198.51.100.1')).toBe(false);
  expect(await limits.mayTryCode('b', '198.51.100.1')).toBe(true);
  expect(await limits.mayTryCode('a', browser)).toBe(true);
  for (let count = 0; count < 3; count += 1) await limits.wrongCode('a', browser);
  expect(await limits.mayTryCode('a', browser)).toBe(false);
});
