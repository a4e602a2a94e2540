/** The orders that a person on this device can read about: all that are noticed or in force, also those that do not reach them. */
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Service } from '../../shared/verdict/terms.ts';

export interface Notice {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly status: 'active' | 'held';
  readonly services: readonly Service[];
  readonly areas: readonly string[];
  readonly effective: Instant;
  readonly until: Instant | null;
  /** Language tag → the order's public statement. */
  readonly statement: Readonly<Record<string, string>>;
  readonly appeal: string;
}

export function noticesOf(orders: Iterable<AcceptedRevision>): readonly Notice[] {
  const notices: Notice[] = [];
  for (const { revision } of orders) {
    if (revision.status === 'withdrawn') continue;
    const { title, services, areas, effective, until, statement, appeal } = revision.terms;
    notices.push({
      order: revision.order,
      revision: revision.revision,
      title,
      status: revision.status,
      services,
      areas,
      effective: Date.parse(effective),
      until: until === null ? null : Date.parse(until),
      statement,
      appeal,
    });
  }
  return notices.sort((a, b) => (a.order < b.order ? -1 : 1));
}
