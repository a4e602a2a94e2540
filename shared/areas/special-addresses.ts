/**
 * IP addresses that are never evidence of a location: the IANA special-purpose registries for IPv4 (RFC 6890 and later) and IPv6,
 * multicast, and all IPv6 that is not global unicast. The check is necessary, because IP databases locate some of them: the bundled
 * database assigns 192.168/16 to AU.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';

const SPECIAL_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // Shared address space behind carrier-grade NAT (RFC 6598).
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // IETF protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // AS112
  ['192.52.193.0', 24], // AMT
  ['192.88.99.0', 24], // Anycast address of 6to4 relays, deprecated.
  ['192.168.0.0', 16],
  ['192.175.48.0', 24], // AS112
  ['198.18.0.0', 15], // benchmarking
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved and broadcast
];
/** Special IPv6 ranges inside 2000::/3. All IPv6 addresses outside 2000::/3 are special. */
const SPECIAL_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23], // IETF protocol assignments: Teredo, ORCHID, benchmarking, AMT, AS112, …
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // Addresses of 6to4. The relay of such a connection may be anywhere.
  ['2620:4f:8000::', 48], // AS112
  ['3fff::', 20], // documentation, RFC 9637
];

const special = new BlockList();
for (const [network, prefix] of SPECIAL_V4) special.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of SPECIAL_V6) special.addSubnet(network, prefix, 'ipv6');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** Canonical form of an IP address: no zone, and IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2) as IPv4. Null for other text. */
export function canonicalAddress(text: string): string | null {
  const address = text.replace(/%.*$/s, '');
  const family = isIP(address);
  if (family === 0) return null;
  if (family === 4) return address;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical);
  return mapped?.[1] ?? canonical;
}

/** Whether the IP address is no evidence of a location. True also for text that is not an IP address. */
export function isSpecialAddress(text: string): boolean {
  const address = canonicalAddress(text);
  if (address === null) return true;
  if (isIP(address) === 4) return special.check(address, 'ipv4');
  return !globalUnicast.check(address, 'ipv6') || special.check(address, 'ipv6');
}

/**
 * IPv4 addresses to which a translator or relay may deliver packets for an IPv6 address: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056),
 * IPv4-compatible (RFC 4291) and IPv4-translated addresses (RFC 2765). Empty for other addresses.
 */
export function embeddedAddresses(address: string): string[] {
  const groups = groupsOf(address);
  const [first, second, third, fourth = 0, fifth = 0, sixth = 0, seventh = 0, eighth = 0] = groups;
  if (groups.length !== 8) return [];
  const last = v4Of(seventh, eighth);
  if (first === 0x2002) return [v4Of(second ?? 0, third ?? 0)];
  // The local prefix of NAT64 may have 48 bits, so that bits 64 to 71 divide the IPv4 address.
  if (first === 0x64 && second === 0xff9b)
    return third === 1 ? [last, v4Of(fourth, (fifth << 8) | (sixth >> 8))] : [last];
  const isCompatible =
    first === 0 && second === 0 && third === 0 && fourth === 0 && (fifth === 0 || fifth === 0xffff) && sixth === 0;
  return isCompatible && seventh !== 0 ? [last] : [];
}

const v4Of = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/** The eight groups of an IPv6 address in its canonical form; empty for other text. */
function groupsOf(address: string): number[] {
  if (isIP(address) !== 6) return [];
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [left = [], after] = hexadecimal.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const right = after ?? [];
  const zeros = after === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}
