/** Filters and sort order of the device list. `app/searches.ts` keeps them in the page address. */
import type { DeviceSearch } from '../../app/searches.ts';
import { withQuery } from '../../client/call.ts';

/** Filters without a form field. Health issues link to the device list with these filters. */
export const ISSUE_FILTERS = ['everConnected', 'seenBefore', 'listBelow', 'located', 'countersigned'] as const;
type IssueFilter = (typeof ISSUE_FILTERS)[number];
export type Filter = Pick<DeviceSearch, 'text' | 'group' | 'area' | 'status' | 'connected' | IssueFilter>;
export interface Order {
  readonly sort: 'user' | 'enrolled' | 'seen';
  readonly descending: boolean;
}

export const filterOf = ({ sort: _sort, descending: _descending, ...filter }: DeviceSearch): Filter => filter;

/** Returns the sort order of the device list. By default, users are sorted in ascending order, and dates newest first. */
export const orderOf = ({ sort = 'user', descending }: DeviceSearch): Order => ({
  sort,
  descending: descending ?? sort !== 'user',
});

export const listPath = (filter: Filter, order: Order, offset: number, limit: number): string =>
  withQuery('/devices', { ...filter, ...order, offset, limit });

/** Number of active filters, without the search text. */
export const setFilters = (filter: Filter): number =>
  [filter.group, filter.area, filter.status, filter.connected, ...ISSUE_FILTERS.map((name) => filter[name])].filter(
    (value) => value !== undefined,
  ).length;

export const isNarrowed = (filter: Filter): boolean => filter.text !== undefined || setFilters(filter) > 0;

export const filterKey = (filter: Filter): string => listPath(filter, { sort: 'user', descending: false }, 0, 1);
