/** Transparency report of a period: counts of requests, refusals and orders, the key inventory, and the signed statement. */
import type { TransparencyReport } from '../../shared/api/transparency.ts';
import type { InventoryKey } from '../../shared/disclosure/documents.ts';
import {
  DECIDED_REASONS,
  REFUSAL_REASONS,
  REFUSAL_WORDS,
  type RefusalReason,
} from '../../shared/disclosure/refusal-reasons.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { APPROVALS } from './approval-decision.ts';
import { endedMonths, type ReportPeriod } from './ended-months.ts';
import { currentStatement, statementView } from './statements.ts';
import { activeIntervals, suspendedDays } from './suspended-days.ts';
import type { MonthCounts, OrdersPort, ProofPort, StatementRow, TransparencyStore } from './transparency-ports.ts';

export interface TransparencyPorts {
  readonly store: TransparencyStore;
  readonly orders: OrdersPort;
  readonly ledger: ProofPort;
  readonly clock: Clock;
  readonly installation: string;
  readonly organization: string;
  readonly keys: () => readonly InventoryKey[];
}

export function createTransparency({
  store,
  orders,
  ledger,
  clock,
  installation,
  organization,
  keys,
}: TransparencyPorts) {
  async function report(period: ReportPeriod): Promise<TransparencyReport> {
    const now = clock.now();
    const months = endedMonths(period, now);
    const [first, last] = [months.at(0), months.at(-1)];
    if (!first || !last) throw new Error('a period has at least one month');
    const past = { from: first.from, until: last.until };
    const [counts, pending, rows, history] = await Promise.all([
      store.counts(months),
      store.pendingAt(past.until),
      store.statements(),
      orders.history(),
    ]);
    const effective = history.orders.filter((order) => activeIntervals(order, past).length > 0).length;
    const refused = refusedByReason(counts);
    const listed = months.map(({ month }, at) => ({ month, ...monthOf(counts[at] ?? NO_COUNTS) }));
    return {
      organization,
      installation,
      from: first.month,
      to: last.month,
      createdAt: now,
      disclosures: {
        received: sum(listed.map(({ received }) => received)),
        answered: sum(listed.map(({ answered }) => answered)),
        pending,
        refused: sum(listed.map(({ refused: count }) => count)),
        refusedByReason: refused,
        months: listed,
      },
      orders: {
        count: effective + history.withheld,
        withheld: history.withheld,
        suspended: suspendedDays(history.orders, past),
      },
      keys: [...keys()],
      statement: await statementNow(rows, now),
      statements: rows.filter(({ state }) => state === 'adopted').map((row) => statementView(row, APPROVALS)),
    };
  }

  async function statementNow(rows: readonly StatementRow[], now: number): Promise<TransparencyReport['statement']> {
    const current = currentStatement(rows, now);
    if (current.state !== 'valid') return current;
    const { row } = current;
    return {
      state: 'valid',
      statement: statementView(row, APPROVALS),
      inclusion: row.entryIndex === null ? null : await inclusionOf(row.entryIndex),
    };
  }

  async function inclusionOf(index: number) {
    const { body, proof, checkpoint } = await ledger.proveEntry(index);
    const hashes = proof.map((hash) => hash.toString('base64'));
    return { index, body: body.toString(), proof: hashes, checkpoint, key: ledger.verifierKey };
  }

  return {
    report,
    /** Expiry of the newest statement, also if it is past; null without a statement. Health issues use this time. */
    async expiry(): Promise<number | null> {
      const row = (await store.statements()).find(({ state }) => state === 'adopted');
      return row?.expiresAt ?? null;
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const NO_COUNTS: MonthCounts = { received: 0, answered: 0, accounts: 0, refused: new Map() };

function monthOf({ received, answered, accounts, refused }: MonthCounts) {
  const demands = [...refused].filter(([reason]) => isDemand(reason)).map(([, count]) => count);
  // A refused demand counts as received, even one that no request can express.
  return { received: received + sum(demands), answered, accounts, refused: sum([...refused.values()]) };
}

const refusedByReason = (counts: readonly MonthCounts[]) =>
  REFUSAL_REASONS.flatMap((reason) => {
    const count = sum(counts.map(({ refused }) => refused.get(reason) ?? 0));
    return count === 0 ? [] : [{ reason, title: REFUSAL_WORDS[reason].title, count }];
  });

/** Refusals without a drafted request. A drafted request is counted as received when it is drafted. */
const isDemand = (reason: RefusalReason): boolean => !DECIDED.includes(reason);
const DECIDED: readonly RefusalReason[] = DECIDED_REASONS;
