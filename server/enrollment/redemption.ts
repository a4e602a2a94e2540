/** Redemption of activation codes: a machine becomes a device, or a device enrolls again. */
import type { Authority } from '../../certs/authority.ts';
import { type CertificateRequest, spkiOfCertificate } from '../../certs/csr.ts';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { isSecret } from './code-secret.ts';
import type { EnrollmentLimits } from './enrollment-limits.ts';
import { type Enrolled, issueCertificate, requestOf } from './issuance.ts';
import { appealAdvice } from './newcomer-gate.ts';
import type { CodeStore, EnrollmentStore, Personalia, RedeemableCode, StoredCode, Surroundings } from './ports.ts';

/** Revocation reason `superseded` (RFC 5280, section 5.3.1). */
const SUPERSEDED = 4;
export interface RedemptionPorts {
  readonly codes: Pick<CodeStore, 'redeemable'>;
  readonly store: Pick<EnrollmentStore, 'redeem' | 'certificateOf' | 'personalia'>;
  readonly authority: Pick<Authority, 'issue'>;
  readonly surroundings: Surroundings;
  readonly limits: Pick<EnrollmentLimits, 'unproven' | 'redeeming'>;
  readonly clock: Clock;
  readonly now: () => number;
  readonly bus: Bus;
  readonly appeal: string;
}

export function createRedemption(ports: RedemptionPorts) {
  const { codes, store, authority, surroundings, limits, clock, now, bus, appeal } = ports;

  /**
   * Redeems an activation code. A repeated request with the same code and key returns the same certificate, so that a lost response does no
   * harm.
   */
  async function redeem(input: { id: string; secret: string; csr: Buffer; address: string | null }): Promise<Enrolled> {
    const found = await knownCode(input.id, input.secret);
    if (!found) {
      await limits.unproven(input.address);
      throw new CordonError(
        'code_unknown',
        'There is no such activation code. Check the code, or ask your admin for a new one.',
      );
    }
    const { code, personalia } = found;
    await limits.redeeming(code.id);
    requireOpen(code, now());
    const request = requestOf(input.csr, code.id);
    if (code.usedAt !== null) return repeated(code.id, request);
    await requireGate(personalia, input.address);

    const generation = (found.generation ?? 0) + 1;
    const record = generation === 1 ? surroundings.firstRecord(code.id, personalia) : null;
    const issuedCertificate = await issueCertificate(
      { authority, clock, now },
      request,
      code.id,
      generation,
      (certificate, issued) =>
        store.redeem({
          id: code.id,
          secretHash: code.secretHash,
          at: now(),
          enrolledAt: clock.now(),
          generation,
          certificate,
          record,
          issued,
          revoked: (serial) => ({
            kind: 'certificate.revoked',
            at: clock.now(),
            subject: code.id,
            public: { serial, reason: SUPERSEDED },
          }),
        }),
    );
    if (!issuedCertificate) return repeated(code.id, request);
    if (record === null) {
      // The notification closes the connections of the device's earlier enrollment. The device then gets a new device record.
      bus.publish({ kind: 'ended', device: code.id });
      await surroundings.deviceChanged(code.id);
    } else if (!isSame(personalia, await store.personalia(code.id))) {
      // The device's group or a legal hold changed after the server had read the code, so the first record is outdated.
      await surroundings.deviceChanged(code.id);
    }
    bus.publish({ kind: 'devices' });
    return { device: code.id, generation, certificate: issuedCertificate.der };
  }

  /** Finds an activation code. Returns null for an unknown code and for a wrong secret. Both cases take the same time. */
  async function knownCode(id: string, secret: string): Promise<RedeemableCode | null> {
    const device = deviceIdSchema.safeParse(id);
    const found = device.success ? await codes.redeemable(device.data) : null;
    return isSecret(secret, found?.code.secretHash ?? null) ? found : null;
  }

  async function requireGate({ home, seat }: Personalia, address: string | null): Promise<void> {
    const areas = address === null ? [] : await surroundings.areasOfAddress(address);
    const verdict = await surroundings.gate({ areas, home, seat });
    if (verdict.allowed) return;
    const orders = verdict.denials.map(({ order, reasons }) => `${order} (${reasons.join(', ')})`).join(', ');
    throw new CordonError(
      'enrollment_denied',
      `Enrollment is denied by order ${orders}. The activation code stays valid until it expires. ${appealAdvice(verdict.denials, surroundings.appealOf, appeal)}`,
      { orders: verdict.denials.map(({ order }) => order), denials: verdict.denials },
    );
  }

  /** Response to a repeated request with a used code. Throws `code_used` if the request has another key than the first request. */
  async function repeated(device: DeviceId, request: CertificateRequest): Promise<Enrolled> {
    const certificate = await store.certificateOf(device, now());
    if (!certificate || !spkiOfCertificate(certificate.der).equals(request.spki)) {
      throw new CordonError('code_used', 'This activation code was used before. Ask your admin for a new one.');
    }
    // Repeats the work that follows an enrollment, because the first request may have stopped before this work.
    await surroundings.deviceChanged(device);
    return { device, generation: certificate.generation, certificate: certificate.der };
  }

  return { redeem };
}

const isSame = (one: Personalia, other: Personalia | null): boolean =>
  other !== null &&
  one.home === other.home &&
  one.seat === other.seat &&
  one.group.name === other.group.name &&
  one.group.mailPrograms === other.group.mailPrograms &&
  one.underLegalHold === other.underLegalHold;

function requireOpen(code: StoredCode, now: number): void {
  if (code.canceledAt !== null) {
    throw new CordonError('code_expired', 'This activation code was canceled. Ask your admin for a new one.');
  }
  if (code.expiresAt > now) return;
  if (code.usedAt !== null) {
    throw new CordonError('code_used', 'This activation code was used before. Ask your admin for a new one.');
  }
  throw new CordonError(
    'code_expired',
    `This activation code expired at ${new Date(code.expiresAt).toISOString()}. Ask your admin for a new one.`,
  );
}
