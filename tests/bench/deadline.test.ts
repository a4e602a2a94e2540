import { expect, it } from 'vitest';
import { within } from './deadline.ts';

it('a wait ends with its result, with its error, or at its deadline', async () => {
  expect(await within('the work', Promise.resolve(3))).toBe(3);
  await expect(within('the work', Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await expect(within('the frame', new Promise(() => undefined), 20)).rejects.toThrow(
    'the frame did not end within 0.02 s',
  );
});
