import type { Receipt } from '../order/documents.ts';
import type { Instant } from '../time/clock.ts';

/** Receipt of one device, as far as figures about receipts need it. */
export interface ReceiptFact {
  readonly kind: Receipt['kind'];
  readonly revision: number;
  /** Moment in the notice plan; null or absent for a receipt about the order itself. */
  readonly notice?: string | null | undefined;
  /** Time of the receipt by the device's own clock. */
  readonly at: Instant;
}
