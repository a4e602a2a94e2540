import type { Receipt } from '../order/documents.ts';
import type { Instant } from '../time/clock.ts';

export interface ReceiptFact {
  readonly kind: Receipt['kind'];
  readonly revision: number;
  /**
   * Time of the notice that a receipt is about, such as `P7D` (7 days before an order takes effect). Null or absent if the receipt is not
   * about a notice, but about the order itself.
   */
  readonly notice?: string | null | undefined;
  /** Time of the receipt by the device's clock. */
  readonly at: Instant;
}
