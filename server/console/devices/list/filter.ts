/** Filters and sort order of the device list. `app/searches.ts` keeps them in the page address. */
import type { DeviceSearch } from '../../app/searches.ts';
import { withQuery } from '../../client/call.ts';

/** Filters without a form field. A health issue links to the device list with such a filter, which selects the devices of the issue. */
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

/** Sort order of the list. By default, users are sorted in ascending order, and dates newest first. */
export const orderOf = ({ sort = 'user', descending }: DeviceSearch): Order => ({
  sort,
  descending: descending ?? sort !== 'user',
});

export const listPath = (filter: Filter, order: Order, offset: number, limit: number): string =>
  withQuery('/devices', { ...filter, ...order, offset, limit });

/** Number of active filters. The search text does not count. */
export const setFilters = (filter: Filter): number =>
  [filter.group, filter.area, filter.status, filter.connected, ...ISSUE_FILTERS.map((name) => filter[name])].filter(
    (value) => value !== undefined,
  ).length;

export const isNarrowed = (filter: Filter): boolean => filter.text !== undefined || setFilters(filter) > 0;

/** Key for a set of filters. Equal filters have equal keys, whatever the order of the object's properties. */
export const filterKey = (filter: Filter): string => listPath(filter, { sort: 'user', descending: false }, 0, 1);
