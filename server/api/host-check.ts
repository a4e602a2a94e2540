/**
 * Check of the Host header against DNS rebinding, in which an attacker's host name resolves to this server's address. The browser then
 * treats this server as part of the attacker's site, but the Host header contains the attacker's host name. An IP address in the header is
 * safe, because DNS does not resolve it.
 */
import { isIP } from 'node:net';
import { CordonError } from '../../shared/errors.ts';

/** `localhost` and its subdomains always mean this machine (RFC 6761, section 6.3). */
const LOCAL = /^(?:[a-z0-9-]+\.)*localhost$/;

/**
 * Creates the check. `names`: configured host names. The returned function throws `forbidden` for any other name, except `localhost` and IP
 * addresses.
 */
export function createHostCheck(names: readonly string[]): (host: string | undefined) => void {
  const own = new Set(names.map((name) => name.toLowerCase()));
  return (host) => {
    // A request without a Host header is safe: every browser sends the header, but a health check over HTTP/1.0 may omit it.
    if (host === undefined) return;
    const name = nameOf(host);
    if (name !== null && (isIP(name) !== 0 || LOCAL.test(name) || own.has(name))) return;
    throw new CordonError(
      'forbidden',
      `The admin listener does not accept the host name ${JSON.stringify(host.slice(0, 100))}. Use localhost or the server's IP address, or add the name to CORDON_ADMIN_NAMES.`,
    );
  };
}

/** Host name of a Host header, in lower case, without port, brackets and trailing dot. Null for an invalid header. */
function nameOf(host: string): string | null {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]@/?#\s]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (six ?? name)?.toLowerCase().replace(/\.$/, '') ?? null;
}
