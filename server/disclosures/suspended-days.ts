/** Days on which public orders suspended services, by area. The functions are pure. */
import type { TransparencyReport } from '../../shared/api/transparency.ts';
import type { Interval } from './ended-months.ts';
import type { OrderHistory } from './transparency-ports.ts';

const DAY = 86_400_000;

/** Days with a suspended service in a period that has ended. */
export function suspendedDays(
  orders: readonly OrderHistory[],
  { from, until }: Interval,
): TransparencyReport['orders']['suspended'] {
  const areas = new Map<string, { days: Set<number>; services: Set<string>; orders: number }>();
  for (const order of orders) {
    const days = daysOf(activeIntervals(order, { from, until }));
    if (days.size === 0) continue;
    for (const area of order.areas) {
      const found = areas.get(area) ?? { days: new Set(), services: new Set(), orders: 0 };
      areas.set(area, {
        days: found.days.union(days),
        services: found.services.union(new Set(order.services)),
        orders: found.orders + 1,
      });
    }
  }
  return [...areas]
    .map(([area, { days, services, orders: count }]) => ({
      area,
      services: [...services].sort(),
      days: days.size,
      orders: count,
    }))
    .sort((a, b) => (a.area < b.area ? -1 : 1));
}

/** Parts of the period in which the order was in effect. */
export function activeIntervals({ executions }: OrderHistory, { from, until }: Interval): Interval[] {
  const intervals: Interval[] = [];
  let began: number | null = null;
  for (const { state, at } of executions) {
    if (state === 'active') began ??= at;
    else if (began !== null) {
      intervals.push({ from: began, until: at });
      began = null;
    }
  }
  if (began !== null) intervals.push({ from: began, until });
  return intervals
    .map((each) => ({ from: Math.max(each.from, from), until: Math.min(each.until, until) }))
    .filter((each) => each.until > each.from);
}

function daysOf(intervals: readonly Interval[]): Set<number> {
  const days = new Set<number>();
  for (const { from, until } of intervals) {
    for (let day = Math.floor(from / DAY); day * DAY < until; day += 1) days.add(day);
  }
  return days;
}
