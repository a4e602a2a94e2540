/**
 * Enrollment: an admin creates an activation code, the device redeems it with a certificate signing request, and then renews its
 * certificate. Codes and certificates use real time; devices and the ledger use the clock. HTTP is in `server/public/est.ts`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authority, Issued } from '../../certs/authority.ts';
import { type CertificateRequest, parseCsr, readCsrClaims, spkiOfCertificate } from '../../certs/csr.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { formatActivationLink } from '../../shared/protocol/activation-link.ts';
import {
  type DeviceId,
  deviceIdSchema,
  type GroupId,
  newDeviceId,
  type PersonId,
  randomBase32,
} from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { refusedByHold } from '../holds/holds.ts';
import { type CodePage, type CodeView, type ListCodes, pageOfCodes, viewOf } from './code-pages.ts';
import { createEnrollmentLimits } from './enrollment-limits.ts';
import { whomToTurnTo } from './newcomer-gate.ts';
import type { EnrollmentStore, NewCertificate, Recorded, RedeemableCode, StoredCode, Surroundings } from './ports.ts';

const HOUR = 3_600_000;
const DEFAULT_HOURS = 7 * 24;
const MAX_HOURS = 30 * 24;
/** Revocation reason `superseded` (RFC 5280, section 5.3.1). */
const SUPERSEDED = 4;
/** Attempts to find an unused serial number. Two equal 126-bit serial numbers prove a broken random source. */
const SERIAL_ATTEMPTS = 3;

/** Time after a certificate's expiry during which the device can renew the certificate with its own key. */
const RECOVERY_AFTER_EXPIRY = 7 * 24 * HOUR;

export interface CreateCode {
  readonly person: PersonId;
  readonly group: GroupId;
  /** Home area from the code. Null for the group's home area, or for the present one of a device that enrolls again. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly by: string;
  readonly expiresInHours?: number;
  /** Existing device that enrolls again, in its next generation. The device's group must be `group`. */
  readonly device?: DeviceId | null;
}

export interface Enrolled {
  readonly device: DeviceId;
  readonly generation: number;
  /** Issued certificate, DER. */
  readonly certificate: Buffer;
}

export interface EnrollmentPorts {
  readonly store: EnrollmentStore;
  readonly authority: Pick<Authority, 'issue' | 'fingerprint' | 'own'>;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly bus: Bus;
  /** Public addresses of this installation: `https://HOST:8444` and `wss://HOST:8443`. */
  readonly addresses: () => { readonly publicUrl: string; readonly deviceUrl: string };
  /** Contact for an appeal when the order names no contact. */
  readonly appeal: string;
}

export type Enrollment = ReturnType<typeof createEnrollment>;

export function createEnrollment({ store, authority, surroundings, clock, bus, addresses, appeal }: EnrollmentPorts) {
  const limits = createEnrollmentLimits();

  /** Creates a code. Only this function returns the activation link with the secret. */
  async function createCode(wanted: CreateCode): Promise<{ id: DeviceId; link: string; expiresAt: number }> {
    const hours = wanted.expiresInHours ?? DEFAULT_HOURS;
    if (!(hours > 0 && hours <= MAX_HOURS)) {
      throw new CordonError('invalid_input', `An activation code must expire after at most ${MAX_HOURS} hours.`, {
        field: 'expiresInHours',
      });
    }
    const id = wanted.device ?? newDeviceId();
    const secret = randomBase32(16);
    const createdAt = Date.now();
    const { person, group, home, seat, by } = wanted;
    const expiresAt = createdAt + hours * HOUR;
    const code = { id, secretHash: hashOf(secret), person, group, home, seat, by, createdAt, expiresAt };
    await (wanted.device ? store.reopenCode(code) : store.addCode(code));
    bus.publish({ kind: 'devices' });
    const link = formatActivationLink({ ...addresses(), fingerprint: authority.fingerprint, code: { id, secret } });
    return { id, link, expiresAt };
  }

  const listCodes = (wanted: ListCodes): Promise<CodePage> => pageOfCodes(store, wanted, Date.now());

  /** Latest activation code of a device. Throws `not_found`. */
  async function getCode(id: DeviceId): Promise<CodeView> {
    const found = await store.redeemable(id);
    if (!found)
      throw new CordonError('not_found', `There is no activation code ${id}. List the codes with GET /codes.`);
    return viewOf(found.code, Date.now());
  }

  async function cancelCode(id: DeviceId): Promise<void> {
    if (!(await store.cancelCode(id, Date.now()))) {
      throw new CordonError('not_found', 'There is no such open activation code. It was used or canceled before.', {
        code: id,
      });
    }
    bus.publish({ kind: 'devices' });
  }

  /**
   * Redeems an activation code with a certificate signing request. A repeated request with the same code and key returns the same
   * certificate, so that a lost response does no harm.
   */
  async function redeem(asked: { id: string; secret: string; csr: Buffer; address: string | null }): Promise<Enrolled> {
    const found = await knownCode(asked.id, asked.secret);
    if (!found) {
      await limits.unproven(asked.address);
      throw new CordonError(
        'code_unknown',
        'There is no such activation code. Check the code, or ask your admin for a new one.',
      );
    }
    const { code } = found;
    await limits.redeeming(code.id);
    requireOpen(code);
    const request = requestOf(asked.csr, code.id);
    if (code.usedAt !== null) return answerAgain(code.id, request);
    await requireGate(found, asked.address);

    const generation = (found.generation ?? 0) + 1;
    const outcome = await recorded(request, code.id, generation, (certificate, issued) =>
      store.redeem({
        id: code.id,
        secretHash: code.secretHash,
        at: Date.now(),
        enrolledAt: clock.now(),
        generation,
        certificate,
        issued,
        revoked: (serial) => ({
          kind: 'certificate.revoked',
          at: clock.now(),
          subject: code.id,
          public: { serial, reason: SUPERSEDED },
        }),
      }),
    );
    if (!outcome) return answerAgain(code.id, request);
    // Closes the connections of the device's earlier generation, and issues a new device record.
    if (generation > 1) bus.publish({ kind: 'ended', device: code.id });
    await surroundings.deviceChanged(code.id);
    bus.publish({ kind: 'devices' });
    return { device: code.id, generation, certificate: outcome.der };
  }

  /** No order blocks a renewal: a suspended device must keep its identity. */
  async function renew(asked: {
    identity: { readonly device: DeviceId; readonly generation: number };
    csr: Buffer;
  }): Promise<Enrolled> {
    const { device, generation } = asked.identity;
    await limits.renewing(device);
    const request = requestOf(asked.csr, device, generation);
    const issued = await recorded(request, device, generation, (certificate, entry) =>
      store.renew({ device, generation, certificate, issued: entry }),
    );
    if (!issued) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again in the meantime.');
    }
    return { device, generation, certificate: issued.der };
  }

  /**
   * Renews a certificate after its expiry, without a client certificate in TLS. The device's own key signs the request, and only the owner
   * of that key can use the response. A repeated request gets the same response.
   */
  async function recover(asked: { csr: Buffer; address: string | null }): Promise<Enrolled> {
    // Compares the public keys first, because a comparison is much cheaper than a signature check.
    const { spki, subjectCommonName } = readCsrClaims(asked.csr);
    const device = deviceIdSchema.safeParse(subjectCommonName ?? '');
    const held = device.success ? await store.certificateOf(device.data) : null;
    if (!device.success || !held || !spkiOfCertificate(held.der).equals(spki)) {
      await limits.unproven(asked.address);
      throw new CordonError(
        'certificate_unknown',
        'No valid or recently expired certificate has this name and key. Enroll the device again with a new activation link.',
      );
    }
    await provenCsr(asked.csr, asked.address);
    const { der, generation, notAfter } = held;
    const expiredFor = Date.now() - notAfter;
    if (expiredFor <= 0) return { device: device.data, generation, certificate: der };
    if (expiredFor > RECOVERY_AFTER_EXPIRY) {
      const detail = `The certificate expired at ${new Date(notAfter).toISOString()}, too long ago for a renewal. Enroll the device again with a new activation link.`;
      throw new CordonError('certificate_expired', detail, { device: device.data });
    }
    return renew({ identity: { device: device.data, generation }, csr: asked.csr });
  }

  /** Throws unless the signature of the certificate signing request is valid. A copied public key proves nothing. */
  async function provenCsr(csr: Buffer, address: string | null): Promise<void> {
    try {
      parseCsr(csr);
    } catch (error) {
      await limits.unproven(address);
      throw error;
    }
  }

  /** Stores the certificates of the CA itself. The server calls this function at each start. */
  async function recordOwn(): Promise<void> {
    for (const issued of authority.own()) {
      const kind = issued.profile === 'server' ? 'certificate.issued' : 'ca.created';
      await store.recordOwn(asRow(issued), { kind, at: clock.now(), subject: null, public: particulars(issued) });
    }
  }

  /** Finds an activation code. Returns null for an unknown code and for a wrong secret, after the same comparison. */
  async function knownCode(id: string, secret: string): Promise<RedeemableCode | null> {
    const device = deviceIdSchema.safeParse(id);
    const found = device.success ? await store.redeemable(device.data) : null;
    const given = Buffer.from(hashOf(secret), 'hex');
    const right = timingSafeEqual(given, Buffer.from(found?.code.secretHash ?? hashOf(''), 'hex'));
    return right ? found : null;
  }

  async function requireGate({ home, seat }: RedeemableCode, address: string | null): Promise<void> {
    const areas = address === null ? [] : await surroundings.areasOfAddress(address);
    const verdict = await surroundings.gate({ areas, home, seat });
    if (verdict.allowed) return;
    const orders = verdict.denials.map(({ order, reasons }) => `${order} (${reasons.join(', ')})`).join(', ');
    throw new CordonError(
      'enrollment_denied',
      `Enrollment is denied by order ${orders}. The activation code stays valid until it expires. ${whomToTurnTo(verdict.denials, surroundings.appealOf, appeal)}`,
      { orders: verdict.denials.map(({ order }) => order), denials: verdict.denials },
    );
  }

  async function answerAgain(device: DeviceId, request: CertificateRequest): Promise<Enrolled> {
    const certificate = await store.certificateOf(device);
    if (!certificate || !spkiOfCertificate(certificate.der).equals(request.spki)) {
      throw new CordonError('code_used', 'This activation code was used before. Ask your admin for a new one.');
    }
    // Repeats the work that follows an enrollment, because an earlier attempt may have stopped before it.
    await surroundings.deviceChanged(device);
    return { device, generation: certificate.generation, certificate: certificate.der };
  }

  /** Issues and stores a certificate. Returns null if the device or the code has changed meanwhile. */
  async function recorded(
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
      const outcome = await record(asRow(issued), entry);
      if (outcome === 'legal_hold') throw refusedByHold(device);
      if (outcome !== 'serial_taken') return outcome === 'recorded' ? issued : null;
    }
    throw new CordonError(
      'internal',
      'Serial numbers repeat, so the random source of this machine is broken. Repair it before you issue certificates.',
    );
  }

  return { createCode, listCodes, getCode, cancelCode, redeem, renew, recover, recordOwn };
}

export const deviceUri = (device: DeviceId, generation: number): string => `urn:cordon:device:${device}:${generation}`;

const hashOf = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex');

const asRow = (issued: Issued): NewCertificate => ({ ...issued, issuedAt: Date.now() });

const particulars = ({ serial, profile, fingerprint, notAfter }: Issued) => ({
  serial,
  profile,
  fingerprint,
  notAfter,
});

function requireOpen(code: StoredCode): void {
  if (code.canceledAt !== null) {
    throw new CordonError('code_expired', 'This activation code was canceled. Ask your admin for a new one.');
  }
  if (code.expiresAt > Date.now()) return;
  if (code.usedAt !== null) {
    throw new CordonError('code_used', 'This activation code was used before. Ask your admin for a new one.');
  }
  throw new CordonError(
    'code_expired',
    `This activation code expired at ${new Date(code.expiresAt).toISOString()}. Ask your admin for a new one.`,
  );
}

/** A renewal request names the certificate that it renews (RFC 7030, section 4.2.2). A first request may omit the name. */
function requestOf(csr: Buffer, device: DeviceId, renews?: number): CertificateRequest {
  const request = parseCsr(csr);
  const { subjectCommonName: name, uris } = request;
  const right = name === device || (name === null && renews === undefined);
  const uri = renews === undefined ? null : deviceUri(device, renews);
  if (right && uris.every((asked) => asked === uri)) return request;
  throw new CordonError(
    'csr_wrong_subject',
    `The certificate signing request must have the common name ${device} and no other name. Create it again.`,
  );
}
