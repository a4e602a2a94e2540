/**
 * Readmission of devices that present a certificate that the restored store lacks. The server readmits some devices by itself. An admin
 * readmits or rejects the others.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { judgeReadmission, type KnownFacts, type Presented } from './readmission.ts';
import type { StoredRecovery } from './stored-recovery.ts';

export interface LostDevice {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  readonly seenAt: number;
  readonly published: boolean;
  /** Name of the device's user, from the device's row or its activation code. Null if an admin must choose the user. */
  readonly user: string | null;
  readonly group: string | null;
}

export interface ReadmittedCertificate extends Presented {
  readonly der: Buffer;
  readonly fingerprint: string;
  readonly notAfter: number;
}

/** Person and group of a device, as an admin states them. Null: the value from the backup applies. */
export interface StatedOwner {
  readonly person: string | null;
  readonly group: string | null;
}

export interface ReadmissionStore {
  known(serial: string, device: DeviceId): Promise<KnownFacts>;
  recordLost(certificate: ReadmittedCertificate, at: number): Promise<void>;
  lost(limit: number): Promise<LostDevice[]>;
  lostCertificate(serial: string): Promise<ReadmittedCertificate | null>;
  /**
   * Readmits a device: stores its certificate, which the restored store lacks, with a ledger entry, and the device itself. `owner`: user
   * and group of a device that the backup lacks; for null fields, the activation code decides. Throws `not_found` for an unknown person or
   * group, and `conflict` without a user.
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

const MOST_LOST = 1_000;
/** Revocation reason (RFC 5280, section 5.3.1). */
export const PRIVILEGE_WITHDRAWN = 9;

export function createReadmissions(ports: ReadmissionsPorts) {
  const { recovery, store, issuingDer, clock, bus, deviceChanged, log } = ports;
  const issuing = new X509Certificate(issuingDer);

  /**
   * Accepts a device's certificate that the restored store lacks, unless the certificate is refused or needs an admin's decision
   * (`judgeReadmission`). Returns true if the store now has the certificate. Throws `certificate_revoked` if the certificate is revoked.
   */
  async function acceptReturningDevice(der: Buffer): Promise<boolean> {
    const restored = recovery.state();
    const certificate = recovery.recovering() ? readDeviceCertificate(der, issuing) : null;
    if (!restored || !certificate) return false;
    const { serial, device } = certificate;
    const known = await store.known(serial, device);
    const verdict = judgeReadmission(certificate, known, restored.realAt);
    switch (verdict) {
      case 'revoked':
        throw new CordonError(
          'certificate_revoked',
          'The certificate was revoked after the backup that this server was restored from.',
        );
      case 'unknown':
        return false;
      case 'ask':
        await store.recordLost(certificate, clock.now());
        return false;
      case 'renewal':
      case 'enrollment':
        await admit(certificate, { person: null, group: null });
        return true;
    }
  }

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
    const certificate = recovery.recovering() ? await store.lostCertificate(serial) : null;
    if (certificate) return certificate;
    throw new CordonError(
      'not_found',
      'No device with this certificate waits for readmission. List the waiting devices: cordon recovery show.',
    );
  }

  async function readmit(serial: string, owner: StatedOwner): Promise<void> {
    await admit(await waiting(serial), owner);
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

  const lost = async (): Promise<LostDevice[]> => (recovery.recovering() ? await store.lost(MOST_LOST) : []);

  return { returning: acceptReturningDevice, readmit, reject, lost };
}

/** Reads a device's certificate. Returns null if the given issuing CA did not issue the certificate to a device. */
function readDeviceCertificate(der: Buffer, issuing: X509Certificate): ReadmittedCertificate | null {
  const x509 = new X509Certificate(der);
  if (!x509.verify(issuing.publicKey)) return null;
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
