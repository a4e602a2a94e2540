import type { ComponentProps } from 'react';

interface Marks {
  readonly 'data-loading'?: boolean;
  readonly 'data-disabled'?: boolean;
}

/**
 * Root element of a button. Mantine disables a loading button, which would lose the keyboard focus. This button keeps the focus and ignores
 * clicks, also those from Enter in its form.
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
