/** The rollout table on the page of an order, as the page displays it. */
import type { Page } from 'playwright-core';
import { ROLLOUT_NAMES } from '../../shared/order/rollout.ts';
import type { RolloutState } from '../../shared/order/rollout-states.ts';

const rowsOf = async (page: Page): Promise<Map<string, number>> => {
  const rows = await page.getByRole('table', { name: 'Rollout' }).getByRole('row').allInnerTexts();
  return new Map(
    rows.map((row) => {
      const [, name = '', count = ''] = /^\s*(\D*?)\s*([\d,]+)\s*$/.exec(row) ?? [];
      return [name, Number(count.replaceAll(',', ''))];
    }),
  );
};

/** Number of devices in any of these states. */
export async function rolloutCount(page: Page, ...states: readonly RolloutState[]): Promise<number> {
  const rows = await rowsOf(page);
  return states.reduce((sum, state) => sum + (rows.get(ROLLOUT_NAMES[state]) ?? 0), 0);
}

/** The total in the last row, and the sum of the rows above it. */
export async function rolloutTotals(page: Page): Promise<{ readonly total: number; readonly sum: number }> {
  const rows = await rowsOf(page);
  const total = rows.get('Affected devices') ?? Number.NaN;
  rows.delete('Affected devices');
  return { total, sum: [...rows.values()].reduce((sum, count) => sum + count, 0) };
}
