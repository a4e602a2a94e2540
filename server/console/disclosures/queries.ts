import { type QueryFilters, queryOptions } from '@tanstack/react-query';
import {
  authorityList,
  disclosureDetail,
  disclosureForm,
  disclosurePage,
  productionPreview,
  refusalPage,
} from '../../../shared/api/disclosures.ts';
import { statementList, transparencyReport } from '../../../shared/api/transparency.ts';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

const PAGE = 50;

/** Queries of the disclosure desk, which are repeated after a change. They exclude previews, because each preview makes a ledger entry. */
export const DESK: QueryFilters = {
  predicate: ({ queryKey: [topics] }) => typeof topics === 'string' && topics.split('+').includes('disclosures'),
};

export const requestsQuery = (cursor: string | null) =>
  topicQuery(['disclosures', 'clock'], withQuery('/disclosures', { cursor, limit: PAGE }), disclosurePage);

export const requestPath = (id: string) => `/disclosures/${encodeURIComponent(id)}`;

export const requestQuery = (id: string) => topicQuery(['disclosures', 'clock'], requestPath(id), disclosureDetail);

export const formQuery = topicQuery([], '/disclosures/form', disclosureForm);

export const authoritiesQuery = topicQuery(['disclosures'], '/authorities', authorityList);

export const refusalsQuery = (cursor: string | null) =>
  topicQuery(['disclosures'], withQuery('/disclosures/refusals', { cursor, limit: PAGE }), refusalPage);

/**
 * Query of the lines that a request would produce. It has no topic, so it is never repeated automatically: the server records each access
 * in the ledger.
 */
export const previewQuery = (id: string, offset: number, limit: number) =>
  queryOptions({
    queryKey: ['', `${requestPath(id)}/preview`, offset, limit],
    queryFn: ({ signal }) => call('POST', `${requestPath(id)}/preview`, productionPreview, { offset, limit }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** Query of the transparency report. `from`, `to`: months such as `2026-11`; undefined for the last 12 months that have ended. */
export const reportQuery = (period: { readonly from?: string | undefined; readonly to?: string | undefined }) =>
  topicQuery(['disclosures', 'orders', 'clock'], withQuery('/transparency/report', period), transparencyReport);

export const statementsQuery = topicQuery(['disclosures'], '/transparency/statements', statementList);
