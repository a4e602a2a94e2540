/**
 * Readmission of devices that present a certificate that the restored store lacks. The server readmits some devices by itself. An admin
 * readmits or rejects the others.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { judgeReadmission, type KnownFacts, type Obstacle, obstacleTo, type Presented } from './readmission.ts';
import type { StoredRecovery } from './stored-recovery.ts';

export interface ReadmittedCertificate extends Presented {
  readonly der: Buffer;
  readonly fingerprint: string;
}

/** Certificate of a device that the server has refused since the restore, with what the restored store knows about the device. */
export interface StoredReturn {
  readonly serial: string;
  readonly der: Buffer;
  readonly seenAt: number;
  readonly known: KnownFacts;
  /** Name of the device's user, from the device's row or its activation code. Null if an admin must choose the user. */
  readonly user: string | null;
  readonly group: string | null;
}

/** Device that the server has refused since the restore. An admin readmits or rejects it. */
export interface ReturningDevice {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  /** Start and end of the certificate's validity in Unix milliseconds. The validity starts a little before the certificate's issue. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly seenAt: number;
  readonly published: boolean;
  readonly user: string | null;
  readonly group: string | null;
  readonly obstacle: Obstacle | null;
}

/** Person and group of a device, as an admin states them. Null: the value from the backup applies. */
export interface StatedOwner {
  readonly person: string | null;
  readonly group: string | null;
}

export interface ReadmissionRequest {
  readonly serial: string;
  readonly owner: StatedOwner;
}

/** `device`: null if the device was not readmitted. */
export interface ReadmissionResult {
  readonly serial: string;
  readonly device: DeviceId | null;
  readonly error: { readonly code: string; readonly detail: string } | null;
}

export interface ReadmissionStore {
  known(serial: string, device: DeviceId): Promise<KnownFacts>;
  /** Stores the certificate of a returning device. Does nothing if the store already has `limit` certificates of other devices. */
  recordReturn(certificate: ReadmittedCertificate, at: number, limit: number): Promise<void>;
  /** Returning devices, last seen first. */
  returned(limit: number): Promise<StoredReturn[]>;
  returnedCertificate(serial: string): Promise<Buffer | null>;
  /**
   * Readmits a device: stores its certificate, which the restored store lacks, with a ledger entry, and the device itself. `owner`: user
   * and group of a device that the backup lacks; for null fields, the activation code decides. Throws `not_found` for an unknown person or
   * group, and `conflict` without a user or if the device has enrolled again in the meantime.
   */
  readmit(
    certificate: ReadmittedCertificate,
    owner: StatedOwner,
    at: number,
    entries: {
      readonly readmitted: EntryDraft<'certificate.readmitted'>;
      readonly revoked: (serial: string) => EntryDraft<'certificate.revoked'>;
    },
  ): Promise<void>;
  /**
   * Stores a certificate as revoked, with a ledger entry, because an admin rejected a device that the restored store does not know. Does
   * not change the device. Throws `conflict` if the store already has the certificate.
   */
  reject(certificate: ReadmittedCertificate, entry: EntryDraft<'certificate.revoked'>): Promise<void>;
}

export interface ReadmissionsPorts {
  readonly recovery: StoredRecovery;
  readonly store: ReadmissionStore;
  readonly issuingDer: Buffer;
  readonly clock: Clock;
  readonly bus: Bus;
  /** Updates the device record, and the index by which orders find the device. */
  readonly deviceChanged: (device: DeviceId) => Promise<void>;
  readonly log: { info(facts: object, message: string): void };
}

/** Maximum number of stored returning devices, because each has a certificate of about 1 kB. */
const MOST_STORED = 10_000;
const MOST_LISTED = 1_000;
/** Revocation reason (RFC 5280, section 5.3.1). */
export const PRIVILEGE_WITHDRAWN = 9;

export function createReadmissions(ports: ReadmissionsPorts) {
  const { recovery, store, issuingDer, clock, bus, deviceChanged, log } = ports;
  const issuing = new X509Certificate(issuingDer);

  /**
   * Accepts a device's certificate that the restored store lacks, unless the certificate is refused or needs an admin's decision
   * (`judgeReadmission`). Returns true if the store now has the certificate. Returns false if the restore does not explain why the store
   * lacks the certificate. Throws `certificate_revoked` if the certificate is revoked, and `certificate_not_restored` if the restore is the
   * reason for the refusal.
   */
  async function acceptReturningDevice(der: Buffer): Promise<boolean> {
    const restored = recovery.state();
    const certificate = restored && readDeviceCertificate(der, issuing);
    if (!restored || !certificate) return false;
    const { serial, device } = certificate;
    const known = await store.known(serial, device);
    const verdict = judgeReadmission(certificate, known, restored.realAt);
    if (verdict === 'revoked') {
      // A device that an admin has rejected since the restore needs no further decision.
      if ((known.revokedAt ?? 0) <= restored.restoredAt) await record(certificate);
      throw new CordonError(
        'certificate_revoked',
        'The certificate was revoked after the backup that this server was restored from.',
      );
    }
    if (recovery.recovering() && (verdict === 'renewal' || verdict === 'enrollment')) {
      await admit(certificate, { person: null, group: null });
      return true;
    }
    await record(certificate);
    if (verdict === 'older') return false;
    throw notRestored(restored.realAt, verdict === 'superseded' ? verdict : recovery.recovering() ? 'open' : 'closed');
  }

  const record = async (certificate: ReadmittedCertificate): Promise<void> => {
    if (recovery.recovering()) await store.recordReturn(certificate, clock.now(), MOST_STORED);
  };

  async function admit(certificate: ReadmittedCertificate, owner: StatedOwner): Promise<void> {
    const { device, serial, fingerprint, notAfter } = certificate;
    const at = clock.now();
    await store.readmit(certificate, owner, at, {
      readmitted: { kind: 'certificate.readmitted', at, subject: device, public: { serial, fingerprint, notAfter } },
      revoked: (of) => ({ kind: 'certificate.revoked', at, subject: device, public: { serial: of, reason: 4 } }),
    });
    await deviceChanged(device);
    bus.publish({ kind: 'devices' });
    log.info({ device, serial }, 'a device was readmitted');
  }

  async function waiting(serial: string): Promise<ReadmittedCertificate> {
    const der = recovery.recovering() ? await store.returnedCertificate(serial) : null;
    const certificate = der && readDeviceCertificate(der, issuing);
    if (certificate) return certificate;
    throw new CordonError(
      'not_found',
      'No device with this certificate waits for readmission. List the waiting devices: cordon recovery show.',
    );
  }

  /** Throws `conflict` if the device cannot be readmitted (`obstacleTo`). */
  async function readmitOne({ serial, owner }: ReadmissionRequest): Promise<DeviceId> {
    const certificate = await waiting(serial);
    const known = await store.known(serial, certificate.device);
    const obstacle = obstacleTo(certificate, known, { recoveryPoint: recovery.state()?.realAt ?? 0, now: Date.now() });
    if (obstacle !== null) throw new CordonError('conflict', OBSTACLE_DETAILS[obstacle]);
    await admit(certificate, owner);
    return certificate.device;
  }

  /** Readmits devices one after the other. The failure of one device does not stop the others. */
  async function readmit(requests: readonly ReadmissionRequest[]): Promise<ReadmissionResult[]> {
    const results: ReadmissionResult[] = [];
    for (const request of requests) {
      const { serial } = request;
      try {
        results.push({ serial, device: await readmitOne(request), error: null });
      } catch (error) {
        if (!isCordonError(error)) throw error;
        results.push({ serial, device: null, error: { code: error.code, detail: error.message } });
      }
    }
    return results;
  }

  /** Refuses a device permanently and revokes its certificate. */
  async function reject(serial: string): Promise<void> {
    const certificate = await waiting(serial);
    const { device } = certificate;
    const revoked = { serial, reason: PRIVILEGE_WITHDRAWN };
    await store.reject(certificate, {
      kind: 'certificate.revoked',
      at: clock.now(),
      subject: device,
      public: revoked,
    });
    bus.publish({ kind: 'ended', device });
    log.info({ device, serial }, 'an admin rejected a device that is missing in the backup');
  }

  /** Returning devices, at most 1,000, last seen first. Empty if the recovery has ended. */
  async function returned(): Promise<ReturningDevice[]> {
    const restored = recovery.state();
    if (!restored || !recovery.recovering()) return [];
    const now = Date.now();
    return (await store.returned(MOST_LISTED)).flatMap(({ serial, der, seenAt, known, user, group }) => {
      const certificate = deviceCertificateIn(new X509Certificate(der), der);
      if (!certificate) return [];
      const { device, generation, notBefore, notAfter } = certificate;
      const obstacle = obstacleTo(certificate, known, { recoveryPoint: restored.realAt, now });
      const { published } = known;
      return [{ serial, device, generation, notBefore, notAfter, seenAt, published, user, group, obstacle }];
    });
  }

  return { returning: acceptReturningDevice, readmit, reject, returned };
}

const AGAIN = 'Enroll the device again with a new activation link.';
const OBSTACLE_DETAILS: Readonly<Record<Obstacle, string>> = {
  revoked: `The certificate was revoked after the backup. ${AGAIN}`,
  superseded: `The backup has a newer enrollment of this device. ${AGAIN}`,
  older: `The certificate was issued before the backup, but the backup does not have it. ${AGAIN}`,
  expired: `The certificate has expired. ${AGAIN}`,
};

/** `open`: an admin can readmit the device. `closed`: the recovery is closed. `superseded`: the backup has a newer enrollment. */
function notRestored(recoveryPoint: number, why: 'open' | 'closed' | 'superseded'): CordonError {
  const backup = `The server was restored from the backup of ${new Date(recoveryPoint).toISOString()}`;
  const details = {
    open: `${backup}. The backup is older than this device’s enrollment. An admin must readmit the device (Settings → Recovery).`,
    closed: `${backup}. The backup is older than this device’s enrollment, and the recovery is closed. ${AGAIN}`,
    superseded: `${backup}. The backup has a newer enrollment of this device. ${AGAIN}`,
  };
  return new CordonError('certificate_not_restored', details[why]);
}

/** Reads a device's certificate. Returns null if the given issuing CA did not issue the certificate to a device. */
function readDeviceCertificate(der: Buffer, issuing: X509Certificate): ReadmittedCertificate | null {
  const x509 = new X509Certificate(der);
  return x509.verify(issuing.publicKey) ? deviceCertificateIn(x509, der) : null;
}

/** Reads a certificate whose signature is checked already. Returns null if the certificate names no device. */
function deviceCertificateIn(x509: X509Certificate, der: Buffer): ReadmittedCertificate | null {
  const uri = /URI:urn:cordon:device:(dev_[a-z2-7]+):(\d{1,9})(?:,|$)/.exec(x509.subjectAltName ?? '');
  const device = deviceIdSchema.safeParse(uri?.[1]);
  if (!device.success) return null;
  return {
    device: device.data,
    generation: Number(uri?.[2]),
    der,
    serial: x509.serialNumber.toLowerCase(),
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: Date.parse(x509.validFrom),
    notAfter: Date.parse(x509.validTo),
  };
}
