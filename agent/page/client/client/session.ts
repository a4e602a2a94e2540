/**
 * Token of the browser's session with the agent's web page. The page gets the token in exchange for the one-time ticket in a link from
 * `cordon-agent open`.
 */
import { useSyncExternalStore } from 'react';

const KEPT = 'cordon-page';
const listeners = new Set<() => void>();

export const token = (): string | null => localStorage.getItem(KEPT);

export function keepToken(given: string | null): void {
  if (given === null) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, given);
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  // Another tab of the browser can start or end the session. This tab then uses the changed session.
  addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', listener);
  };
}

export const useToken = (): string | null => useSyncExternalStore(listen, token);

/**
 * Ticket from the fragment `#open=TICKET`. The page removes the fragment from the address at once, so that no history and no screenshot
 * contains the ticket.
 */
export function takeTicket(): string | null {
  const ticket = new URLSearchParams(location.hash.replace(/^#/, '')).get('open');
  if (ticket !== null) history.replaceState(null, '', location.pathname + location.search);
  return ticket;
}
