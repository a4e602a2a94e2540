// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus for its cells, and a head's button for its head
// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot leave out the rows that are not on the screen
/**
 * Device list as a grid, in which only visible rows have elements. Arrow, Page Up, Page Down, Home and End move the active row. Space
 * selects the active row, Enter opens it, and Tab moves into its content.
 */
import { Box, Checkbox, UnstyledButton } from '@mantine/core';
import { useThrottledValue } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useElementScrollRestoration } from '@tanstack/react-router';
import { type Header, useTable } from '@tanstack/react-table';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useMemo, useRef } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { cellsOf, columnsFor, features, type Row, type Surroundings } from './columns.tsx';
import classes from './device-grid.module.css';
import { type Order, sortOf } from './filter.ts';
import { GridRow } from './grid-row.tsx';
import { type ListQuery, useRows } from './rows.ts';
import { isChosen } from './selection.ts';
import { useActiveRow } from './use-active-row.ts';
import { type GridChoice, useGridKeys } from './use-grid-keys.ts';
import { usePhone } from './use-phone.ts';

const ROW = 44;
const CARD = 108;
const HEAD = 40;
const COVER = 72;
const SCROLLER = 'devices';

export function DeviceGrid({
  query,
  total,
  waiting,
  surroundings,
  reorder,
  choice,
  covered,
}: {
  readonly query: ListQuery;
  readonly total: number;
  readonly waiting: boolean;
  readonly surroundings: Omit<Surroundings, 'tabbable'>;
  readonly reorder: (order: Order) => void;
  /** Selected devices; null if the admin's role allows no bulk commands. */
  readonly choice: GridChoice | null;
  readonly covered: boolean;
}) {
  const cards = usePhone();
  const scroller = useRef<HTMLDivElement>(null);
  const { active, setActive, focusRow, focused, setFocused } = useActiveRow(scroller, total);
  const margin = cards ? 0 : HEAD;

  const virtualizer = useGridVirtualizer({ scroller, total, cards, covered, focused: focused ? active : null });
  useAnotherList(query, () => {
    virtualizer.scrollToOffset(0);
    setActive(0);
  });

  const [start, end] = useSeldom(virtualizer.range?.startIndex ?? 0, virtualizer.range?.endIndex ?? 0);
  const rows = useRows(query, start, end, focused ? active : start, total);

  const items = virtualizer.getVirtualItems();
  const tabbable = items.some(({ index }) => index === active) ? active : (virtualizer.range?.startIndex ?? 0);
  // The React key of a row is its index, so that a visible row keeps its HTML element when the list changes.
  const data = items.map(({ index }): Row => ({ index, device: rows.at(index) }));
  const table = useDeviceTable(data, { ...surroundings, tabbable }, query.order, reorder);
  const cells = useMemo(() => cellsOf(surroundings.columns), [surroundings.columns]);

  const page = Math.max(1, Math.floor(((virtualizer.scrollRect?.height ?? 0) - margin) / (cards ? CARD : ROW)) - 1);
  const show = (index: number) => {
    virtualizer.scrollToIndex(index);
    focusRow(index);
  };
  const { toggle, onKeyDown } = useGridKeys({ active, total, page, choice, deviceAt: rows.at, show });
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
        style={cells}
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
        <GridHead headers={table.getFlatHeaders()} total={total} choice={choice} />
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

function useAnotherList(query: ListQuery, start: () => void) {
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another list calls it
  useEffect(() => {
    if (!first.current) start();
    first.current = false;
  }, [query]);
}

function useGridVirtualizer({
  scroller,
  total,
  cards,
  covered,
  focused,
}: {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly total: number;
  readonly cards: boolean;
  readonly covered: boolean;
  readonly focused: number | null;
}) {
  const saved = useElementScrollRestoration({ id: SCROLLER });
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
    initialOffset: saved?.scrollY ?? 0,
    // Always render the focused row, even outside the visible range. Otherwise the keyboard focus would be lost.
    rangeExtractor: (range) => {
      const rows = defaultRangeExtractor(range);
      return focused !== null && focused < total && !rows.includes(focused)
        ? [...rows, focused].sort((a, b) => a - b)
        : rows;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useEffect(() => virtualizer.measure(), [cards]);
  return virtualizer;
}

function useDeviceTable(data: Row[], meta: Surroundings, { sort, descending }: Order, reorder: (order: Order) => void) {
  const sorting = [{ id: sort, desc: descending }];
  const columns = useMemo(() => columnsFor(meta.columns), [meta.columns]);
  return useTable({
    features,
    columns,
    data,
    getRowId: ({ index }) => String(index),
    meta,
    manualSorting: true,
    enableSortingRemoval: false,
    enableMultiSort: false,
    state: { sorting },
    onSortingChange: (update) => {
      const [next] = typeof update === 'function' ? update(sorting) : update;
      if (next) reorder({ sort: sortOf(next.id), descending: next.desc });
    },
  });
}

function GridHead({
  headers,
  total,
  choice,
}: {
  readonly headers: Header<typeof features, Row, unknown>[];
  readonly total: number;
  readonly choice: GridChoice | null;
}) {
  return (
    <div role="row" aria-rowindex={1} className={classes.head}>
      {choice && (
        <div role="columnheader" className={classes.box}>
          <Box component="label" className={classes.boxLabel}>
            <Checkbox
              size="xs"
              aria-label={`Select all ${total.toLocaleString('en')} devices`}
              checked={choice.selection.kind === 'all'}
              indeterminate={choice.selection.kind === 'some' && choice.selection.devices.size > 0}
              onChange={({ currentTarget }) => choice.chooseAll(currentTarget.checked)}
            />
          </Box>
        </div>
      )}
      {headers.map((header) => (
        <HeadCell key={header.id} header={header} />
      ))}
    </div>
  );
}

/** Index of the row that contains the given element; null for the header row. */
function indexOf(target: EventTarget): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  return row ? Number(row.dataset['index']) : null;
}

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

/** Range of visible rows, updated at most every 120 ms. Fast scrolling through 100,000 rows then requests only a few of them. */
function useSeldom(start: number, end: number): readonly [number, number] {
  const seldom = useThrottledValue(`${start} ${end}`, 120);
  return useMemo(() => {
    const [from = 0, to = 0] = seldom.split(' ').map(Number);
    return [from, to] as const;
  }, [seldom]);
}
