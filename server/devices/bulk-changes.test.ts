import { expect, it } from 'vitest';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { createBulkChanges } from './bulk-changes.ts';

const [ann, bob, eve] = [newAccountId(), newAccountId(), newAccountId()];

it('shows the progress of a large change to the admin and the second person only, and ends with the change', async () => {
  const changes = createBulkChanges(() => 7);
  const { promise, resolve } = Promise.withResolvers<string>();
  const wide = { action: 'place', devices: 5_000, accounts: [ann, bob] };
  const done = changes.run(wide, async (advance) => {
    advance(250);
    advance(250);
    return promise;
  });
  const shown = [{ action: 'place', devices: 5_000, done: 500, startedAt: 7 }];
  expect([changes.of(ann), changes.of(bob), changes.of(eve)]).toEqual([shown, shown, []]);
  resolve('changed');
  expect([await done, changes.of(ann)]).toEqual(['changed', []]);
});

it('limits large changes, and does not count small ones', async () => {
  const changes = createBulkChanges();
  const { promise, resolve } = Promise.withResolvers<void>();
  const start = (devices: number) => changes.run({ action: 'place', devices, accounts: [ann] }, () => promise);
  const running = [start(1_000), start(2_000), start(2_000), start(2_000), start(2_000)];
  await expect(start(2_000)).rejects.toMatchObject({ code: 'unavailable' });
  running.push(start(10));
  resolve();
  await Promise.all(running);
  await start(2_000);
});
