/** The secret of a link (`#invitation=…`, `#demo=…`): read once, and taken out of the address at once so that it is in no history and no picture of the screen. */
import { useCallback, useState } from 'react';

export interface FragmentSecret {
  readonly kind: 'invitation' | 'demo';
  readonly value: string;
}

function take(): FragmentSecret | null {
  const match = /^#(invitation|demo)=([A-Za-z0-9_-]{1,200})$/.exec(location.hash);
  if (!match?.[2]) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return { kind: match[1] === 'demo' ? 'demo' : 'invitation', value: match[2] };
}

const atStart = take();

export function useFragmentSecret(): [FragmentSecret | null, () => void] {
  const [secret, setSecret] = useState(atStart);
  return [secret, useCallback(() => setSecret(null), [])];
}
