/**
 * TLS as every connection of a device makes it: 1.3 only, the hybrid post-quantum group first, one pinned root and no other,
 * the device's certificate when it has one. Session tickets are kept in memory, so that a reconnect costs the server little.
 */

import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { DialPort } from './dial.ts';

export interface TlsIdentity {
  readonly keyPem: string;
  readonly chainPem: string;
}

export interface SecureDialOptions {
  readonly dial: DialPort;
  /** Null for the one request that fetches the CA to compare its fingerprint; nothing secret goes over that connection. */
  readonly rootPem: string | null;
  readonly identity: TlsIdentity | null;
}

/** OpenSSL goes by the wall clock of the machine, which may be years off: whoever reads it is told so, and nothing else is taken for the server. */
function aboutTheClock(error: Error): Error {
  const code = 'code' in error ? String(error.code) : '';
  if (code !== 'CERT_NOT_YET_VALID' && code !== 'CERT_HAS_EXPIRED') return error;
  const shows = new Date().toISOString().slice(0, 10);
  const words = `${error.message} on ${shows}, which this machine’s clock shows: is it right?`;
  return Object.assign(new Error(words, { cause: error }), { code });
}

export type SecureDial = (target: { host: string; port: number }) => Promise<TLSSocket>;

const HANDSHAKE_WITHIN = 20_000;
const GROUPS = 'X25519MLKEM768:X25519:P-256';

export function secureDial({ dial, rootPem, identity }: SecureDialOptions): SecureDial {
  const tickets = new Map<string, Buffer>();
  return async ({ host, port }) => {
    const socket = await dial({ host, port });
    const place = `${host}:${port}`;
    const ticket = tickets.get(place);
    return new Promise((resolve, reject) => {
      const secure = connect({
        socket,
        host,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        minVersion: 'TLSv1.3',
        ecdhCurve: GROUPS,
        ...(rootPem === null ? { rejectUnauthorized: false } : { ca: rootPem }),
        ...(identity ? { key: identity.keyPem, cert: identity.chainPem } : {}),
        ...(ticket ? { session: ticket } : {}),
      });
      const fail = (error: Error) => {
        // A ticket that led nowhere is not tried twice.
        tickets.delete(place);
        secure.destroy();
        reject(aboutTheClock(error));
      };
      const deadline = setTimeout(
        () => fail(new Error(`no TLS handshake with ${place} in ${HANDSHAKE_WITHIN} ms`)),
        HANDSHAKE_WITHIN,
      );
      secure.on('session', (session: Buffer) => tickets.set(place, session));
      secure.once('error', fail);
      secure.once('close', () => clearTimeout(deadline));
      secure.once('secureConnect', () => {
        clearTimeout(deadline);
        secure.removeListener('error', fail);
        resolve(secure);
      });
    });
  };
}
