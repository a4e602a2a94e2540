/**
 * Check of the Host header, against DNS rebinding. An attacker's host name may resolve to this server. For the browser, the attacker's page
 * then has the same origin, so its requests pass all other checks. But the browser sends the attacker's host name in the Host header. An IP
 * address is safe, because DNS does not resolve it.
 */
import { isIP } from 'node:net';
import { CordonError } from '../../shared/errors.ts';

/** `localhost` and its subdomains always mean the own machine (RFC 6761, section 6.3). */
const LOCAL = /^(?:[a-z0-9-]+\.)*localhost$/;

/**
 * Returns a check that throws `forbidden` for unknown host names. `names`: configured host names. `localhost` and IP addresses are always
 * accepted.
 */
export function createHostCheck(names: readonly string[]): (host: string | undefined) => void {
  const own = new Set(names.map((name) => name.toLowerCase()));
  return (host) => {
    // Every browser sends the Host header; an HTTP/1.0 health check may omit it.
    if (host === undefined) return;
    const name = nameOf(host);
    if (name !== null && (isIP(name) !== 0 || LOCAL.test(name) || own.has(name))) return;
    throw new CordonError(
      'forbidden',
      `The admin listener does not accept the host name ${JSON.stringify(host.slice(0, 100))}. Use localhost or the server's IP address, or add the name to CORDON_ADMIN_NAMES.`,
    );
  };
}

/** Host in lower case, without port, brackets and trailing dot. Null for an invalid host. */
function nameOf(host: string): string | null {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]@/?#\s]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (six ?? name)?.toLowerCase().replace(/\.$/, '') ?? null;
}
