/** Filters and sort order of the device list. The page address contains the same values (`app/searches.ts`). */
import type { DeviceSearch } from '../../app/searches.ts';
import { withQuery } from '../../client/call.ts';

/** Filters that have no form field. A health issue links to the devices that it counts with such a filter. */
export const ISSUE_FILTERS = ['everConnected', 'seenBefore', 'listBelow', 'located', 'countersigned'] as const;
type IssueFilter = (typeof ISSUE_FILTERS)[number];
export type Filter = Pick<DeviceSearch, 'text' | 'group' | 'area' | 'status' | 'connected' | IssueFilter>;
export interface Order {
  readonly sort: 'user' | 'enrolled' | 'seen';
  readonly descending: boolean;
}

export const filterOf = ({
  sort: _sort,
  descending: _descending,
  command: _command,
  ...filter
}: DeviceSearch): Filter => filter;

/** Sort order by date, newest first, unless the admin chooses otherwise. */
export const orderOf = ({ sort = 'user', descending }: DeviceSearch): Order => ({
  sort,
  descending: descending ?? sort !== 'user',
});

export const listPath = (filter: Filter, order: Order, offset: number, limit: number): string =>
  withQuery('/devices', { ...filter, ...order, offset, limit });

/** Number of active filters without the search text. */
export const setFilters = (filter: Filter): number =>
  [filter.group, filter.area, filter.status, filter.connected, ...ISSUE_FILTERS.map((name) => filter[name])].filter(
    (value) => value !== undefined,
  ).length;

export const isNarrowed = (filter: Filter): boolean => filter.text !== undefined || setFilters(filter) > 0;

/** Key of a filter object. Equal filters have equal keys, independent of the order of their properties. */
export const filterKey = (filter: Filter): string => listPath(filter, { sort: 'user', descending: false }, 0, 1);
