import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { Database } from './database.ts';
import { createWriteGroups } from './write-groups.ts';

type Transaction = Database['transaction'];

/** All or nothing over an array, on a later turn as a real one is. `NO_TX`: the writers here write to the array alone. */
function memory() {
  const committed: string[] = [];
  let pending: string[] = [];
  let commits = 0;
  const NO_TX = undefined as never;
  const transaction: Transaction = async (fn) => {
    pending = [];
    await new Promise((resolve) => setImmediate(resolve));
    const result = await fn(NO_TX);
    committed.push(...pending);
    commits += 1;
    return result;
  };
  const write = async (_: unknown, rows: readonly string[]) => {
    for (const row of rows) {
      if (row.startsWith('bad')) throw new Error(row);
      pending.push(row);
    }
  };
  return { committed, transaction, write, commits: () => commits };
}

it('resolves exactly the rows that were committed, each writer’s in its order, whichever are bad', async () => {
  const rows = fc.array(fc.record({ writer: fc.nat({ max: 2 }), bad: fc.boolean(), turn: fc.boolean() }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(rows, async (list) => {
      const { committed, transaction, write } = memory();
      const groups = createWriteGroups(transaction, () => false);
      const writers = [groups.grouped(write), groups.grouped(write), groups.grouped(write)];
      const results: Promise<string | null>[] = [];
      for (const [index, { writer, bad, turn }] of list.entries()) {
        const row = `${bad ? 'bad' : 'good'}-${writer}-${index}`;
        const done = writers[writer]!(row);
        results.push(
          done.then(
            () => row,
            () => null,
          ),
        );
        if (turn) await new Promise((resolve) => setImmediate(resolve));
      }
      const resolved = (await Promise.all(results)).filter((row) => row !== null);
      expect([...committed].sort()).toEqual([...resolved].sort());
      expect(resolved).toHaveLength(list.filter(({ bad }) => !bad).length);
      for (const writer of [0, 1, 2]) {
        const of = (all: readonly string[]) => all.filter((row) => row.split('-')[1] === String(writer));
        expect(of(committed)).toEqual(of(resolved));
      }
    }),
    { numRuns: 60 },
  );
});

it('shares one commit among all that arrive while another is under way', async () => {
  const { transaction, write, commits } = memory();
  const groups = createWriteGroups(transaction, () => false);
  const writer = groups.grouped(write);
  const first = writer('first');
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([first, ...Array.from({ length: 300 }, (_, index) => writer(`row ${index}`))]);
  expect(commits()).toBe(2);
});

it('refuses all at once, and tries none of them singly, when the store is unavailable', async () => {
  let attempts = 0;
  const groups = createWriteGroups(
    async () => {
      attempts += 1;
      throw new CordonError('store_unavailable', 'gone');
    },
    () => false,
  );
  const writer = groups.grouped<string>(async () => undefined);
  const results = await Promise.allSettled(Array.from({ length: 100 }, (_, index) => writer(String(index))));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(attempts).toBe(1);
});

it('lets patient rows wait for company, and takes them along with those that are not', async () => {
  const { transaction, write, commits } = memory();
  const groups = createWriteGroups(transaction, () => false);
  const patient = groups.grouped(write, 10_000);
  const waiting = patient('patient');
  await new Promise((resolve) => setImmediate(resolve));
  expect(commits()).toBe(0);
  await groups.grouped(write)('at once');
  await waiting;
  expect(commits()).toBe(1);
  await groups.grouped(write, 5)('alone');
  expect(commits()).toBe(2);
});
