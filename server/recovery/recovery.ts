/**
 * Recovery of a server that was started from a backup. The server asks each connecting device for its stored signed documents, and readmits
 * devices that enrolled or renewed after the backup. While outsiders may have seen larger trees, the server suspends the public ledger. An
 * admin ends the recovery.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { Recollection } from '../../shared/protocol/device-http.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createContinuationProposals, type SigningPeople } from './continuation-proposals.ts';
import type { Continuations } from './continuations.ts';
import { createLedgerSuspension, type LedgerAnswerStore, type RestoredLedger } from './ledger-suspension.ts';
import { judgeReadmission, type KnownOfIt, type Presented } from './readmission.ts';
import type { RecoveryState } from './recovery-state.ts';

export type { RecoveryState };

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

export interface RecoveryStore extends LedgerAnswerStore {
  /** Stores the recovery state and the ledger entry in one transaction. */
  saveState(state: RecoveryState, entry: EntryDraft | null): Promise<void>;
  known(serial: string, device: DeviceId): Promise<KnownOfIt>;
  seen(certificate: ReadmittedCertificate, at: number): Promise<void>;
  /** Unknown devices that connected and wait for readmission, newest first, at most `limit`. */
  lost(limit: number): Promise<LostDevice[]>;
  lostCertificate(serial: string): Promise<ReadmittedCertificate | null>;
  /**
   * Stores the certificate, its ledger entry and its device. `owner`: the device's user, if neither the device's row nor its activation
   * code names one. Throws `not_found` for an unknown group, and `conflict` without a user.
   */
  readmit(
    certificate: ReadmittedCertificate,
    owner: { readonly person: string | null; readonly group: string | null },
    at: number,
    entries: {
      readonly readmitted: EntryDraft<'certificate.readmitted'>;
      readonly revoked: (serial: string) => EntryDraft<'certificate.revoked'>;
    },
  ): Promise<void>;
  /**
   * Stores the certificate as revoked, with its ledger entry. Does not change the device. Throws `conflict` if the store already has the
   * certificate.
   */
  reject(certificate: ReadmittedCertificate, entry: EntryDraft<'certificate.revoked'>): Promise<void>;
}

export interface RecoveryPorts {
  /** State of the recovery; null if this server was not restored. */
  readonly state: RecoveryState | null;
  readonly store: RecoveryStore;
  readonly orders: {
    readonly recovery: {
      recover(
        device: DeviceId,
        generation: number,
        recollection: Recollection,
      ): Promise<{
        readonly list: number;
        readonly approvers: number;
        readonly record: { readonly home: string | null; readonly seat: string | null } | null;
        readonly revisions: readonly { readonly order: string; readonly revision: number; readonly digest: string }[];
      }>;
    };
    readonly approverSets: {
      version(): number;
      /** Adopted approver sets, oldest first. */
      envelopes(): readonly Envelope[];
      people(): Promise<SigningPeople>;
    };
  };
  readonly ledger: RestoredLedger & { sequence(): Promise<void> };
  readonly continuations: Continuations;
  /** DER bytes of the issuing certificate. */
  readonly issuingDer: Buffer;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly raise: (alert: {
    readonly device: DeviceId | null;
    readonly code: string;
    readonly detail: string;
  }) => Promise<void>;
  /** Sets home and seat of a device that the backup lacks, from the signed record that the device has sent. */
  readonly settle: (
    device: DeviceId,
    record: { readonly home: string | null; readonly seat: string | null },
  ) => Promise<void>;
  /** Updates the device's nexus index and its device record. */
  readonly deviceChanged: (device: DeviceId) => Promise<void>;
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

/** Maximum number of devices that the server asks for documents at the same time. Each device may send megabytes. */
const ASKED_AT_ONCE = 4;
/** Real milliseconds after which the server stops waiting for a device's documents. */
const ANSWER_WITHIN = 15_000;
const MOST_LOST = 1_000;
/** Revocation reason (RFC 5280, section 5.3.1). */
export const PRIVILEGE_WITHDRAWN = 9;

export type Recovery = ReturnType<typeof createRecovery>;
export type RecallKind = 'documents' | 'facts';

export function createRecovery(ports: RecoveryPorts) {
  const { store, orders, ledger, issuingDer, clock, bus, raise, settle, deviceChanged, log } = ports;
  let state = ports.state;
  const issuing = new X509Certificate(issuingDer);
  /** Version of the newest order list that a device has sent completely. */
  let knownList = state?.from.list ?? 0;
  const answered = new Set<DeviceId>();
  const asked = new Map<DeviceId, number>();
  /** All devices that the server has asked since the start of the process. */
  const everAsked = new Set<DeviceId>();

  const recovering = (): boolean => state !== null && state.closedAt === null;

  const queue = createSerialQueue();

  async function update(change: Partial<RecoveryState>, entry: EntryDraft | null = null): Promise<void> {
    if (!state) return;
    const changed = { ...state, ...change };
    await store.saveState(changed, entry);
    state = changed;
  }

  const resting = createLedgerSuspension({
    ledger,
    store,
    state: () => state,
    update,
    raise,
    now: () => clock.now(),
    log,
  });
  const continuing = createContinuationProposals({
    ...{ installation: ledger.installation, continuations: ports.continuations, resting },
    state: () => state,
    adopted: (after) => {
      state = after;
    },
    ...{
      approverSets: orders.approverSets.envelopes,
      people: orders.approverSets.people,
      sequence: ledger.sequence,
      raise,
      now: () => clock.now(),
    },
  });

  function expire(): void {
    const now = Date.now();
    for (const [device, until] of asked) if (until < now) asked.delete(device);
  }

  /** Documents to request from a device that reports these versions; null for none. */
  function asks(device: DeviceId, held: { readonly list: number; readonly approverSet: number }): RecallKind | null {
    if (!state || !recovering() || answered.has(device)) return null;
    const newer =
      (held.list > knownList && held.list < state.to.list) || held.approverSet > orders.approverSets.version();
    expire();
    if (asked.size >= ASKED_AT_ONCE && newer && !asked.has(device)) return null;
    if (newer) asked.set(device, Date.now() + ANSWER_WITHIN);
    everAsked.add(device);
    return newer ? 'documents' : 'facts';
  }

  /**
   * True while the server waits for the documents of a device with a newer order list. The server sends no list then, because an older list
   * would raise alerts on devices.
   */
  function holding(): boolean {
    if (asked.size === 0) return false;
    expire();
    return asked.size > 0;
  }

  async function take(device: DeviceId, generation: number, recollection: Recollection): Promise<void> {
    await queue(async () => {
      if (!state || !recovering() || answered.has(device)) {
        throw new CordonError('conflict', 'The server did not ask this device for its documents.');
      }
      answered.add(device);
      const { recalled } = state;
      try {
        const taken = await orders.recovery.recover(device, generation, recollection);
        knownList = Math.max(knownList, Math.min(taken.list, state.to.list - 1));
        const back = new Set(taken.revisions.map(({ digest }) => digest));
        const newer = taken.list > state.from.list || taken.approvers > 0 || taken.revisions.length > 0;
        await update({
          missing: state.missing.filter(({ digest }) => !back.has(digest)),
          missingApprovers: orders.approverSets.version() >= state.missingApprovers ? 0 : state.missingApprovers,
          recalled: {
            devices: recalled.devices + 1,
            newer: recalled.newer + (newer ? 1 : 0),
            revisions: recalled.revisions + taken.revisions.length,
            approvers: recalled.approvers + taken.approvers,
          },
        });
        if (taken.record) await settle(device, taken.record);
        if (newer) log.info({ device, ...taken }, 'a device returned documents');
      } catch (error) {
        if (!isCordonError(error)) throw error;
        await update({ recalled: { ...recalled, devices: recalled.devices + 1 } });
        await raise({ device, code: 'recollection_refused', detail: error.message });
      } finally {
        asked.delete(device);
        if (!holding()) bus.publish({ kind: 'list' });
      }
      await resting.take(device, recollection.checkpoint);
    });
  }

  /**
   * Readmits the device of a certificate if the rules allow it. Returns true if the store now has the certificate. Throws
   * `certificate_revoked`.
   */
  async function returning(der: Buffer): Promise<boolean> {
    const certificate = recovering() ? read(der) : null;
    if (!state || !certificate) return false;
    const { serial, device } = certificate;
    const known = await store.known(serial, device);
    const verdict = judgeReadmission(certificate, known, state.realAt);
    switch (verdict) {
      case 'revoked':
        throw new CordonError(
          'certificate_revoked',
          'The certificate was revoked after the backup that this server was restored from.',
        );
      case 'unknown':
        return false;
      case 'ask':
        await store.seen(certificate, clock.now());
        return false;
      case 'renewal':
      case 'enrollment':
        await admit(certificate, { person: null, group: null });
        return true;
    }
  }

  async function admit(
    certificate: ReadmittedCertificate,
    owner: { readonly person: string | null; readonly group: string | null },
  ): Promise<void> {
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

  /** Certificate of a device that waits for readmission. Throws `not_found`. */
  async function waiting(serial: string): Promise<ReadmittedCertificate> {
    const certificate = recovering() ? await store.lostCertificate(serial) : null;
    if (certificate) return certificate;
    throw new CordonError(
      'not_found',
      'No device with this certificate waits for readmission. List the waiting devices: cordon recovery show.',
    );
  }

  /** Reads a certificate. Returns null if this authority did not issue the certificate to a device. */
  function read(der: Buffer): ReadmittedCertificate | null {
    const x509 = new X509Certificate(der);
    if (!x509.verify(issuing.publicKey)) return null;
    const uri = /URI:urn:cordon:device:(dev_[a-z2-7]+):(\d{1,9})(?:,|$)/.exec(x509.subjectAltName ?? '');
    const device = deviceIdSchema.safeParse(uri?.[1]);
    if (!device.success) return null;
    return {
      ...{ device: device.data, generation: Number(uri?.[2]), der },
      serial: x509.serialNumber.toLowerCase(),
      fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      ...{ notBefore: Date.parse(x509.validFrom), notAfter: Date.parse(x509.validTo) },
    };
  }

  return {
    recovering,
    asks,
    holding,
    take,
    returning,
    ledgerSuspended: resting.suspended,
    ledgerEvidence: async () => {
      const evidence = await resting.evidence();
      // The set of asked devices is only in memory. After a restart, the server asks all devices again.
      const silent = [...everAsked].filter((device) => !answered.has(device)).slice(0, MOST_LOST);
      return { ...evidence, silent, asked: Math.max(everAsked.size, evidence.answered) };
    },
    /**
     * Resumes the ledger after it has processed all received checkpoints, so that a checkpoint that arrives now counts. Throws `conflict`
     * and `checkpoint_invalid`.
     */
    resumeLedger: (note: string | null, account: string) => queue(() => resting.resume(note, account)),
    /** Continuations of a ledger that lost entries. A proposal is made after all received checkpoints are processed. */
    continuations: () => continuing.list(),
    proposeContinuation: (...given: Parameters<typeof continuing.propose>) => queue(() => continuing.propose(...given)),
    signContinuation: (...given: Parameters<typeof continuing.sign>) => queue(() => continuing.sign(...given)),
    state: () => state,
    /** Summary of the recovery for the overview and `cordon recovery show`. */
    status: async () => ({ state, lost: recovering() ? await store.lost(MOST_LOST) : [] }),
    readmit: async (serial: string, owner: { readonly person: string | null; readonly group: string | null }) =>
      await admit(await waiting(serial), owner),
    /** Refuses a device permanently and revokes its certificate. */
    reject: async (serial: string) => {
      const certificate = await waiting(serial);
      const { device } = certificate;
      const at = clock.now();
      const said = { serial, reason: PRIVILEGE_WITHDRAWN };
      await store.reject(certificate, { kind: 'certificate.revoked', at, subject: device, public: said });
      bus.publish({ kind: 'ended', device });
      log.info({ device, serial }, 'an admin rejected a device that is missing in the backup');
    },
    close: async () => {
      if (!recovering()) throw new CordonError('conflict', 'No recovery is in progress.');
      await update({ closedAt: clock.now() });
    },
  };
}
