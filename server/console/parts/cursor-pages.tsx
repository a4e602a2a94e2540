import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';

export interface CursorPages<Cursor> {
  /** Cursor of the current page; null for the first page, which contains the newest entries. */
  readonly cursor: Cursor | null;
  readonly page: number;
  back(): void;
  next(cursor: Cursor): void;
}

export function useCursorPages<Cursor>(): CursorPages<Cursor> {
  const [cursors, setCursors] = useState<readonly (Cursor | null)[]>([null]);
  return {
    cursor: cursors.at(-1) ?? null,
    page: cursors.length,
    back: () => setCursors(cursors.slice(0, -1)),
    next: (cursor) => setCursors([...cursors, cursor]),
  };
}

export function CursorPager<Cursor>({
  pages,
  next,
}: {
  readonly pages: CursorPages<Cursor>;
  readonly next: Cursor | null;
}) {
  if (next === null && pages.page === 1) return null;
  return (
    <Group justify="space-between">
      <Button variant="default" size="xs" disabled={pages.page === 1} onClick={pages.back}>
        Previous page
      </Button>
      <Text size="sm" c="dimmed" role="status">
        Page {pages.page}
      </Text>
      <Button
        variant="default"
        size="xs"
        disabled={next === null}
        onClick={() => {
          if (next !== null) pages.next(next);
        }}
      >
        Next page
      </Button>
    </Group>
  );
}
