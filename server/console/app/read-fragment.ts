export interface FragmentSecret {
  readonly kind: 'invitation' | 'first-owner' | 'demo' | 'verify';
  readonly value: string;
}

/** Possible fragments: `#invitation=TOKEN`, `#first-owner&invitation=TOKEN`, `#demo=TICKET`, `#verify=TOKEN`. */
export function readFragment(hash: string): FragmentSecret | null {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const ticket = fields.get('demo');
  if (ticket) return { kind: 'demo', value: ticket };
  const verification = fields.get('verify');
  if (verification) return { kind: 'verify', value: verification };
  const token = fields.get('invitation');
  if (!token) return null;
  return { kind: fields.has('first-owner') ? 'first-owner' : 'invitation', value: token };
}
