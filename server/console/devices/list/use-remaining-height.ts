/**
 * Distance between the top of the page and an element, as the CSS variable `--above`. With it, the element can fill the rest of the screen.
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
    // A change of the filters or of the demo bar can move the element.
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
