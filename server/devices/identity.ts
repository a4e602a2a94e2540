/**
 * Checks whether a device's certificate is valid now. The functions are pure: the certificate's row from the store and the time are
 * arguments.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { CertificateRow } from './ports.ts';

export interface Identity {
  readonly device: DeviceId;
  readonly generation: number;
  readonly certificate: CertificateRow;
}

const MEND = 'Enroll the device again with a new activation link.';

/**
 * Identity that a certificate proves. Throws `certificate_unknown` if this server did not issue the certificate, and another error if the
 * certificate is no longer valid. `now`: system time.
 */
export function identityOf(certificate: CertificateRow | null, now: number): Identity {
  if (!certificate) {
    throw new CordonError('certificate_unknown', `This server has not issued that certificate. ${MEND}`);
  }
  const { serial, device, generation, deviceStatus, deviceGeneration } = certificate;
  const context = { serial, device };
  if (certificate.profile !== 'device') {
    const detail = `A certificate for ${certificate.profile} cannot open a connection. Use the device's own certificate.`;
    throw new CordonError('certificate_wrong_profile', detail, context);
  }
  if (device === null || generation === null || deviceStatus === null || deviceGeneration === null) {
    throw new CordonError('certificate_unknown', `The certificate belongs to no device. ${MEND}`, context);
  }
  if (certificate.revokedAt !== null || deviceStatus !== 'active') {
    throw new CordonError('certificate_revoked', `The certificate was revoked. ${MEND}`, context);
  }
  if (generation !== deviceGeneration) {
    const detail = 'The device has enrolled again since. Use the certificate of the newest enrollment.';
    throw new CordonError('certificate_superseded', detail, context);
  }
  if (certificate.supersededAt !== null) {
    const detail = 'The device has used a renewed certificate since. Use the renewed certificate.';
    throw new CordonError('certificate_superseded', detail, context);
  }
  if (now < certificate.notBefore) {
    const detail = `The certificate is not valid before ${new Date(certificate.notBefore).toISOString()}. Check the clocks of both machines.`;
    throw new CordonError('certificate_expired', detail, context);
  }
  if (now > certificate.notAfter) {
    const detail = `The certificate expired at ${new Date(certificate.notAfter).toISOString()}. ${MEND}`;
    throw new CordonError('certificate_expired', detail, context);
  }
  return { device, generation, certificate };
}
