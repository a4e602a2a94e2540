import type { ComponentProps } from 'react';

interface Marks {
  readonly 'data-loading'?: boolean;
  readonly 'data-disabled'?: boolean;
}

/**
 * Root element of a button. While the button is loading, it ignores clicks and keeps the keyboard focus. Without this element, Mantine
 * disables a loading button, which then loses the focus.
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
