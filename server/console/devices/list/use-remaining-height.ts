/** Height above an element as the style `--above`, so that the element can fill the rest of the screen. */
import { type RefObject, useLayoutEffect } from 'react';

export function useRemainingHeight(element: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const { current } = element;
    if (!current?.parentElement) return;
    const measure = () => {
      const above = Math.round(current.getBoundingClientRect().top + window.scrollY);
      current.style.setProperty('--above', `${above}px`);
    };
    measure();
    // Filters and the demo bar change the height above.
    const observer = new ResizeObserver(measure);
    for (
      let outer = current.parentElement;
      outer && outer !== document.body;
      outer = outer.parentElement ?? document.body
    ) {
      observer.observe(outer);
    }
    return () => observer.disconnect();
  }, [element]);
}
