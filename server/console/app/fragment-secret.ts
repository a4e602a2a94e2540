/**
 * Secret in the fragment of a link, such as `#invitation=…`. The page removes the secret from the address bar at once, so that neither the
 * browser history nor a screenshot contains it. A browser never sends a fragment to a server.
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
  // If the user opens a link with a secret in a tab that already shows the console, the browser changes only the fragment and does not
  // reload the page.
  useEffect(() => {
    const follow = () => setSecret((before) => take() ?? before);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return [secret, useCallback(() => setSecret(null), [])];
}
