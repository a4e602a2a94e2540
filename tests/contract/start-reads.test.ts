/** Statements that the server runs at its start and regularly. With a million devices, each reading of all devices takes 0.1 s of CPU. */
import { expect, it, vi } from 'vitest';
import { createStatementExpiry } from '../../server/devices/statement-expiry.ts';
import { ComplianceStore } from '../../server/store/compliance-store.ts';
import type { Database } from '../../server/store/database.ts';
import { StatementStore } from '../../server/store/statement-store.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { NOW } from '../support/device-world.ts';
import { describeOnSqlite } from './every-store.ts';

/** Statements that `work` runs outside transactions, with their query plans. */
async function plansOf({ db }: Database, work: () => Promise<unknown>): Promise<{ text: string; plan: string[] }[]> {
  const executor = db.getExecutor();
  const original = executor.executeQuery;
  const statements: Parameters<typeof original>[0][] = [];
  executor.executeQuery = (query) => {
    statements.push(query);
    return original.call(executor, query) as never;
  };
  try {
    await work();
  } finally {
    executor.executeQuery = original;
  }
  return Promise.all(
    statements.map(async (statement) => {
      const explained = { ...statement, sql: `explain query plan ${statement.sql}` };
      const { rows } = await original.call(executor, explained);
      return { text: statement.sql, plan: rows.map((row) => String((row as { detail: string }).detail)) };
    }),
  );
}

describeOnSqlite('the work at the start of the server', (open) => {
  it('reads compliance by its own indexes, and not all active devices', async () => {
    const database = await open();
    const store = new ComplianceStore(database);
    const plans = await plansOf(database, async () => {
      await store.restricted();
      await store.due(NOW, 10);
      await store.nextDue();
    });
    expect(plans).toHaveLength(3);
    for (const { plan } of plans) {
      expect(plan[0]).toMatch(/^(SCAN|SEARCH) c\b/);
      expect(plan[1]).toMatch(/^SEARCH d .*\bid=\?/);
    }
  });

  it('reads all devices once if no location statement has ended', async () => {
    const database = await open();
    const expiry = createStatementExpiry({
      store: new StatementStore(database),
      clock: new DrivenClock(NOW),
      ended: async () => undefined,
    });
    const transactions = vi.spyOn(database, 'transaction');
    const plans = await plansOf(database, async () => (await expiry.start(() => undefined))());
    expect(plans.map(({ text }) => text)).toEqual([expect.stringMatching(/^select min/)]);
    expect(transactions).not.toHaveBeenCalled();
  });
});
