/** Times of an order's notice plan, apart from the other texts of orders, which are part of the first load. */
import type { NoticeMoment } from '../../../shared/order/documents.ts';

export const MOMENT_NAMES: Readonly<Record<NoticeMoment, string>> = {
  P30D: '30 days before',
  P7D: '7 days before',
  P1D: '1 day before',
  PT1H: '1 hour before',
  entry: 'at the effective time',
  withdrawal: 'at withdrawal',
};
