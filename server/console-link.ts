/** Addresses of the console: links, and the site for which passkeys work. */
import { isIP } from 'node:net';
import { rpIdSchema } from '../shared/order/documents.ts';
import type { Config } from './config.ts';

/** A URL contains an IPv6 address in brackets (RFC 3986, section 3.2.2). */
export const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

type Site = Pick<Config, 'admin' | 'names'>;

/** Origin of the console. `port`: the bound port of the admin listener. */
export function consoleOrigin({ admin, names }: Site, port: number): string {
  const own = admin.tls ? `https://${inUrl(names[0] ?? 'localhost')}` : `http://${inUrl(admin.bind)}`;
  return admin.url ?? `${own}:${port}`;
}

export const consoleLink = (site: Site, port: number, fragment: string): string =>
  `${consoleOrigin(site, port)}/#${fragment}`;

/**
 * Site for which passkeys work: relying party id, and origin of the console. Null if the console has no host name, because browsers allow
 * no passkeys for an IP address. On loopback without TLS, the host name is `localhost`.
 */
export function passkeySite(
  { admin, names }: Pick<Config, 'admin' | 'names'>,
  port: () => number,
): { readonly rpId: string; readonly origin: () => string } | null {
  if (admin.url !== null) {
    const { hostname, origin } = new URL(admin.url);
    return rpIdSchema.safeParse(hostname).success ? { rpId: hostname, origin: () => origin } : null;
  }
  if (admin.tls === null) return { rpId: 'localhost', origin: () => `http://localhost:${port()}` };
  const rpId = (names[0] ?? 'localhost').toLowerCase();
  return rpIdSchema.safeParse(rpId).success ? { rpId, origin: () => `https://${rpId}:${port()}` } : null;
}
