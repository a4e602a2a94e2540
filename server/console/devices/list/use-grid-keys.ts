import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useRef } from 'react';
import type { ListedDevice } from '../../../../shared/api/devices.ts';
import { isChosen, type Selection } from './selection.ts';

export interface GridChoice {
  readonly selection: Selection<ListedDevice>;
  /** Selects the rows from index `from` to index `to`, even if they have not loaded. */
  readonly choose: (from: number, to: number, chosen: boolean) => void;
  readonly chooseAll: (chosen: boolean) => void;
}

export function useGridKeys({
  active,
  total,
  page,
  choice,
  deviceAt,
  show,
}: {
  readonly active: number;
  readonly total: number;
  readonly page: number;
  readonly choice: GridChoice | null;
  readonly deviceAt: (index: number) => ListedDevice | undefined;
  readonly show: (index: number) => void;
}) {
  const navigate = useNavigate();
  const anchor = useRef(0);
  const go = (to: number, extend: boolean) => {
    const target = Math.max(0, Math.min(total - 1, to));
    if (extend && choice) choice.choose(Math.min(anchor.current, target), Math.max(anchor.current, target), true);
    else anchor.current = target;
    show(target);
  };
  const toggle = (index: number, extend: boolean) => {
    const device = deviceAt(index);
    if (!choice || !device) return;
    const chosen = !isChosen(choice.selection, device.id);
    const from = extend ? anchor.current : index;
    choice.choose(Math.min(from, index), Math.max(from, index), chosen);
    anchor.current = index;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const onRow = event.target instanceof HTMLElement && event.target.getAttribute('role') === 'row';
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: total - 1,
    };
    const to = moves[event.key];
    if (to !== undefined && !event.altKey) go(to, event.shiftKey);
    else if (event.key === ' ' && onRow) toggle(active, event.shiftKey);
    else if (event.key === 'Enter' && onRow) {
      const device = deviceAt(active);
      if (device) void navigate({ to: '/devices/$id', params: { id: device.id } });
    } else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey) && choice) choice.chooseAll(true);
    else return;
    event.preventDefault();
  };
  return { toggle, onKeyDown };
}
