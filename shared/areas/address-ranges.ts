/** Lists of IP addresses and CIDR ranges, such as the addresses of reverse proxies. */
import { BlockList, isIP } from 'node:net';
import { canonicalAddress } from './special-addresses.ts';

/**
 * Parses IP addresses and CIDR ranges. Throws `RangeError` for an invalid entry instead of skipping it, because a list without this entry
 * would match fewer addresses than the admin intended.
 */
export function parseAddressRanges(entries: readonly string[]): BlockList {
  const ranges = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? null : Number(prefix);
    const widest = version === 4 ? 32 : 128;
    if (
      version === 0 ||
      rest.length > 0 ||
      (bits !== null && !(Number.isInteger(bits) && bits >= 0 && bits <= widest))
    ) {
      throw new RangeError(`${entry} is neither an IP address nor a CIDR range`);
    }
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (bits === null) ranges.addAddress(address, family);
    else ranges.addSubnet(address, bits, family);
  }
  return ranges;
}

/** Whether the IP address is in the ranges. IPv6 addresses may have any spelling. False for text that is not an IP address. */
export function inRanges(ranges: BlockList, address: string): boolean {
  const canonical = canonicalAddress(address);
  return canonical !== null && ranges.check(canonical, isIP(canonical) === 6 ? 'ipv6' : 'ipv4');
}
