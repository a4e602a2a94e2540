/**
 * TLS for all connections of the device: version 1.3, hybrid post-quantum group preferred, one pinned root CA, and the device's
 * certificate. Session tickets stay in memory, so that reconnections cost the server little.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { DialPort } from './dial.ts';

export interface TlsIdentity {
  readonly keyPem: string;
  readonly chainPem: string;
}

export interface SecureDialOptions {
  readonly dial: DialPort;
  /**
   * Certificate of the root CA that must have issued the server's certificate; null to accept any certificate. Null is safe only on a
   * connection that carries no secret: to fetch the root CA and check its fingerprint, or to read a refused certificate.
   */
  readonly rootPem: string | null;
  readonly identity: TlsIdentity | null;
}

/** Unverified validity dates of a server certificate that TLS did not accept. The dates serve only as text for the user. */
export interface RefusedCertificate {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * The failed TLS connection does not expose the server's certificate. The agent therefore opens a second connection, over which it sends no
 * data.
 */
export async function readRefusedCertificate(
  dial: DialPort,
  target: { readonly host: string; readonly port: number },
): Promise<RefusedCertificate | null> {
  try {
    const socket = await secureDial({ dial, rootPem: null, identity: null })(target);
    const certificate = socket.getPeerX509Certificate();
    socket.destroy();
    if (!certificate) return null;
    return { notBefore: Date.parse(certificate.validFrom), notAfter: Date.parse(certificate.validTo) };
  } catch {
    // The user should see why the first connection failed, so a failure of this second connection is ignored.
    return null;
  }
}

/**
 * OpenSSL checks certificates against the machine's wall clock, which may be wrong. The error text therefore names the wall clock as a
 * possible cause.
 */
function withClockHint(error: Error): Error {
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
  // The agent sends only its own certificate. The server has the CA certificates, and would keep another copy for each connection.
  const own = identity && { key: identity.keyPem, cert: new X509Certificate(identity.chainPem).toString() };
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
        ...own,
        ...(ticket ? { session: ticket } : {}),
      });
      const fail = (error: Error) => {
        // The session ticket may have caused the failed handshake, so the agent does not use this ticket again.
        tickets.delete(place);
        secure.destroy();
        reject(withClockHint(error));
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
