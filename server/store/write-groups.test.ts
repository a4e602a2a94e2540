import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { Database } from './database.ts';
import { createWriteGroups } from './write-groups.ts';

type Transaction = Database['transaction'];

/**
 * A transaction over an array: all rows or none, on a later turn like a real transaction. `NO_TX`: the writers here write only to the
 * array.
 */
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

it('resolves exactly the committed rows, in each writer’s order, with any invalid rows', async () => {
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

it('shares one commit among all rows that arrive during another commit', async () => {
  const { transaction, write, commits } = memory();
  const groups = createWriteGroups(transaction, () => false);
  const writer = groups.grouped(write);
  const first = writer('first');
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([first, ...Array.from({ length: 300 }, (_, index) => writer(`row ${index}`))]);
  expect(commits()).toBe(2);
});

it('refuses all rows at once, without single attempts, when the store is unavailable', async () => {
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

it('lets patient rows wait for others, and includes them in an earlier commit', async () => {
  const { transaction, write, commits } = memory();
  const groups = createWriteGroups(transaction, () => false);
  const patient = groups.grouped(write, { patience: 10_000 });
  const waiting = patient('patient');
  await new Promise((resolve) => setImmediate(resolve));
  expect(commits()).toBe(0);
  await groups.grouped(write)('at once');
  await waiting;
  expect(commits()).toBe(1);
  await groups.grouped(write, { patience: 5 })('alone');
  expect(commits()).toBe(2);
});

it('writes the rows of first writers before all other rows of a commit', async () => {
  const { committed, transaction, write } = memory();
  const groups = createWriteGroups(transaction, () => false);
  const rest = groups.grouped(write);
  const first = groups.grouped(write, { first: true });
  const second = groups.grouped(write, { first: true });
  await Promise.all([rest('rest'), second('second'), first('first')]);
  expect(committed).toEqual(['first', 'second', 'rest']);
});
