import type { Receipt } from '../order/documents.ts';
import type { Instant } from '../time/clock.ts';

/** Part of a receipt that the statistics about receipts use. */
export interface ReceiptFact {
  readonly kind: Receipt['kind'];
  readonly revision: number;
  /** Notice that the receipt is about; null or absent if the receipt is about the order itself. */
  readonly notice?: string | null | undefined;
  /** Time of the receipt by the device's clock. */
  readonly at: Instant;
}
