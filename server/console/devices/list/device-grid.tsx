// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus for its cells, and a head's button for its head
// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not on the screen
/**
 * The list itself: a grid of any length of which only the rows on the screen exist. One row is the active one; arrows, Page Up, Page Down, Home
 * and End move it, Space chooses it, Enter opens it, Tab goes to what is inside it.
 */
import { Box, Checkbox, UnstyledButton } from '@mantine/core';
import { useThrottledValue } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useElementScrollRestoration, useNavigate } from '@tanstack/react-router';
import { type Header, useTable } from '@tanstack/react-table';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import type { ListedDevice } from '../../../../shared/api/devices.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { useActiveRow } from './active-row.ts';
import { columns, features, type Row, type Surroundings } from './columns.tsx';
import classes from './device-grid.module.css';
import type { Order } from './filter.ts';
import { GridRow } from './grid-row.tsx';
import { type Asked, useRows } from './rows.ts';
import { isChosen, type Selection } from './selection.ts';
import { usePhone } from './use-phone.ts';

const ROW = 44;
const CARD = 108;
const HEAD = 40;
const COVER = 72;
const SCROLLER = 'devices';

export interface GridChoice {
  readonly selection: Selection<ListedDevice>;
  /** The rows `from` to `to`, whether they are loaded or not. */
  readonly choose: (from: number, to: number, chosen: boolean) => void;
  readonly chooseAll: (chosen: boolean) => void;
}

export function DeviceGrid({
  asked,
  total,
  waiting,
  surroundings,
  reorder,
  choice,
  covered,
}: {
  readonly asked: Asked;
  readonly total: number;
  /** Another list has been asked for. */
  readonly waiting: boolean;
  readonly surroundings: Omit<Surroundings, 'tabbable'>;
  readonly reorder: (order: Order) => void;
  /** Null for whoever may do nothing with what they would choose. */
  readonly choice: GridChoice | null;
  /** Something lies over the end of the list. */
  readonly covered: boolean;
}) {
  const cards = usePhone();
  const scroller = useRef<HTMLDivElement>(null);
  const { active, setActive, focusRow, focused, setFocused } = useActiveRow(scroller, total);
  const left = useElementScrollRestoration({ id: SCROLLER });
  const margin = cards ? 0 : HEAD;

  const virtualizer = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => (cards ? CARD : ROW),
    overscan: 8,
    scrollMargin: margin,
    scrollPaddingStart: margin,
    paddingEnd: covered ? COVER : 0,
    scrollPaddingEnd: covered ? COVER : 0,
    initialOffset: left?.scrollY ?? 0,
    // The row that has the focus stays, so that the focus stays.
    rangeExtractor: (range) => {
      const rows = defaultRangeExtractor(range);
      return focused && active < total && !rows.includes(active) ? [...rows, active].sort((a, b) => a - b) : rows;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useEffect(() => virtualizer.measure(), [cards]);

  const first = useRef(true);
  // Another list begins at its beginning.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the list that changes
  useEffect(() => {
    if (!first.current) {
      virtualizer.scrollToOffset(0);
      setActive(0);
    }
    first.current = false;
  }, [asked]);

  const [start, end] = useSeldom(virtualizer.range?.startIndex ?? 0, virtualizer.range?.endIndex ?? 0);
  const rows = useRows(asked, start, end, focused ? active : start, total);

  const items = virtualizer.getVirtualItems();
  // Tab leads into the list wherever it has been scrolled to.
  const tabbable = items.some(({ index }) => index === active) ? active : (virtualizer.range?.startIndex ?? 0);
  // Rows stand by their place: the same device keeps its element while it is on the screen.
  const data = items.map(({ index }): Row => ({ index, device: rows.at(index) }));
  const table = useTable({
    features,
    columns,
    data,
    getRowId: ({ index }) => String(index),
    meta: { ...surroundings, tabbable },
    manualSorting: true,
    enableSortingRemoval: false,
    enableMultiSort: false,
    state: { sorting: [{ id: asked.order.sort, desc: asked.order.descending }] },
    onSortingChange: (update) => {
      const before = [{ id: asked.order.sort, desc: asked.order.descending }];
      const [next] = typeof update === 'function' ? update(before) : update;
      if (next) reorder({ sort: sortOf(next.id), descending: next.desc });
    },
  });

  const navigate = useNavigate();
  const anchor = useRef(0);
  const go = (to: number, extend: boolean) => {
    const target = Math.max(0, Math.min(total - 1, to));
    if (extend && choice) choice.choose(Math.min(anchor.current, target), Math.max(anchor.current, target), true);
    else anchor.current = target;
    virtualizer.scrollToIndex(target);
    focusRow(target);
  };
  const toggle = (index: number, extend: boolean) => {
    const device = rows.at(index);
    if (!choice || !device) return;
    const chosen = !isChosen(choice.selection, device.id);
    const from = extend ? anchor.current : index;
    choice.choose(Math.min(from, index), Math.max(from, index), chosen);
    anchor.current = index;
  };
  const page = Math.max(1, Math.floor(((virtualizer.scrollRect?.height ?? 0) - margin) / (cards ? CARD : ROW)) - 1);

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
      const device = rows.at(active);
      if (device) void navigate({ to: '/devices/$id', params: { id: device.id } });
    } else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey) && choice) choice.chooseAll(true);
    else return;
    event.preventDefault();
  };

  const some = choice?.selection.kind === 'some' && choice.selection.devices.size > 0;
  return (
    <>
      {rows.error && <Failure error={rows.error} retry={rows.retry} />}
      <div
        ref={scroller}
        role="grid"
        aria-label="Devices"
        aria-rowcount={total + 1}
        aria-multiselectable={choice !== null}
        aria-busy={waiting}
        className={classes.scroller}
        data-scroll-restoration-id={SCROLLER}
        data-choice={choice !== null}
        data-waiting={waiting}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => {
          setFocused(true);
          const index = indexOf(target);
          if (index !== null) setActive(index);
        }}
        onClick={({ target, shiftKey }) => {
          const index = target instanceof HTMLInputElement ? indexOf(target) : null;
          if (index !== null) toggle(index, shiftKey);
        }}
        onBlur={({ currentTarget, relatedTarget }) => setFocused(currentTarget.contains(relatedTarget))}
      >
        <div role="row" aria-rowindex={1} className={classes.head}>
          {choice && (
            <div role="columnheader" className={classes.box}>
              <Box component="label" className={classes.boxLabel}>
                <Checkbox
                  size="xs"
                  aria-label={`Choose all ${total.toLocaleString('en')} devices`}
                  checked={choice.selection.kind === 'all'}
                  indeterminate={some}
                  onChange={({ currentTarget }) => choice.chooseAll(currentTarget.checked)}
                />
              </Box>
            </div>
          )}
          {table.getFlatHeaders().map((header) => (
            <HeadCell key={header.id} header={header} />
          ))}
        </div>
        <div role="rowgroup" className={classes.body} style={{ blockSize: virtualizer.getTotalSize() }}>
          {table.getRowModel().rows.map((row, position) => {
            const item = items[position];
            if (!item) return null;
            const { index, device } = row.original;
            const chosen = device !== undefined && choice !== null && isChosen(choice.selection, device.id);
            return (
              <GridRow
                key={index}
                row={row}
                choosing={choice === null ? null : choice.selection.kind === 'all' ? 'fixed' : 'free'}
                chosen={chosen}
                tabbable={index === tabbable}
                start={item.start - margin}
                size={item.size}
                surroundings={surroundings}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}

/** Of the row that an element is in; null for the head's. */
function indexOf(target: EventTarget): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  return row ? Number(row.dataset['index']) : null;
}

const sortOf = (id: string): Order['sort'] => (id === 'enrolled' || id === 'seen' ? id : 'user');

function HeadCell({ header }: { readonly header: Header<typeof features, Row, unknown> }) {
  const { column } = header;
  const sorted = column.getIsSorted();
  const label = String(column.columnDef.header);
  const direction = sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined;
  const Arrow = sorted === 'desc' ? IconArrowDown : IconArrowUp;
  return (
    <div role="columnheader" aria-sort={direction} className={classes.column}>
      {column.getCanSort() ? (
        <UnstyledButton className={classes.sort} onClick={column.getToggleSortingHandler()}>
          {label}
          {sorted && <Arrow size={14} aria-hidden />}
        </UnstyledButton>
      ) : (
        label
      )}
    </div>
  );
}

/** The rows on the screen, told at most every 120 ms: whoever drags through a hundred thousand rows asks for few of them. */
function useSeldom(start: number, end: number): readonly [number, number] {
  const seldom = useThrottledValue(`${start} ${end}`, 120);
  return useMemo(() => {
    const [from = 0, to = 0] = seldom.split(' ').map(Number);
    return [from, to] as const;
  }, [seldom]);
}
