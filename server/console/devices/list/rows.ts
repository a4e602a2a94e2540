/** The rows of the list, fetched by windows as they come on the screen, and kept fresh while they are there. */
import { keepPreviousData, queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { devicePage, type ListedDevice } from '../../../../shared/api/devices.ts';
import { question } from '../../client/queries.ts';
import { type Filter, listPath, type Order } from './filter.ts';
import { WINDOW, windowOf, windowsOf, withMargin } from './windows.ts';

export interface Asked {
  readonly filter: Filter;
  readonly order: Order;
}

/** Windows that nobody looks at any more are forgotten after a minute: the whole of a large fleet would not fit into a browser. */
export const windowQuestion = ({ filter, order }: Asked, offset: number) =>
  queryOptions({ ...question(['devices'], listPath(filter, order, offset, WINDOW), devicePage), gcTime: 60_000 });

const keyOf = ({ filter, order }: Asked): string => listPath(filter, order, 0, WINDOW);

/** What was asked last and has an answer: while a new filter is being answered, the list of the old one stays. */
export function useAnswered(asked: Asked) {
  const head = useQuery({ ...windowQuestion(asked, 0), placeholderData: keepPreviousData });
  const [answered, setAnswered] = useState(asked);
  if (head.isSuccess && !head.isPlaceholderData && keyOf(answered) !== keyOf(asked)) setAnswered(asked);
  return {
    head,
    /** What the list shows. */
    shown: answered,
    key: keyOf(answered),
    total: head.data?.total ?? 0,
    waiting: head.isPlaceholderData,
  };
}

/** The rows `first` to `last`, and the one `besides` that the keyboard is at, as far as they are there. */
export function useRows(asked: Asked, first: number, last: number, besides: number, total: number) {
  const near = windowsOf(...withMargin(first, last), total);
  const offsets = [...new Set([...near, ...windowsOf(besides, besides, total)])];
  const windows = useQueries({ queries: offsets.map((offset) => windowQuestion(asked, offset)) });
  return {
    at: (index: number): ListedDevice | undefined =>
      windows[offsets.indexOf(windowOf(index))]?.data?.devices[index % WINDOW],
    error: windows.find(({ isError, data }) => isError && data === undefined)?.error ?? null,
    retry: () => {
      for (const window of windows) if (window.isError) void window.refetch();
    },
  };
}
