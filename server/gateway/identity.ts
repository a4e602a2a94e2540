/**
 * Identity of the device behind a connection. The server looks up the client certificate in the store at every use, even for resumed TLS
 * sessions.
 */

import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Identity } from '../devices/identity.ts';
import type { DevicesPort, RecoveryPort } from './ports.ts';

/** Certificate of the peer. Throws `certificate_unknown` if the peer has none, or if another authority issued it. */
function certificateOf(socket: Duplex): X509Certificate {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate) return certificate;
  throw new CordonError('certificate_unknown', 'The connection has no certificate of this installation.');
}

/** SHA-256 of the peer's certificate in lower-case hex. Throws `certificate_unknown` without a certificate. */
export const fingerprintOf = (socket: Duplex): string =>
  certificateOf(socket).fingerprint256.replaceAll(':', '').toLowerCase();

/** DER encoding of the peer's certificate in base64. */
export const derOf = (socket: Duplex): string => certificateOf(socket).raw.toString('base64');

export async function identify(
  devices: Pick<DevicesPort, 'identify'>,
  socket: Duplex,
  recovery: Pick<RecoveryPort, 'acceptReturningDevice'>,
): Promise<Identity> {
  const fingerprint = fingerprintOf(socket);
  try {
    return await devices.identify(fingerprint, Date.now());
  } catch (error) {
    if (
      !isCordonError(error, 'certificate_unknown') ||
      !(await recovery.acceptReturningDevice(certificateOf(socket).raw))
    ) {
      throw error;
    }
    return await devices.identify(fingerprint, Date.now());
  }
}

/**
 * Identifies the device on a listener that does not require client certificates. Returns null if the peer has no valid certificate of this
 * installation.
 */
export async function identifyIfPresented(
  devices: Pick<DevicesPort, 'identify'>,
  socket: Duplex,
  recovery: Pick<RecoveryPort, 'acceptReturningDevice'>,
): Promise<Identity | null> {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  return await identify(devices, socket, recovery);
}
