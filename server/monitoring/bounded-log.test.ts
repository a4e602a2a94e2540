import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createBoundedLog } from './bounded-log.ts';

it('logs a flood of one kind up to its limit and then a count; other kinds are not affected', async () => {
  const lines: object[] = [];
  const write = (facts: object) => void lines.push(facts);
  const note = createBoundedLog({ debug: write, info: write, warn: write }, { most: 3, period: 200 });
  for (let index = 0; index < 1000; index += 1) note('info', 'tls_failed', { index }, 'a TLS handshake failed');
  note('warn', 'sign_in_failed', {}, 'a sign-in failed');
  expect(lines).toHaveLength(4);
  await expect.poll(() => lines.length).toBe(5);
  expect(lines[4]).toEqual({ event: 'tls_failed', suppressed: 997, seconds: 0.2 });
  await delay(0);
  note('info', 'tls_failed', { index: 'next period' }, 'a TLS handshake failed');
  expect(lines[5]).toEqual({ event: 'tls_failed', index: 'next period' });
});
