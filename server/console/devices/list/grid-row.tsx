// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus for its cells
// biome-ignore-all lint/a11y/useSemanticElements: of the grid, which cannot be a table element
/** Row of the device list. It renders again only if its data changes, and not on each scroll event. */
import { Box, Checkbox, VisuallyHidden } from '@mantine/core';
import { FlexRender, type Row as TableRow } from '@tanstack/react-table';
import { memo } from 'react';
import type { features, Row, Surroundings } from './columns.tsx';
import classes from './device-grid.module.css';

interface GridRowProps {
  readonly row: TableRow<typeof features, Row>;
  /**
   * Selection state of the row. `fixed`: the row is selected because all devices are selected. Null if the admin's role allows no bulk
   * commands.
   */
  readonly choosing: 'free' | 'fixed' | null;
  readonly chosen: boolean;
  readonly tabbable: boolean;
  readonly start: number;
  readonly size: number;
  readonly surroundings: Omit<Surroundings, 'tabbable'>;
}

function DrawnRow({ row, choosing, chosen, tabbable, start, size }: GridRowProps) {
  const { index, device } = row.original;
  const tabIndex = tabbable ? 0 : -1;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={choosing === null ? undefined : chosen}
      aria-busy={device === undefined}
      tabIndex={tabIndex}
      data-index={index}
      className={classes.row}
      style={{ transform: `translateY(${start}px)`, blockSize: size }}
    >
      {choosing !== null && (
        <div role="gridcell" className={classes.box}>
          <Box component="label" className={classes.boxLabel}>
            <Checkbox
              size="xs"
              tabIndex={tabIndex}
              aria-label={`Select ${device?.user ?? `row ${index + 1}`}`}
              checked={chosen}
              disabled={choosing === 'fixed'}
              // The grid handles clicks on the checkbox, because the checkbox's change event does not contain the state of the Shift key.
              onChange={() => undefined}
            />
          </Box>
        </div>
      )}
      {row.getAllCells().map((cell) => (
        <div key={cell.id} role="gridcell" className={classes.cell} data-area={cell.column.columnDef.meta?.area}>
          <FlexRender cell={cell} />
        </div>
      ))}
      {device === undefined && <VisuallyHidden>Loading</VisuallyHidden>}
    </div>
  );
}

/**
 * The table library creates new row objects on each render, so the comparison uses the device and the row's state instead of the row
 * object.
 */
export const GridRow = memo(
  DrawnRow,
  (a, b) =>
    a.row.original.index === b.row.original.index &&
    a.row.original.device === b.row.original.device &&
    a.choosing === b.choosing &&
    a.chosen === b.chosen &&
    a.tabbable === b.tabbable &&
    a.start === b.start &&
    a.size === b.size &&
    a.surroundings === b.surroundings,
);
