/**
 * The secret of a link (`#invitation=…`, `#demo=…`): read once, and taken out of the address at once, so that it is in no history and no picture of
 * the screen. A fragment is never sent to a server.
 */
import { useCallback, useState } from 'react';

export interface FragmentSecret {
  readonly kind: 'invitation' | 'first-owner' | 'demo';
  readonly value: string;
}

/** `#invitation=TOKEN`, `#first-owner&invitation=TOKEN`, `#demo=TICKET`. */
export function readFragment(hash: string): FragmentSecret | null {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const ticket = fields.get('demo');
  if (ticket) return { kind: 'demo', value: ticket };
  const token = fields.get('invitation');
  if (!token) return null;
  return { kind: fields.has('first-owner') ? 'first-owner' : 'invitation', value: token };
}

function take(): FragmentSecret | null {
  const secret = readFragment(location.hash);
  if (secret) history.replaceState(null, '', location.pathname + location.search);
  return secret;
}

const atStart = take();

export function useFragmentSecret(): [FragmentSecret | null, () => void] {
  const [secret, setSecret] = useState(atStart);
  return [secret, useCallback(() => setSecret(null), [])];
}
