/**
 * Secret in the fragment of a link (`#invitation=…`, `#demo=…`). The page removes the secret from the address bar at once, so that neither
 * the browser history nor a screenshot contains it. A browser never sends a fragment to a server.
 */
import { useCallback, useEffect, useState } from 'react';
import { type FragmentSecret, readFragment } from './read-fragment.ts';

function take(): FragmentSecret | null {
  const secret = readFragment(location.hash);
  if (secret) history.replaceState(null, '', location.pathname + location.search);
  return secret;
}

const atStart = take();

export function useFragmentSecret(): [FragmentSecret | null, () => void] {
  const [secret, setSecret] = useState(atStart);
  // If the user opens such a link in a tab with the console, only the fragment changes and the browser does not reload the page. The page
  // therefore listens for this change.
  useEffect(() => {
    const follow = () => setSecret((before) => take() ?? before);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return [secret, useCallback(() => setSecret(null), [])];
}
