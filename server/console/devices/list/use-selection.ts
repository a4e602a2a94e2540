/** Selection in the device list. It stays when the admin scrolls or sorts, and becomes empty when the filters change. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ListedDevice } from '../../../../shared/api/devices.ts';
import { filterKey } from './filter.ts';
import { type ListQuery, windowQuery } from './rows.ts';
import { choose, EVERYTHING, MOST_NAMED, NOTHING, type Selection } from './selection.ts';
import { WINDOW, windowsOf } from './windows.ts';

export function useSelection(query: ListQuery, total: number) {
  const client = useQueryClient();
  const [selection, setSelection] = useState<Selection<ListedDevice>>(NOTHING);
  const [failure, setFailure] = useState<unknown>(null);
  const [fetching, setFetching] = useState(false);
  const key = filterKey(query.filter);
  const [of, setOf] = useState(key);
  if (of !== key) {
    setOf(key);
    setSelection(NOTHING);
    setFailure(null);
  }

  /** Load all rows of the selected range, because some of them may never have been visible. */
  async function stretch(from: number, to: number): Promise<ListedDevice[]> {
    const found: ListedDevice[] = [];
    for (const offset of windowsOf(from, to, total)) {
      const { devices } = await client.fetchQuery({ ...windowQuery(query, offset), staleTime: 30_000 });
      found.push(...devices.slice(Math.max(0, from - offset), Math.min(WINDOW, to - offset + 1)));
    }
    return found;
  }

  async function chooseRows(from: number, to: number, chosen: boolean): Promise<void> {
    setFailure(null);
    if (to - from >= MOST_NAMED) {
      setFailure(new TooMany());
      return;
    }
    setFetching(true);
    try {
      const devices = await stretch(from, to);
      setSelection((before) => choose(before, devices, chosen));
    } catch (error) {
      setFailure(error);
    } finally {
      setFetching(false);
    }
  }

  return {
    selection,
    fetching,
    failure,
    choose: (from: number, to: number, chosen: boolean) => void chooseRows(from, to, chosen),
    chooseAll: (all: boolean) => setSelection(all ? EVERYTHING : NOTHING),
    clear: () => {
      setSelection(NOTHING);
      setFailure(null);
    },
  };
}

export type SelectionState = ReturnType<typeof useSelection>;

export class TooMany extends Error {}
