/**
 * The secret of a link (`#invitation=…`, `#demo=…`): read once, and taken out of the address at once, so that it is in no history and no picture of
 * the screen. A fragment is never sent to a server.
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
  // Followed in a tab that shows the console already, a link changes the fragment and loads nothing.
  useEffect(() => {
    const follow = () => setSecret((before) => take() ?? before);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return [secret, useCallback(() => setSecret(null), [])];
}
