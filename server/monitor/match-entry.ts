/** Selects the ledger entries that a monitor reports. The functions are pure. */
import type { LedgerEntry, Opening } from '../../shared/ledger/ledger-entry.ts';
import { subjectCommitment } from '../../shared/ledger/make-entry.ts';
import type { Watch } from './monitor-settings.ts';

export interface Matcher {
  /** Names of the rules that match the entry, each with the matched value. */
  match(index: number, entry: LedgerEntry): { readonly watch: string; readonly reason: string }[];
}

/**
 * Creates the function that matches entries with rules. `fetched`: openings from the server by index. The function ignores a wrong opening,
 * because its salted hash must equal the one in the entry.
 */
export function createMatcher(watches: readonly Watch[], fetched: ReadonlyMap<number, Opening>): Matcher {
  const commitmentOf = ({ salt, subject }: Opening) => subjectCommitment(Buffer.from(salt, 'hex'), subject);
  const rules = watches.map((watch) => ({
    watch,
    orders: new Set(watch.orders),
    serials: new Set(watch.serials),
    subjects: new Set(watch.subjects),
    commitments: new Map(watch.openings.map((opening) => [commitmentOf(opening), opening.subject])),
  }));
  return {
    match: (index, entry) =>
      rules.flatMap(({ watch, orders, serials, subjects, commitments }) => {
        const { order, orders: several, serial } = entry.public;
        const number = [order, ...String(several ?? '').split(/[\s,]+/)].find((each) => orders.has(String(each)));
        const opening = fetched.get(index);
        const known = opening && entry.subject === commitmentOf(opening) ? opening.subject : null;
        const subject =
          (entry.subject === null ? undefined : commitments.get(entry.subject)) ??
          (known !== null && subjects.has(known) ? known : undefined);
        const reason =
          number !== undefined
            ? `order ${number}`
            : serial !== undefined && serials.has(String(serial))
              ? `certificate ${serial}`
              : subject;
        return reason === undefined ? [] : [{ watch: watch.name, reason }];
      }),
  };
}
