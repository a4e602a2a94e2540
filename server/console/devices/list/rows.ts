/** Rows of the device list. A block of rows loads when it becomes visible, and is updated as long as it is visible. */
import { keepPreviousData, queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { devicePage, type ListedDevice } from '../../../../shared/api/devices.ts';
import type { ReportedField } from '../../../../shared/inventory/list-fields.ts';
import { topicQuery } from '../../client/queries.ts';
import { type Filter, listPath, type Order } from './filter.ts';
import { WINDOW, windowOf, windowsOf, withMargin } from './windows.ts';

export interface ListQuery {
  readonly filter: Filter;
  readonly order: Order;
  /** Columns of the list that are fields of the inventory. */
  readonly facts: readonly ReportedField[];
}

/** A block of rows leaves the cache a minute after it becomes invisible, because the browser cannot hold the rows of a large fleet. */
export const windowQuery = ({ filter, order, facts }: ListQuery, offset: number) =>
  queryOptions({
    ...topicQuery(['devices'], listPath(filter, order, offset, WINDOW, facts), devicePage),
    gcTime: 60_000,
  });

const keyOf = ({ filter, order, facts }: ListQuery): string => listPath(filter, order, 0, WINDOW, facts);

/**
 * Loads the device list. While devices for new filters load, the console continues to show the devices for the previous filters (`shown`).
 */
export function useShownList(query: ListQuery) {
  const head = useQuery({ ...windowQuery(query, 0), placeholderData: keepPreviousData });
  const [shown, setShown] = useState(query);
  if (head.isSuccess && !head.isPlaceholderData && keyOf(shown) !== keyOf(query)) setShown(query);
  return {
    head,
    shown,
    key: keyOf(shown),
    total: head.data?.total ?? 0,
    waiting: head.isPlaceholderData,
  };
}

/**
 * Loads the visible rows, from index `first` to index `last`. Also loads the row at index `besides`, because the row with the keyboard
 * focus may be outside the visible part of the list.
 */
export function useRows(query: ListQuery, first: number, last: number, besides: number, total: number) {
  const near = windowsOf(...withMargin(first, last), total);
  const offsets = [...new Set([...near, ...windowsOf(besides, besides, total)])];
  const windows = useQueries({ queries: offsets.map((offset) => windowQuery(query, offset)) });
  return {
    at: (index: number): ListedDevice | undefined =>
      windows[offsets.indexOf(windowOf(index))]?.data?.devices[index % WINDOW],
    error: windows.find(({ isError, data }) => isError && data === undefined)?.error ?? null,
    retry: () => {
      for (const window of windows) if (window.isError) void window.refetch();
    },
  };
}
