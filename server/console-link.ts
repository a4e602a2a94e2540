/** The secret of a link is after `#`, so no server log contains it. */
import { isIP } from 'node:net';
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
