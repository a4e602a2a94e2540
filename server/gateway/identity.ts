/** Who is at the other end of a connection: its certificate, looked up in the store each time, also when a ticket resumed the session. */

import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Identity } from '../devices/identify.ts';
import type { DevicesPort, RestorationPort } from './ports.ts';

/** Throws `certificate_unknown` without one that leads to our root. */
function certificateOf(socket: Duplex): X509Certificate {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate) return certificate;
  throw new CordonError('certificate_unknown', 'The connection has no certificate of this installation.');
}

/** SHA-256 of the peer's certificate, lower-case hex. Throws `certificate_unknown` without one. */
export const fingerprintOf = (socket: Duplex): string =>
  certificateOf(socket).fingerprint256.replaceAll(':', '').toLowerCase();

export async function identify(
  devices: Pick<DevicesPort, 'identify'>,
  socket: Duplex,
  restoration: Pick<RestorationPort, 'returning'>,
): Promise<Identity> {
  const fingerprint = fingerprintOf(socket);
  try {
    return await devices.identify(fingerprint, Date.now());
  } catch (error) {
    if (!isCordonError(error, 'certificate_unknown') || !(await restoration.returning(certificateOf(socket).raw))) {
      throw error;
    }
    return await devices.identify(fingerprint, Date.now());
  }
}
