import type { Authority } from '../../certs/authority.ts';
import { parseCsr, readCsrClaims, spkiOfCertificate } from '../../certs/csr.ts';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { EnrollmentLimits } from './enrollment-limits.ts';
import { type Enrolled, issueCertificate, requestOf } from './issuance.ts';
import type { EnrollmentStore } from './ports.ts';

/** Time after a certificate's expiry during which the device can renew the certificate with its own key. */
const RECOVERY_AFTER_EXPIRY = 7 * 24 * 3_600_000;

export interface RenewalPorts {
  readonly store: Pick<EnrollmentStore, 'renew' | 'certificateOf'>;
  readonly authority: Pick<Authority, 'issue'>;
  readonly limits: Pick<EnrollmentLimits, 'unproven' | 'renewing'>;
  readonly clock: Clock;
  readonly now: () => number;
}

export function createRenewal({ store, authority, limits, clock, now }: RenewalPorts) {
  /** Renews a certificate. Orders never block a renewal, because a suspended device must keep its identity. */
  async function renew(input: {
    identity: { readonly device: DeviceId; readonly generation: number };
    csr: Buffer;
  }): Promise<Enrolled> {
    const { device, generation } = input.identity;
    await limits.renewing(device);
    const request = requestOf(input.csr, device, generation);
    const issued = await issueCertificate(
      { authority, clock, now },
      request,
      device,
      generation,
      (certificate, entry) => store.renew({ device, generation, certificate, issued: entry }),
    );
    if (!issued) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again in the meantime.');
    }
    return { device, generation, certificate: issued.der };
  }

  /**
   * Renews a certificate that has expired, or that begins in the future because the server's clock was ahead. TLS then has no client
   * certificate. The device's own key signs the request, and only the owner of that key can use the response. A repeated request gets the
   * same response.
   */
  async function recover(input: { csr: Buffer; address: string | null }): Promise<Enrolled> {
    // The public keys are compared before the signature is verified, because the comparison is much cheaper.
    const { spki, subjectCommonName } = readCsrClaims(input.csr);
    const device = deviceIdSchema.safeParse(subjectCommonName ?? '');
    const stored = device.success ? await store.certificateOf(device.data, now()) : null;
    if (!device.success || !stored || !spkiOfCertificate(stored.der).equals(spki)) {
      await limits.unproven(input.address);
      throw new CordonError(
        'certificate_unknown',
        'No valid or recently expired certificate has this name and key. Enroll the device again with a new activation link.',
      );
    }
    await provenCsr(input.csr, input.address);
    const { der, generation, notBefore, notAfter } = stored;
    const at = now();
    const expiredFor = at - notAfter;
    if (expiredFor <= 0 && notBefore <= at) return { device: device.data, generation, certificate: der };
    if (expiredFor > RECOVERY_AFTER_EXPIRY) {
      const detail = `The certificate expired at ${new Date(notAfter).toISOString()}, too long ago for a renewal. Enroll the device again with a new activation link.`;
      throw new CordonError('certificate_expired', detail, { device: device.data });
    }
    return renew({ identity: { device: device.data, generation }, csr: input.csr });
  }

  /**
   * Throws unless the signature of the certificate signing request is valid. The public key alone proves nothing, because anyone could have
   * copied it.
   */
  async function provenCsr(csr: Buffer, address: string | null): Promise<void> {
    try {
      parseCsr(csr);
    } catch (error) {
      await limits.unproven(address);
      throw error;
    }
  }

  return { renew, recover };
}
