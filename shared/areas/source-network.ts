/** Network of a request, for rate limits. An Internet provider usually assigns a whole IPv6 /64 to one customer. */
import { isIP } from 'node:net';
import { canonicalAddress } from './special-addresses.ts';

/**
 * Network of an IP address: the IPv4 address itself, or the first 64 bits of an IPv6 address, such as `2001:db8:0:1::/64`. `unknown` for
 * other text.
 */
export function sourceNetwork(address: string | null): string {
  const canonical = address === null ? null : canonicalAddress(address);
  if (canonical === null) return 'unknown';
  if (isIP(canonical) === 4) return canonical;
  const [head = '', tail = ''] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = canonical.includes('::') ? Array<string>(8 - before.length - after.length).fill('0') : [];
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
