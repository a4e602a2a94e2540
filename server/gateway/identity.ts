/** Who is at the other end of a connection: its certificate, looked up in the store each time, also when a ticket resumed the session. */

import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CordonError } from '../../shared/errors.ts';
import type { Identity } from '../devices/identify.ts';
import type { DevicesPort } from './ports.ts';

/** SHA-256 of the peer's certificate, lower-case hex. Throws `certificate_unknown` without one. */
export function fingerprintOf(socket: Duplex): string {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (!certificate)
    throw new CordonError('certificate_unknown', 'The connection has no certificate of this installation.');
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

export function identify(devices: Pick<DevicesPort, 'identify'>, socket: Duplex): Promise<Identity> {
  return devices.identify(fingerprintOf(socket), Date.now());
}
