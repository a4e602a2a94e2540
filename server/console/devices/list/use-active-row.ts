import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

/** Moves the focus to the device list after a dialog or menu in front of the list has closed. */
export function focusList(): void {
  document.querySelector<HTMLElement>('[role="grid"] [role="row"][tabindex="0"]')?.focus();
}

export function useActiveRow(scroller: RefObject<HTMLDivElement | null>, total: number) {
  const [active, setActive] = useState(0);
  const [focused, setFocused] = useState(false);
  const focusTarget = useRef<number | null>(null);
  // Move the focus only after the next render, because an invisible row has no element before.
  useEffect(() => {
    if (focusTarget.current === null) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${focusTarget.current}"]`);
    if (!row) return;
    focusTarget.current = null;
    row.focus({ preventScroll: true });
  });
  const focusRow = useCallback((index: number) => {
    focusTarget.current = index;
    setFocused(true);
    setActive(index);
  }, []);
  return { active: Math.min(active, Math.max(0, total - 1)), setActive, focusRow, focused, setFocused };
}
