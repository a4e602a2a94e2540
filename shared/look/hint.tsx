/** Explanation of a small element, on hover, on focus and for screen readers. Escape hides the explanation (WCAG 1.4.13). */
import { type ReactNode, useId, useState } from 'react';
import classes from './hint.module.css';

export function Hint({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  const id = useId();
  const [away, setAway] = useState(false);
  const back = () => setAway(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it is read, not operated; Escape only hides the hint
    <span
      className={classes.about}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has no other way to the hint
      tabIndex={0}
      aria-describedby={id}
      data-away={away || undefined}
      onKeyDown={({ key }) => key === 'Escape' && setAway(true)}
      onBlur={back}
      onMouseLeave={back}
    >
      {children}
      <span role="tooltip" id={id} className={classes.hint}>
        {text}
      </span>
    </span>
  );
}
