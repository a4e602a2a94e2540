/**
 * Audit of readings of withheld orders. The server stores an audit entry before it returns any text. If the entry cannot be stored, the
 * reader receives no text.
 */
import type { OrderPart, Visibility } from '../../../shared/api/order-readings.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { withholdParticulars } from '../../../shared/ledger/withheld-particulars.ts';
import { locationsOfOrder } from '../../../shared/order/order-areas.ts';
import { withheldAt } from '../../../shared/order/stub.ts';
import type { AccountId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { peopleOf } from '../../independence/independence.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { shownRevision } from '../adoption/order-views.ts';
import { type OrderReader, visibilityTo } from '../adoption/order-visibility.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import type { ApproverStore, OrderStore, RevisionRow } from '../ports.ts';

/**
 * Length of a time span in milliseconds. If an account reads the same part of an order several times within one time span, these readings
 * share one audit entry.
 */
const TOGETHER = 600_000;
const SHOWN = 500;

export interface OrderReading {
  readonly part: OrderPart;
  /**
   * SHA-256 hash of the document, or number of the revision, that an account read in an order. Null if the reading concerns no single
   * document or revision.
   */
  readonly about: string | null;
}

export interface StoredReading extends OrderReading {
  readonly order: string;
  readonly account: AccountId;
  readonly span: number;
}

export interface ReadingRow extends OrderReading {
  readonly account: AccountId;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly count: number;
}

export interface ReadingStore {
  /**
   * Records that an account read a withheld order. The first reading in a time span (`span`) is stored together with its ledger entry.
   * Later readings in the same time span only increase a count.
   */
  recordReading(reading: StoredReading, entry: EntryDraft<'order.read'>): Promise<void>;
  readings(order: string, limit: number): Promise<ReadingRow[]>;
}

interface ReadingRequest {
  readonly revision: number | null;
  /** True if the API route that reads an order itself removes the parts that the caller may not see. */
  readonly masked: boolean;
}

export function createOrderReadings({
  store,
  orders,
  approvers,
  state,
  clock,
}: {
  readonly store: ReadingStore;
  readonly orders: Pick<OrderStore, 'order' | 'revisions'>;
  readonly approvers: Pick<ApproverStore, 'people'>;
  readonly state: Pick<AdoptedOrders, 'approvers'>;
  readonly clock: Pick<Clock, 'now'>;
}) {
  async function visibilityOf(
    number: string,
    reader: OrderReader,
    { revision, masked }: ReadingRequest,
  ): Promise<Visibility> {
    const [order, rows] = await Promise.all([orders.order(number), orders.revisions(number)]);
    // Treat an unknown order as public, because the route itself reports `not_found` for it.
    if (!order || rows.length === 0) return 'public';
    const now = clock.now();
    const withheld = new Map(
      rows.flatMap((row): [RevisionRow, ReturnType<typeof readPayload>][] => {
        const document = readPayload(row.payload);
        const requested = revision === null || row.revision === revision;
        return requested && withheldAt(document, now) ? [[row, document]] : [];
      }),
    );
    if (withheld.size === 0) return 'public';
    const { canonical } = peopleOf(await approvers.people());
    const members = [...(state.approvers.current()?.persons.values() ?? [])];
    const signers = rows.flatMap(({ approvals }) => approvals.map(({ person }) => person));
    return visibilityTo(
      { ...reader, person: canonical(reader.person) as OrderReader['person'] },
      {
        any: true,
        shown: !masked || withheld.has(shownRevision(order, rows)),
        locations: [...withheld.values()].flatMap(({ terms }) => locationsOfOrder(terms)),
        proposers: new Set(rows.map(({ proposer }) => canonical(proposer))),
        approvers: new Set([...members, ...signers].map(canonical)),
      },
    );
  }

  return {
    read: async (
      order: string,
      reader: OrderReader,
      { part, about }: OrderReading,
      request: ReadingRequest,
    ): Promise<Visibility> => {
      const visibility = await visibilityOf(order, reader, request);
      if (visibility !== 'restricted') return visibility;
      const at = clock.now();
      const { account } = reader;
      await store.recordReading(
        { order, account, part, about, span: Math.floor(at / TOGETHER) },
        // The public ledger must not reveal who read an order.
        { kind: 'order.read', at, ...withholdParticulars({ order, account, part, about }) },
      );
      return visibility;
    },
    readings: (order: string): Promise<ReadingRow[]> => store.readings(order, SHOWN),
  };
}

export type OrderReadings = ReturnType<typeof createOrderReadings>;
