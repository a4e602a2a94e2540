/**
 * How a machine becomes a device: an admin makes an activation code, the machine redeems it with a certificate signing request, and
 * renews its certificate from then on. Codes and certificates run on real time; the device and the ledger on the clock. It knows no
 * HTTP; EST is `server/public/est.ts`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Authority, Issued } from '../../certs/authority.ts';
import { type CertificateRequest, parseCsr, readCsrClaims, spkiOfCertificate } from '../../certs/csr.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
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
import { createEnrolmentLimits } from './limits.ts';
import { whomToTurnTo } from './newcomer-gate.ts';
import type { EnrolmentStore, NewCertificate, Recorded, RedeemableCode, StoredCode, Surroundings } from './ports.ts';

const HOUR = 3_600_000;
const DEFAULT_HOURS = 7 * 24;
const MAX_HOURS = 30 * 24;
/** RFC 5280, section 5.3.1: `superseded`. */
const SUPERSEDED = 4;
/** Two 126-bit serials alike are a broken random source, not bad luck. */
const SERIAL_ATTEMPTS = 3;

/** A certificate that expired no longer ago than this may still be renewed with its own key. */
const RECOVERY_AFTER_EXPIRY = 7 * 24 * HOUR;

export interface CreateCode {
  readonly person: PersonId;
  readonly group: GroupId;
  /** Null: as its group has it, or as the device that is enrolled again has it. */
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  /** The account that makes it. */
  readonly by: string;
  readonly expiresInHours?: number;
  /** Enrol this device again, in its next generation, instead of a new one. Its group must be `group`. */
  readonly device?: DeviceId | null;
}

export interface CodeView {
  readonly id: DeviceId;
  readonly person: PersonId;
  /** The person's name. */
  readonly user: string;
  readonly group: GroupId;
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  readonly state: 'open' | 'used' | 'expired' | 'cancelled';
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface Enrolled {
  readonly device: DeviceId;
  readonly generation: number;
  /** DER. */
  readonly certificate: Buffer;
}

export interface EnrolmentPorts {
  readonly store: EnrolmentStore;
  readonly authority: Pick<Authority, 'issue' | 'fingerprint' | 'own'>;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly bus: Bus;
  /** Where devices reach this installation: `https://HOST:8444` and `wss://HOST:8443`. */
  readonly addresses: () => { readonly publicUrl: string; readonly deviceUrl: string };
  /** Whom a person who is denied can turn to, when the order does not tell the public. */
  readonly appeal: string;
}

export type Enrolment = ReturnType<typeof createEnrolment>;

export function createEnrolment({ store, authority, surroundings, clock, bus, addresses, appeal }: EnrolmentPorts) {
  const limits = createEnrolmentLimits();

  /** The link holds the secret and is in no other answer. */
  async function createCode(wanted: CreateCode): Promise<{ id: DeviceId; link: string; expiresAt: number }> {
    const hours = wanted.expiresInHours ?? DEFAULT_HOURS;
    if (!(hours > 0 && hours <= MAX_HOURS)) {
      throw new CordonError('invalid_input', `A code holds for at most ${MAX_HOURS} hours.`, {
        field: 'expiresInHours',
      });
    }
    await requireApprovers();
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

  async function listCodes(): Promise<CodeView[]> {
    const now = Date.now();
    return (await store.codes()).map((code) => viewOf(code, now));
  }

  async function cancelCode(id: DeviceId): Promise<void> {
    if (!(await store.cancelCode(id, Date.now()))) {
      throw new CordonError('not_found', 'There is no such open code: it was used or cancelled before.', { code: id });
    }
    bus.publish({ kind: 'devices' });
  }

  /**
   * Turns an activation code and a request into a device with a certificate. The same code with the same key is answered again with the
   * same certificate while the code would hold, so that a device that lost the answer is not lost with it.
   */
  async function redeem(asked: { id: string; secret: string; csr: Buffer; address: string | null }): Promise<Enrolled> {
    const found = await knownCode(asked.id, asked.secret);
    if (!found) {
      await limits.unproven(asked.address);
      throw new CordonError('code_unknown', 'There is no such activation code: check it, or ask for a new one.');
    }
    const { code } = found;
    await limits.redeeming(code.id);
    requireOpen(code);
    const request = requestOf(asked.csr, code.id);
    if (code.usedAt !== null) return answerAgain(code.id, request);
    await requireApprovers();
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
    // Sockets of the earlier generation close; its ties and record are made anew.
    if (generation > 1) bus.publish({ kind: 'ended', device: code.id });
    await surroundings.deviceChanged(code.id);
    bus.publish({ kind: 'devices' });
    return { device: code.id, generation, certificate: outcome.der };
  }

  /** Never gated: an order that denies service must not cost a device its identity. */
  async function renew(asked: {
    identity: { readonly device: DeviceId; readonly generation: number };
    csr: Buffer;
  }): Promise<Enrolled> {
    const { device, generation } = asked.identity;
    await limits.renewing(device);
    const request = requestOf(asked.csr, device, generation);
    const issued = await recorded(request, device, generation, (certificate, leaf) =>
      store.renew({ device, generation, certificate, issued: leaf }),
    );
    if (!issued) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again in the meantime.');
    }
    return { device, generation, certificate: issued.der };
  }

  /**
   * Renewal after expiry, without a certificate that TLS would take: the request is signed with the device's own key, and what is
   * answered is of use to that key's holder alone. A renewal whose answer was lost is answered again.
   */
  async function recover(asked: { csr: Buffer; address: string | null }): Promise<Enrolled> {
    // The comparison comes first, because it costs no computation with a key.
    const { spki, subjectCommonName } = readCsrClaims(asked.csr);
    const device = deviceIdSchema.safeParse(subjectCommonName ?? '');
    const held = device.success ? await store.certificateOf(device.data) : null;
    if (!device.success || !held || !spkiOfCertificate(held.der).equals(spki)) {
      await limits.unproven(asked.address);
      throw new CordonError(
        'certificate_unknown',
        'No certificate in force or lately expired has this name and key: enrol the device again with a new activation link.',
      );
    }
    await provenCsr(asked.csr, asked.address);
    const { der, generation, notAfter } = held;
    const expiredFor = Date.now() - notAfter;
    if (expiredFor <= 0) return { device: device.data, generation, certificate: der };
    if (expiredFor > RECOVERY_AFTER_EXPIRY) {
      const detail = `The certificate expired at ${new Date(notAfter).toISOString()}, too long ago to be renewed: enrol the device again with a new activation link.`;
      throw new CordonError('certificate_expired', detail, { device: device.data });
    }
    return renew({ identity: { device: device.data, generation }, csr: asked.csr });
  }

  /** Throws when the request's own signature does not verify: a copied public key proves nothing. */
  async function provenCsr(csr: Buffer, address: string | null): Promise<void> {
    try {
      parseCsr(csr);
    } catch (error) {
      await limits.unproven(address);
      throw error;
    }
  }

  /** Puts the authority's own certificates on record. To be called at each start. */
  async function recordOwn(): Promise<void> {
    for (const issued of authority.own()) {
      const kind = issued.profile === 'server' ? 'certificate.issued' : 'ca.created';
      await store.recordOwn(asRow(issued), { kind, at: clock.now(), subject: null, public: particulars(issued) });
    }
  }

  /** Null for what is not there and for a wrong secret alike, after the same comparison. */
  async function knownCode(id: string, secret: string): Promise<RedeemableCode | null> {
    const device = deviceIdSchema.safeParse(id);
    const found = device.success ? await store.redeemable(device.data) : null;
    const given = Buffer.from(hashOf(secret), 'hex');
    const right = timingSafeEqual(given, Buffer.from(found?.code.secretHash ?? hashOf(''), 'hex'));
    return right ? found : null;
  }

  async function requireApprovers(): Promise<void> {
    if (await surroundings.approversAdopted()) return;
    throw new CordonError(
      'approvers_required',
      'No approvers are adopted yet, and devices pin them when they enrol: adopt them first (POST /api/v1/approvers).',
    );
  }

  async function requireGate({ home, seat }: RedeemableCode, address: string | null): Promise<void> {
    const areas = address === null ? [] : await surroundings.areasOfAddress(address);
    const verdict = await surroundings.gate({ areas, home, seat });
    if (verdict.allowed) return;
    const orders = verdict.denials.map(({ order, reasons }) => `${order} (${reasons.join(', ')})`).join(', ');
    throw new CordonError(
      'enrolment_denied',
      `Enrolment is denied by order ${orders}. The code stays good until it expires. ${whomToTurnTo(verdict.denials, surroundings.appealOf, appeal)}`,
      { orders: verdict.denials.map(({ order }) => order), denials: verdict.denials },
    );
  }

  async function answerAgain(device: DeviceId, request: CertificateRequest): Promise<Enrolled> {
    const certificate = await store.certificateOf(device);
    if (!certificate || !spkiOfCertificate(certificate.der).equals(request.spki)) {
      throw new CordonError('code_used', 'This activation code was used before: ask for a new one.');
    }
    // Whoever comes again may come because this very step was cut off.
    await surroundings.deviceChanged(device);
    return { device, generation: certificate.generation, certificate: certificate.der };
  }

  /** Issues and records; null when it was made for nothing. */
  async function recorded(
    request: CertificateRequest,
    device: DeviceId,
    generation: number,
    record: (certificate: NewCertificate, leaf: LeafDraft<'certificate.issued'>) => Promise<Recorded>,
  ): Promise<Issued | null> {
    for (let attempt = 0; attempt < SERIAL_ATTEMPTS; attempt++) {
      const uris = [deviceUri(device, generation)];
      const issued = authority.issue({ profile: 'device', spki: request.spki, commonName: device, uris });
      const leaf = {
        kind: 'certificate.issued',
        at: clock.now(),
        subject: device,
        public: particulars(issued),
      } as const;
      const outcome = await record(asRow(issued), leaf);
      if (outcome === 'legal_hold') throw refusedByHold(device);
      if (outcome !== 'serial_taken') return outcome === 'recorded' ? issued : null;
    }
    throw new CordonError('internal', 'Serial numbers repeat: the random source of this machine is broken.');
  }

  return { createCode, listCodes, cancelCode, redeem, renew, recover, recordOwn };
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

function viewOf(code: StoredCode, now: number): CodeView {
  const { id, person, user, group, home, seat, createdAt, expiresAt } = code;
  const open = code.expiresAt > now ? 'open' : 'expired';
  const state = code.usedAt !== null ? 'used' : code.cancelledAt !== null ? 'cancelled' : open;
  return { id, person, user, group, home, seat, state, createdAt, expiresAt };
}

function requireOpen(code: StoredCode): void {
  if (code.cancelledAt !== null) {
    throw new CordonError('code_expired', 'This activation code was cancelled: ask for a new one.');
  }
  if (code.expiresAt > Date.now()) return;
  if (code.usedAt !== null) {
    throw new CordonError('code_used', 'This activation code was used before: ask for a new one.');
  }
  throw new CordonError(
    'code_expired',
    `This activation code expired at ${new Date(code.expiresAt).toISOString()}: ask for a new one.`,
  );
}

/** A renewal names the certificate that it renews (RFC 7030, section 4.2.2); a first request may leave its name to us. */
function requestOf(csr: Buffer, device: DeviceId, renews?: number): CertificateRequest {
  const request = parseCsr(csr);
  const { subjectCommonName: name, uris } = request;
  const right = name === device || (name === null && renews === undefined);
  const uri = renews === undefined ? null : deviceUri(device, renews);
  if (right && uris.every((asked) => asked === uri)) return request;
  throw new CordonError(
    'csr_wrong_subject',
    `The request must be for the common name ${device} and for no other name: make it again.`,
  );
}
