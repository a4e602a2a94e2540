/** What the pages of orders ask the server. */
import { queryOptions } from '@tanstack/react-query';
import {
  decisionView,
  exemptionList,
  type ImpactChange,
  type ImpactClass,
  impactView,
  orderExit,
  orderProgress,
  orderView,
  orderWarnings,
  packList,
  revisionView,
} from '../../../shared/api/orders.ts';
import { withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';

const pathOf = (number: string) => `/orders/${encodeURIComponent(number)}`;
/** Where devices are changes all the time: looked at again at intervals, rather than with each device that moves. */
const EVERY = 20_000;
/** The server keeps an answer for a moment: the last receipt may be told while it still gives the one from before, and nothing is told after it. */
const SOON = 4_000;

export const orderQuery = (number: string) => question(['orders', 'clock'], pathOf(number), orderView);

export const revisionQuery = (number: string, revision: number) =>
  question(['orders'], `${pathOf(number)}/revisions/${revision}`, revisionView);

/** Only its text, which never changes. */
export const revisionTextQuery = (number: string, revision: number) =>
  queryOptions({
    ...question([], `${pathOf(number)}/revisions/${revision}`, revisionView),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const warningsQuery = (number: string, revision: number) =>
  question(['orders', 'clock'], `${pathOf(number)}/revisions/${revision}/warnings`, orderWarnings);

export const decisionQuery = (number: string, revision: number) =>
  question(['orders'], `${pathOf(number)}/revisions/${revision}/decision`, decisionView);

export const exemptionsQuery = (number: string, revision: number) =>
  question(['orders'], `${pathOf(number)}/revisions/${revision}/exemptions`, exemptionList);

export const packsPath = (number: string) => `${pathOf(number)}/packs`;

/** Told of by nothing: whoever makes one asks again. */
export const packsQuery = (number: string) => question(['orders'], packsPath(number), packList);

export const progressQuery = (number: string) =>
  queryOptions({
    ...question(['orders', 'receipts', 'clock'], `${pathOf(number)}/progress`, orderProgress),
    refetchInterval: SOON,
  });

export const exitQuery = (number: string) =>
  queryOptions({
    ...question(['orders', 'receipts', 'clock'], `${pathOf(number)}/exit`, orderExit),
    refetchInterval: EVERY,
  });

export type ImpactAt = 'now' | 'effective';

export const impactQuery = (
  number: string,
  asked: { readonly at: ImpactAt; readonly class: ImpactClass | null; readonly offset: number; readonly limit: number },
) =>
  queryOptions({
    ...question(['orders', 'clock'], withQuery(`${pathOf(number)}/impact`, asked), impactView),
    refetchInterval: EVERY,
  });

export type RehearsalAsked = {
  readonly at: ImpactAt;
  readonly revision: number;
  readonly against: number | null;
  readonly class: ImpactClass | null;
  readonly change: ImpactChange | null;
  readonly area: string | null;
};

export const rehearsalPath = (
  number: string,
  kind: '' | '.csv' | '/names',
  asked: Partial<RehearsalAsked> & { readonly offset?: number; readonly limit?: number } = {},
) => withQuery(`${pathOf(number)}/impact${kind}`, asked);

/** What was counted stands until somebody counts again: a page that is read aloud in a meeting does not change under it. */
export const rehearsalQuery = (
  number: string,
  asked: RehearsalAsked & { readonly offset: number; readonly limit: number },
) =>
  queryOptions({
    ...question(['orders'], rehearsalPath(number, '', asked), impactView),
    staleTime: Number.POSITIVE_INFINITY,
  });
