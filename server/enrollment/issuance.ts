import type { Authority, Issued } from '../../certs/authority.ts';
import { type CertificateRequest, parseCsr } from '../../certs/csr.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { refusedByHold } from '../holds/holds.ts';
import type { NewCertificate, Recorded } from './ports.ts';

/** Maximum attempts to find an unused serial number. Two equal numbers of 126 random bits would show that the random source is broken. */
const SERIAL_ATTEMPTS = 3;

export interface Enrolled {
  readonly device: DeviceId;
  readonly generation: number;
  readonly certificate: Buffer;
}

export interface IssuancePorts {
  readonly authority: Pick<Authority, 'issue'>;
  readonly clock: Clock;
  readonly now: () => number;
}

/**
 * Issues and stores a device certificate. Returns null if the device or its activation code changed in the meantime. Throws `legal_hold` if
 * a legal hold protects the data of the device's current enrollment.
 */
export async function issueCertificate(
  { authority, clock, now }: IssuancePorts,
  request: CertificateRequest,
  device: DeviceId,
  generation: number,
  record: (certificate: NewCertificate, entry: EntryDraft<'certificate.issued'>) => Promise<Recorded>,
): Promise<Issued | null> {
  for (let attempt = 0; attempt < SERIAL_ATTEMPTS; attempt++) {
    const uris = [deviceUri(device, generation)];
    const issued = authority.issue({ profile: 'device', spki: request.spki, commonName: device, uris });
    const entry = {
      kind: 'certificate.issued',
      at: clock.now(),
      subject: device,
      public: particulars(issued),
    } as const;
    const outcome = await record(asRow(issued, now()), entry);
    if (outcome === 'legal_hold') throw refusedByHold(device);
    if (outcome !== 'serial_taken') return outcome === 'recorded' ? issued : null;
  }
  throw new CordonError(
    'internal',
    'Serial numbers repeat, so the random source of this machine is broken. Repair it before you issue certificates.',
  );
}

export const deviceUri = (device: DeviceId, generation: number): string => `urn:cordon:device:${device}:${generation}`;

export const asRow = (
  { serial, profile, fingerprint, der, notBefore, notAfter }: Issued,
  issuedAt: number,
): NewCertificate => ({
  serial,
  profile,
  fingerprint,
  der,
  notBefore,
  notAfter,
  issuedAt,
});

export const particulars = ({ serial, profile, fingerprint, notAfter }: Issued) => ({
  serial,
  profile,
  fingerprint,
  notAfter,
});

/** A renewal request names the certificate that it renews (RFC 7030, section 4.2.2). A first request may omit the name. */
export function requestOf(csr: Buffer, device: DeviceId, renews?: number): CertificateRequest {
  const request = parseCsr(csr);
  const { subjectCommonName: name, uris } = request;
  const isNamed = name === device || (name === null && renews === undefined);
  const uri = renews === undefined ? null : deviceUri(device, renews);
  if (isNamed && uris.every((each) => each === uri)) return request;
  throw new CordonError(
    'csr_wrong_subject',
    `The certificate signing request must have the common name ${device} and no other name. Create it again.`,
  );
}
