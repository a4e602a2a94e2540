/**
 * Short confirmation messages that disappear, so important text belongs on the page itself. The code loads when the first message appears.
 */
import { lazy, Suspense, useSyncExternalStore } from 'react';

const Board = lazy(() => import('./toast-board.tsx'));

const listeners = new Set<() => void>();
let requested = false;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function notify(notice: { readonly title: string; readonly message: string }): Promise<void> {
  const { notifications } = await import('@mantine/notifications');
  requested = true;
  for (const listener of listeners) listener();
  notifications.show(notice);
}

export function Toasts() {
  return useSyncExternalStore(listen, () => requested) ? (
    <Suspense>
      <Board />
    </Suspense>
  ) : null;
}
