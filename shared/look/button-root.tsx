import type { ComponentProps } from 'react';

interface Marks {
  readonly 'data-loading'?: boolean;
  readonly 'data-disabled'?: boolean;
}

/**
 * Root element of a button that keeps the keyboard focus while loading and ignores clicks. Mantine would disable the button, which loses
 * the focus.
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
