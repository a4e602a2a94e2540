/**
 * Address and protocol of a client behind a reverse proxy. The server uses the headers `X-Forwarded-For` and `X-Forwarded-Proto` only on
 * connections from a configured proxy, because any other client can forge them. The server always ignores the header `Forwarded` (RFC
 * 7239): a proxy that sets one kind of header passes the other kind on unchanged.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';

/** Maximum number of proxies in a chain. A longer chain is a mistake or an attack. */
const MOST_HOPS = 16;

export interface Client {
  /** Canonical address of the client; empty if the connection has already ended. */
  readonly address: string;
  /** True if the client itself used HTTPS, to the listener or to the proxy. */
  readonly secure: boolean;
}

interface Connection {
  readonly remoteAddress: string | undefined;
  /** True if the listener itself uses HTTPS. */
  readonly encrypted: boolean;
}

export type ClientOf = (connection: Connection, headers: IncomingHttpHeaders) => Client;

/** Returns a function that finds the client of a request. `proxies`: addresses and CIDR ranges. */
export function createClientOf(proxies: readonly string[]): ClientOf {
  const trusted = parseAddressRanges(proxies);
  return ({ remoteAddress, encrypted }, headers) => {
    const peer = canonicalAddress(remoteAddress ?? '') ?? '';
    if (!inRanges(trusted, peer)) return { address: peer, secure: encrypted };
    return { address: firstUntrusted(peer, headers['x-forwarded-for']), secure: secureOf(headers, encrypted) };

    /**
     * Client's address from `X-Forwarded-For`. Each proxy appends the address of its client, so the function reads the header from its end.
     */
    function firstUntrusted(nearest: string, header: string | string[] | undefined): string {
      let address = nearest;
      const hops = String(header ?? '').split(',');
      for (const hop of hops.slice(-MOST_HOPS).reverse()) {
        const hopIp = hopAddress(hop);
        // A trusted proxy writes no invalid entry. Entries before an invalid entry may therefore be forged.
        if (hopIp === null) return address;
        address = hopIp;
        if (!inRanges(trusted, hopIp)) return hopIp;
      }
      return address;
    }
  };
}

/** Address in one entry: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`. Null for other text. */
function hopAddress(hop: string): string | null {
  const text = hop.trim();
  const [, six, four] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/i.exec(text) ?? [];
  return canonicalAddress(six ?? four ?? text);
}

/** True if the client used HTTPS. The nearest proxy wrote the last entry. Without the header, the connection's own protocol decides. */
function secureOf(headers: IncomingHttpHeaders, encrypted: boolean): boolean {
  const last = String(headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
    .toLowerCase();
  return last === '' ? encrypted : last === 'https';
}
