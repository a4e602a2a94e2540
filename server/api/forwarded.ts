/**
 * The client behind a reverse proxy: address and protocol. The headers `X-Forwarded-For` and `X-Forwarded-Proto` count only when the
 * connection comes from a configured proxy. Anybody else can write anything into them. The header `Forwarded` (RFC 7239) is never read:
 * a proxy that sets only one of the two kinds passes the other kind on as the client wrote it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';

/** A chain of this many proxies is a mistake or an attack. */
const MOST_HOPS = 16;

export interface Client {
  /** Canonical; empty when the connection has ended already. */
  readonly address: string;
  /** The client itself spoke HTTPS, to the listener or to the proxy. */
  readonly secure: boolean;
}

interface Connection {
  readonly remoteAddress: string | undefined;
  /** The listener itself speaks HTTPS. */
  readonly encrypted: boolean;
}

export type ClientOf = (connection: Connection, headers: IncomingHttpHeaders) => Client;

/** `proxies`: addresses and CIDR ranges. */
export function createClientOf(proxies: readonly string[]): ClientOf {
  const trusted = parseAddressRanges(proxies);
  return ({ remoteAddress, encrypted }, headers) => {
    const peer = canonicalAddress(remoteAddress ?? '') ?? '';
    if (!inRanges(trusted, peer)) return { address: peer, secure: encrypted };
    return { address: firstUntrusted(peer, headers['x-forwarded-for']), secure: secureOf(headers, encrypted) };

    /** Each proxy appends the address that it saw, so the list is read from its end. */
    function firstUntrusted(nearest: string, header: string | string[] | undefined): string {
      let address = nearest;
      const hops = String(header ?? '').split(',');
      for (const hop of hops.slice(-MOST_HOPS).reverse()) {
        const said = hopAddress(hop);
        // Whatever stands before an entry that is no address was written by nobody whom we know.
        if (said === null) return address;
        address = said;
        if (!inRanges(trusted, said)) return said;
      }
      return address;
    }
  };
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; null for anything else. */
function hopAddress(hop: string): string | null {
  const text = hop.trim();
  const [, six, four] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/i.exec(text) ?? [];
  return canonicalAddress(six ?? four ?? text);
}

/** The last entry is the nearest proxy's. Without the header, the protocol of the connection counts. */
function secureOf(headers: IncomingHttpHeaders, encrypted: boolean): boolean {
  const last = String(headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
    .toLowerCase();
  return last === '' ? encrypted : last === 'https';
}
