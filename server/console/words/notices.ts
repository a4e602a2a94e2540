/**
 * Names of the times at which users receive notices. They have their own file, so that the first page does not load the texts about orders.
 */
import type { NoticeMoment } from '../../../shared/order/documents.ts';

export const MOMENT_NAMES: Readonly<Record<NoticeMoment, string>> = {
  P30D: '30 days before',
  P7D: '7 days before',
  P1D: '1 day before',
  PT1H: '1 hour before',
  effective: 'at the effective time',
  withdrawal: 'at withdrawal',
};
