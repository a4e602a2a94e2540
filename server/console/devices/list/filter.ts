/** What the list is narrowed to, and how that is asked. Its other form is the page's address (`app/router.tsx`). */
import type { DeviceSearch } from '../../app/router.tsx';
import { withQuery } from '../../client/call.ts';

export type Filter = Pick<DeviceSearch, 'text' | 'group' | 'area' | 'status' | 'connected'>;
export interface Order {
  readonly sort: 'user' | 'enrolled' | 'seen';
  readonly descending: boolean;
}

export const filterOf = ({ text, group, area, status, connected }: DeviceSearch): Filter => ({
  text,
  group,
  area,
  status,
  connected,
});

/** What is new or was seen last stands first unless one asks otherwise. */
export const orderOf = ({ sort = 'user', descending }: DeviceSearch): Order => ({
  sort,
  descending: descending ?? sort !== 'user',
});

export const listPath = (filter: Filter, order: Order, offset: number, limit: number): string =>
  withQuery('/devices', { ...filter, ...order, offset, limit });

/** How many filters are set, the text besides. */
export const setFilters = (filter: Filter): number =>
  [filter.group, filter.area, filter.status, filter.connected].filter((value) => value !== undefined).length;

export const isNarrowed = (filter: Filter): boolean => filter.text !== undefined || setFilters(filter) > 0;

/** The same question has the same key, whatever the order of its parts. */
export const filterKey = (filter: Filter): string => listPath(filter, { sort: 'user', descending: false }, 0, 1);
