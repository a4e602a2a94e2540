import { queryOptions } from '@tanstack/react-query';
import { exemptionList, statementList } from '../../../shared/api/affected-devices.ts';
import type { ImpactChange, ImpactClass } from '../../../shared/api/impact-classes.ts';
import { decisionView } from '../../../shared/api/order-documents.ts';
import { impactView } from '../../../shared/api/order-impact.ts';
import { packList } from '../../../shared/api/order-packs.ts';
import { orderWarnings } from '../../../shared/api/order-preview.ts';
import { readingList } from '../../../shared/api/order-readings.ts';
import { orderExit, orderRollout } from '../../../shared/api/order-rollout.ts';
import { orderView, revisionView } from '../../../shared/api/orders.ts';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

const pathOf = (number: string) => `/orders/${encodeURIComponent(number)}`;
/** Milliseconds between two loads of an impact preview. A load at each change of a device's location would be too frequent. */
const EVERY = 20_000;
/**
 * Milliseconds between two loads of the rollout. Events are not enough, because the server caches the rollout and sends no event after the
 * last receipt.
 */
const SOON = 4_000;

export const orderQuery = (number: string) => topicQuery(['orders', 'clock'], pathOf(number), orderView);

export const revisionQuery = (number: string, revision: number) =>
  topicQuery(['orders', 'clock'], `${pathOf(number)}/revisions/${revision}`, revisionView);

/** The text of a revision never changes, so the response never becomes stale. */
export const revisionTextQuery = (number: string, revision: number) =>
  queryOptions({
    ...topicQuery([], `${pathOf(number)}/revisions/${revision}`, revisionView),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const warningsQuery = (number: string, revision: number) =>
  topicQuery(['orders', 'clock'], `${pathOf(number)}/revisions/${revision}/warnings`, orderWarnings);

export const decisionQuery = (number: string, revision: number) =>
  topicQuery(['orders'], `${pathOf(number)}/revisions/${revision}/decision`, decisionView);

export const exemptionsQuery = (number: string, revision: number) =>
  topicQuery(['orders'], `${pathOf(number)}/revisions/${revision}/exemptions`, exemptionList);

export const statementsQuery = (number: string) =>
  topicQuery(['orders', 'devices'], `${pathOf(number)}/statements`, statementList);

/**
 * Access log of a withheld order (not yet public). The server sends no event for a new access. A displayed log therefore lacks new accesses
 * until an order changes.
 */
export const readingsQuery = (number: string) => topicQuery(['orders'], `${pathOf(number)}/readings`, readingList);

export const packsPath = (number: string) => `${pathOf(number)}/packs`;

/**
 * Earlier evidence packs (files for auditors) of an order. The server sends no event for a new evidence pack. A displayed list therefore
 * lacks new evidence packs of other admins until an order changes.
 */
export const packsQuery = (number: string) => topicQuery(['orders'], packsPath(number), packList);

export const progressQuery = (number: string) =>
  queryOptions({
    ...topicQuery(['orders', 'receipts', 'clock'], `${pathOf(number)}/rollout`, orderRollout),
    refetchInterval: SOON,
  });

export const exitQuery = (number: string) =>
  queryOptions({
    ...topicQuery(['orders', 'receipts', 'clock'], `${pathOf(number)}/exit`, orderExit),
    refetchInterval: EVERY,
  });

export type ImpactAt = 'now' | 'effective';

export const impactQuery = (
  number: string,
  filter: {
    readonly at: ImpactAt;
    readonly class: ImpactClass | null;
    readonly offset: number;
    readonly limit: number;
  },
) =>
  queryOptions({
    ...topicQuery(['orders', 'clock'], withQuery(`${pathOf(number)}/impact`, filter), impactView),
    refetchInterval: EVERY,
  });

export type RehearsalFilter = {
  readonly at: ImpactAt;
  readonly revision: number;
  readonly baseline: number | null;
  readonly class: ImpactClass | null;
  readonly change: ImpactChange | null;
  readonly area: string | null;
};

export const rehearsalPath = (
  number: string,
  kind: '' | '.csv' | '/names',
  filter: Partial<RehearsalFilter> & { readonly offset?: number; readonly limit?: number } = {},
) => withQuery(`${pathOf(number)}/impact${kind}`, filter);

/**
 * Query of a rehearsal (impact preview that an admin keeps). The result does not expire with time, so that its numbers stay the same during
 * a meeting. The console repeats the query only after a change of an order, or if an admin requests a repetition.
 */
export const rehearsalQuery = (
  number: string,
  filter: RehearsalFilter & { readonly offset: number; readonly limit: number },
) =>
  queryOptions({
    ...topicQuery(['orders'], rehearsalPath(number, '', filter), impactView),
    staleTime: Number.POSITIVE_INFINITY,
  });
