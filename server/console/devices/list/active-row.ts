/** The row of the list that the keyboard is at, and the focus on it. */
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

/** For what stood over the list and is gone. */
export function focusList(): void {
  document.querySelector<HTMLElement>('[role="grid"] [role="row"][tabindex="0"]')?.focus();
}

/** Which row is the active one, and whether the focus is in the grid. */
export function useActiveRow(scroller: RefObject<HTMLDivElement | null>, total: number) {
  const [active, setActive] = useState(0);
  const [focused, setFocused] = useState(false);
  const wanted = useRef<number | null>(null);
  // After the row has come to be: it may have been far off the screen.
  useEffect(() => {
    if (wanted.current === null) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });
  const focusRow = useCallback((index: number) => {
    wanted.current = index;
    setFocused(true);
    setActive(index);
  }, []);
  return { active: Math.min(active, Math.max(0, total - 1)), setActive, focusRow, focused, setFocused };
}
