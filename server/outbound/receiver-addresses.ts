/**
 * Guard against requests to internal addresses (server-side request forgery). An admin or an attacker with an admin's session may enter any
 * URL, and the server can reach networks that the admin cannot. Receivers therefore need a global address, or one in the ranges that the
 * operator of the machine allows.
 */
import { type LookupAddress, lookup as lookupHost } from 'node:dns';
import type { BlockList, LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { canonicalAddress, embeddedAddresses, isSpecialAddress } from '../../shared/areas/special-addresses.ts';

/**
 * Metadata services of clouds, which give credentials to every program on the machine. No setting allows them. 168.63.129.16 is Azure's
 * WireServer, at an address that is otherwise global.
 */
const METADATA = parseAddressRanges([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
]);

/** Milliseconds for which `requireHost` waits for the resolver. */
const RESOLVE_DEADLINE = 2_000;

export interface ReceiverAddresses {
  /** Throws if receivers may not have this IP address. */
  require(address: string): void;
  /**
   * Rejects with `AddressRefused` if receivers may not have this host: an IP address, or a name that resolves to an address that is not
   * allowed. With `plainHttp` (HTTP without TLS), global addresses are not allowed either. A name that does not resolve within the deadline
   * passes, because the resolver may know it later.
   */
  requireHost(host: string, options: { readonly plainHttp: boolean }): Promise<void>;
  /** Throws if receivers may not have this IP address, or may not have it for HTTP without TLS. */
  requirePlain(address: string): void;
  /** Resolves a host name for Node's `connect`. The connection can use only the returned addresses, which this function has checked. */
  readonly lookup: LookupFunction;
}

export class AddressRefused extends Error {}

/** Creates the guard. `allowed`: special addresses and ranges that receivers may have (`CORDON_PRIVATE_RECEIVERS`). */
export function createReceiverAddresses(allowed: readonly string[]): ReceiverAddresses {
  const ranges: BlockList = parseAddressRanges(allowed);

  function require(address: string): void {
    const canonical = canonicalAddress(address);
    if (canonical === null) throw new AddressRefused(`${address} is not an IP address`);
    if (inRanges(METADATA, canonical)) {
      throw new AddressRefused(`${canonical} is the metadata service of a cloud, and no receiver may be there`);
    }
    for (const embedded of embeddedAddresses(canonical)) requireEmbedded(canonical, embedded);
    if (!isSpecialAddress(canonical) || inRanges(ranges, canonical)) return;
    throw new AddressRefused(
      `${canonical} is an internal address. The operator of the machine can allow it with CORDON_PRIVATE_RECEIVERS`,
    );
  }

  function requireEmbedded(address: string, embedded: string): void {
    try {
      require(embedded);
    } catch (error) {
      if (error instanceof AddressRefused)
        throw new AddressRefused(`${address} contains an IPv4 address: ${error.message}`);
      throw error;
    }
  }

  function requirePlain(address: string): void {
    require(address);
    if (isSpecialAddress(address)) return;
    throw new AddressRefused(
      `${address} is a global address, and requests without TLS go only to private receivers. Use an https: URL`,
    );
  }

  async function requireHost(host: string, { plainHttp }: { readonly plainHttp: boolean }): Promise<void> {
    const check = plainHttp ? requirePlain : require;
    if (isLiteralAddress(host)) return check(host);
    const { promise, resolve } = Promise.withResolvers<LookupAddress[]>();
    const timer = setTimeout(() => resolve([]), RESOLVE_DEADLINE);
    lookupHost(host, { all: true }, (error, addresses) => resolve(error ? [] : addresses));
    try {
      for (const { address } of await promise) check(address);
    } catch (error) {
      if (error instanceof AddressRefused) throw new AddressRefused(`${host} has a refused address: ${error.message}`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  const lookup: LookupFunction = (hostname, options, callback) => {
    lookupHost(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      try {
        // A name is refused if only one of its addresses is internal, because a resolver may return the addresses in changing order.
        for (const { address } of addresses) require(address);
      } catch (refused) {
        return callback(refused as NodeJS.ErrnoException, []);
      }
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };

  return { require, requirePlain, requireHost, lookup };
}

/** Host of a URL without the brackets of an IPv6 address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** True if the host is an IP address. Node then never calls `lookup`, so the caller must check the address before it connects. */
export const isLiteralAddress = (host: string): boolean => isIP(host) !== 0;
