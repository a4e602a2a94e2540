/** What stands behind the `#` of a link that signs in or invites. */

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
