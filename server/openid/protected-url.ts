import { isLoopback } from '../config-values.ts';

/** True if nobody on a network can read or change a request to the URL: it uses HTTPS, or stays on this machine. */
export const isProtected = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')));

/** Throws for an address in the provider's metadata that is not protected. */
export function requireProtected(text: string): void {
  const url = new URL(text);
  if (isProtected(url)) return;
  throw new Error(`the provider's metadata names an address without encryption: ${url.protocol}//${url.host}`);
}
