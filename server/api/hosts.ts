/**
 * Under which names the admin listener lets itself be called. A page of a stranger's whose name was made to point here (DNS rebinding) is of
 * the same origin in the browser's eyes, so its requests pass every other check; but the browser still sends the stranger's name. An address
 * is nobody's name: it cannot be made to point elsewhere.
 */
import { isIP } from 'node:net';
import { CordonError } from '../../shared/errors.ts';

/** `localhost` and what is below it never leave the machine (RFC 6761, section 6.3). */
const LOCAL = /^(?:[a-z0-9-]+\.)*localhost$/;

/** Throws `forbidden`. `names`: those that are configured, beside `localhost` and addresses. */
export function createHostCheck(names: readonly string[]): (host: string | undefined) => void {
  const own = new Set(names.map((name) => name.toLowerCase()));
  return (host) => {
    // No browser leaves it out; a probe by HTTP/1.0 may.
    if (host === undefined) return;
    const name = nameOf(host);
    if (name !== null && (isIP(name) !== 0 || LOCAL.test(name) || own.has(name))) return;
    throw new CordonError(
      'forbidden',
      `The admin listener does not answer to the name ${JSON.stringify(host.slice(0, 100))}: call it localhost or by its address, or add the name to CORDON_ADMIN_NAMES.`,
    );
  };
}

/** Lower-case, without port, brackets and the root's dot; null for what is no host at all. */
function nameOf(host: string): string | null {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]@/?#\s]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (six ?? name)?.toLowerCase().replace(/\.$/, '') ?? null;
}
