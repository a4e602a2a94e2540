/** Transparency report of a period: counts of requests, refusals and orders, the key inventory, and the signed statement. */
import type { TransparencyReport } from '../../shared/api/transparency.ts';
import type { InventoryKey } from '../../shared/disclosure/documents.ts';
import {
  DECIDED_REASONS,
  REFUSAL_REASONS,
  REFUSAL_WORDS,
  type RefusalReason,
} from '../../shared/disclosure/refusal-reasons.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { APPROVALS } from './approval-decision.ts';
import { currentStatement, statementView } from './statements.ts';
import { activeIntervals, suspendedDays } from './suspended-days.ts';
import type { OrdersPort, ProofPort, StatementRow, TransparencyStore } from './transparency-ports.ts';

const DAY = 86_400_000;
/** Days of the default period, and of the longest one. */
const DEFAULT_DAYS = 365;
const LONGEST_DAYS = 3_660;

export interface TransparencyPorts {
  readonly store: TransparencyStore;
  readonly orders: OrdersPort;
  readonly ledger: ProofPort;
  readonly clock: Clock;
  readonly installation: string;
  readonly organization: string;
  readonly keys: () => readonly InventoryKey[];
}

export interface ReportPeriod {
  /** Days in UTC, such as 2026-11-01. The period includes both. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
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
    const { from, to, range } = periodOf(period, now);
    const [counts, rows, history] = await Promise.all([
      store.counts(range.from, range.until),
      store.statements(),
      orders.history(),
    ]);
    const past = { from: range.from, until: Math.min(range.until, now) };
    const effective = history.orders.filter((order) => activeIntervals(order, past).length > 0).length;
    const refused = REFUSAL_REASONS.flatMap((reason) => {
      const count = counts.refused.get(reason) ?? 0;
      return count === 0 ? [] : [{ reason, title: REFUSAL_WORDS[reason].title, count }];
    });
    const { received, answered, accounts, pending } = counts;
    return {
      organization,
      installation,
      from,
      to,
      createdAt: now,
      disclosures: {
        // A refused demand counts as received, even one that no request can express.
        received: received + refused.filter(isDemand).reduce((sum, { count }) => sum + count, 0),
        answered,
        accounts,
        pending,
        refused: refused.reduce((sum, { count }) => sum + count, 0),
        refusedByReason: refused,
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

/** Refusals without a drafted request. A drafted request is counted as received when it is drafted. */
const isDemand = ({ reason }: { readonly reason: RefusalReason }): boolean => !DECIDED.includes(reason);
const DECIDED: readonly RefusalReason[] = DECIDED_REASONS;

/** Start and end of a period. Throws `invalid_input` for a period that ends before it begins, or that is too long. */
export function periodOf({ from, to }: ReportPeriod, now: number) {
  const last = to ?? dayOf(now);
  const first = from ?? dayOf(Date.parse(`${last}T00:00:00Z`) - (DEFAULT_DAYS - 1) * DAY);
  const range = { from: Date.parse(`${first}T00:00:00Z`), until: Date.parse(`${last}T00:00:00Z`) + DAY };
  if (range.until > range.from && range.until - range.from <= LONGEST_DAYS * DAY)
    return { from: first, to: last, range };
  throw new CordonError(
    'invalid_input',
    'The period ends before it begins, or is longer than ten years. Enter a later end or a shorter period.',
  );
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
