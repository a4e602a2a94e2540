/** The moments of an order's plan of notices: apart from the other words of orders, which the overview comes with. */
import type { NoticeMoment } from '../../../shared/order/documents.ts';

export const MOMENT_NAMES: Readonly<Record<NoticeMoment, string>> = {
  P30D: '30 days before',
  P7D: '7 days before',
  P1D: 'a day before',
  PT1H: 'an hour before',
  entry: 'as it enters into force',
  withdrawal: 'when it is withdrawn',
};
