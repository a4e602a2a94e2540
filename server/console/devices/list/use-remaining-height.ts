/**
 * Sets the CSS variable `--above` of an element to its distance from the top of the page, so that the style sheet can let it fill the rest
 * of the screen.
 */
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
    // Measure again when an outer element changes its size, because the filters or the demo bar above the element may have grown.
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
