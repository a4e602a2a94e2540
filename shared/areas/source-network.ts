/** Network of a request, as rate limits count it. One customer of a provider usually has a whole IPv6 /64. */
import { isIP } from 'node:net';
import { canonicalAddress } from './special-addresses.ts';

/** An IPv4 address unchanged; for an IPv6 address its first 64 bits, such as `2001:db8:0:1::/64`. `unknown` for other text. */
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
