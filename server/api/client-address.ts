/**
 * Address and protocol of a client behind a reverse proxy. The server uses `X-Forwarded-For` and `X-Forwarded-Proto` only on connections
 * from a configured proxy, because any other client can forge them. The server ignores `Forwarded` (RFC 7239), because many proxies pass on
 * a client's own `Forwarded` header unchanged.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { canonicalAddress } from '../../shared/areas/special-addresses.ts';

/** Maximum number of proxies between client and server. More proxies indicate a mistake or an attack. */
const MOST_HOPS = 16;

export interface Client {
  /** Canonical IP address of the client; empty if the connection has already ended. */
  readonly address: string;
  /**
   * True if the client used HTTPS. If the client connects through a proxy, the value describes the connection between the client and the
   * proxy.
   */
  readonly secure: boolean;
}

interface Connection {
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
}

export type ClientOf = (connection: Connection, headers: IncomingHttpHeaders) => Client;

export function createClientOf(proxies: readonly string[]): ClientOf {
  const trusted = parseAddressRanges(proxies);
  return ({ remoteAddress, encrypted }, headers) => {
    const peer = canonicalAddress(remoteAddress ?? '') ?? '';
    if (!inRanges(trusted, peer)) return { address: peer, secure: encrypted };
    return { address: firstUntrusted(peer, headers['x-forwarded-for']), secure: secureOf(headers, encrypted) };

    /**
     * Client's address according to `X-Forwarded-For`. Each proxy appends its client's address, so the function reads from the end and
     * skips trusted proxies.
     */
    function firstUntrusted(nearest: string, header: string | string[] | undefined): string {
      let address = nearest;
      const hops = String(header ?? '').split(',');
      for (const hop of hops.slice(-MOST_HOPS).reverse()) {
        const hopIp = hopAddress(hop);
        // A trusted proxy never writes an invalid entry, so the entries before an invalid one may be forged.
        if (hopIp === null) return address;
        address = hopIp;
        if (!inRanges(trusted, hopIp)) return hopIp;
      }
      return address;
    }
  };
}

/** Address in an entry such as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`. Null for an invalid entry. */
function hopAddress(hop: string): string | null {
  const text = hop.trim();
  const [, six, four] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/i.exec(text) ?? [];
  return canonicalAddress(six ?? four ?? text);
}

/**
 * True if the client used HTTPS, according to the last entry of `X-Forwarded-Proto`, which the nearest proxy wrote. Without this header,
 * the proxy's own connection determines the result.
 */
function secureOf(headers: IncomingHttpHeaders, encrypted: boolean): boolean {
  const last = String(headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
    .toLowerCase();
  return last === '' ? encrypted : last === 'https';
}
