/** Links into the console. Their secret stands behind `#`, which no server log sees. */
import { isIP } from 'node:net';
import type { Config } from './config.ts';

/** An IPv6 address stands in brackets there (RFC 3986, section 3.2.2). */
export const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

/** `port`: the one that the admin listener has, or will have. */
export function consoleLink({ admin, names }: Pick<Config, 'admin' | 'names'>, port: number, fragment: string): string {
  const own = admin.tls ? `https://${inUrl(names[0] ?? 'localhost')}` : `http://${inUrl(admin.bind)}`;
  return `${admin.url ?? `${own}:${port}`}/#${fragment}`;
}
