import { describe, expect, it } from 'vitest';
import { SystemClock } from './system-clock.ts';

describe('SystemClock', () => {
  it('runs a due task, and accepts a due time beyond the limit of setTimeout', async () => {
    const clock = new SystemClock();
    let early = false;
    const cancel = clock.at(clock.now() + 2 ** 33, () => {
      early = true;
    });
    await new Promise<void>((resolve) => clock.at(clock.now() + 5, resolve));
    expect(early).toBe(false);
    cancel();
  });
});
