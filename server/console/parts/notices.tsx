/** Short notices that something was done; what must be read stands in the page. What shows them is loaded with the first of them. */
import { lazy, Suspense, useSyncExternalStore } from 'react';

const Board = lazy(() => import('./notice-board.tsx'));

const listeners = new Set<() => void>();
let wanted = false;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function notify(notice: { readonly title: string; readonly message: string }): Promise<void> {
  const { notifications } = await import('@mantine/notifications');
  wanted = true;
  for (const listener of listeners) listener();
  notifications.show(notice);
}

export function Notices() {
  return useSyncExternalStore(listen, () => wanted) ? (
    <Suspense>
      <Board />
    </Suspense>
  ) : null;
}
