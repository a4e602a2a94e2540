/** The secret of a link is after `#`, so no server log contains it. */
import { isIP } from 'node:net';
import type { Config } from './config.ts';

/** A URL contains an IPv6 address in brackets (RFC 3986, section 3.2.2). */
export const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

export function consoleLink({ admin, names }: Pick<Config, 'admin' | 'names'>, port: number, fragment: string): string {
  const own = admin.tls ? `https://${inUrl(names[0] ?? 'localhost')}` : `http://${inUrl(admin.bind)}`;
  return `${admin.url ?? `${own}:${port}`}/#${fragment}`;
}
