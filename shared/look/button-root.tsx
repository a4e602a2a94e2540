/** What every button is drawn as. */
import type { ComponentProps } from 'react';

interface Marks {
  readonly 'data-loading'?: boolean;
  readonly 'data-disabled'?: boolean;
}

/**
 * Mantine disables a button while it works, and what is disabled loses the focus: whoever has a keyboard alone would begin again at the top of
 * the page. This one keeps it, and is deaf meanwhile; Enter in a field of its form clicks it too.
 */
export function ButtonRoot({ disabled: _, onClick, type = 'button', ...props }: ComponentProps<'button'> & Marks) {
  const busy = props['data-loading'] === true;
  return (
    <button
      {...props}
      type={type}
      disabled={props['data-disabled'] === true}
      {...(busy && { 'aria-busy': true, 'aria-disabled': true })}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    />
  );
}
