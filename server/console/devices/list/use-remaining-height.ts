/**
 * Sets the CSS variable `--above` of an element to its distance from the top of the page. The style sheet uses the variable to let the
 * element fill the rest of the screen.
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
    // The distance can change when the filters or the demo bar above the element change.
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
