/** List that shows only its first entries, and a button that shows all entries. */
import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';

export function ShortList<T>({
  items,
  few,
  noun,
  children,
}: {
  readonly items: readonly T[];
  readonly few: number;
  readonly noun: string;
  readonly children: (shown: readonly T[]) => ReactNode;
}) {
  const [all, setAll] = useState(false);
  return (
    <div>
      {children(all ? items : items.slice(0, few))}
      {!all && items.length > few && (
        <Button variant="subtle" size="compact-sm" mt={4} onClick={() => setAll(true)}>
          Show all {items.length} {noun}
        </Button>
      )}
    </div>
  );
}
