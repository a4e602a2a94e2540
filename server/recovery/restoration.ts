/**
 * A running server that was started from a backup. It asks each connecting device for the signed documents that the device has stored, takes back
 * devices that enrolled or renewed since the backup, and keeps the public ledger at rest while larger trees may have been published. All of it ends
 * when an admin closes the restoration.
 */
import { X509Certificate } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type HashSource, rootOf } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import type { Recollection } from '../../shared/protocol/device-http.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { judgeReadmission, type KnownOfIt, type Presented } from './readmission.ts';
import type { RestorationState } from './state.ts';

export interface LostDevice {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  readonly seenAt: number;
  readonly published: boolean;
  /** The person's name, from the device's row or its activation code; null: an admin must say. */
  readonly user: string | null;
  readonly group: string | null;
}

export interface ReadmittedCertificate extends Presented {
  readonly der: Buffer;
  readonly fingerprint: string;
  readonly notAfter: number;
}

export interface RestorationStore {
  saveState(state: RestorationState): Promise<void>;
  known(serial: string, device: DeviceId): Promise<KnownOfIt>;
  /** Remembers that a device came with a certificate that the store lacks. */
  seen(certificate: ReadmittedCertificate, at: number): Promise<void>;
  /** Those that came and were not taken back, newest first, at most `limit`. */
  lost(limit: number): Promise<LostDevice[]>;
  lostCertificate(serial: string): Promise<ReadmittedCertificate | null>;
  /**
   * Takes the certificate into the store with its entry, and its device. `owner`: whose the device is, where neither its row nor its activation code
   * says so. Throws `not_found` for a group that does not exist, `conflict` when nobody is known to be its user.
   */
  readmit(
    certificate: ReadmittedCertificate,
    owner: { readonly person: string | null; readonly group: string | null },
    at: number,
    leaves: {
      readonly readmitted: LeafDraft<'certificate.readmitted'>;
      readonly revoked: (serial: string) => LeafDraft<'certificate.revoked'>;
    },
  ): Promise<void>;
}

export interface RestorationPorts {
  /** Null: this server was not restored. */
  readonly state: RestorationState | null;
  readonly store: RestorationStore;
  readonly orders: {
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
    rootVersion(): number;
  };
  readonly ledger: { readonly verifierKey: string; size(): Promise<number>; readonly hashes: HashSource };
  /** DER of the issuing certificate. */
  readonly issuingDer: Buffer;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly raise: (alarm: {
    readonly device: DeviceId | null;
    readonly code: string;
    readonly detail: string;
  }) => Promise<void>;
  /** For a device whose row the backup did not have: what its own record says, where nothing else does. */
  readonly settle: (
    device: DeviceId,
    record: { readonly home: string | null; readonly seat: string | null },
  ) => Promise<void>;
  /** What follows from a device that is there again: its ties and its record. */
  readonly deviceChanged: (device: DeviceId) => Promise<void>;
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

/** Devices that are asked for documents at once: each may send megabytes. */
const ASKED_AT_ONCE = 4;
/** A device that was asked and sends nothing for so long is not waited for. Real milliseconds. */
const ANSWER_WITHIN = 15_000;
const MOST_LOST = 1_000;

export type Restoration = ReturnType<typeof createRestoration>;
export type RecallKind = 'documents' | 'facts';

export function createRestoration(ports: RestorationPorts) {
  const { store, orders, ledger, issuingDer, clock, bus, raise, settle, deviceChanged, log } = ports;
  let state = ports.state;
  const issuing = new X509Certificate(issuingDer);
  /** The newest list that some device has brought back in full. */
  let knownList = state?.from.list ?? 0;
  const answered = new Set<DeviceId>();
  /** Device → when it is no longer waited for. */
  const asked = new Map<DeviceId, number>();

  const recovering = (): boolean => state !== null && state.closedAt === null;

  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const mine = last.then(task);
    last = mine.catch(() => undefined);
    return mine;
  }

  async function update(change: Partial<RestorationState>): Promise<void> {
    if (!state) return;
    state = { ...state, ...change };
    await store.saveState(state);
  }

  function expire(): void {
    const now = Date.now();
    for (const [device, until] of asked) if (until < now) asked.delete(device);
  }

  /** What a device is to be asked for that holds these versions; null: nothing, or not now. */
  function asks(device: DeviceId, held: { readonly list: number; readonly root: number }): RecallKind | null {
    if (!state || !recovering() || answered.has(device)) return null;
    const newer = (held.list > knownList && held.list < state.to.list) || held.root > orders.rootVersion();
    expire();
    if (asked.size >= ASKED_AT_ONCE && newer && !asked.has(device)) return null;
    if (newer) asked.set(device, Date.now() + ANSWER_WITHIN);
    return newer ? 'documents' : 'facts';
  }

  /** True while a device is waited for that has a newer list: lists of ours would only raise alarms on devices meanwhile. */
  function holding(): boolean {
    if (asked.size === 0) return false;
    expire();
    return asked.size > 0;
  }

  async function take(device: DeviceId, generation: number, recollection: Recollection): Promise<void> {
    await inTurn(async () => {
      if (!state || !recovering() || answered.has(device)) {
        throw new CordonError('conflict', 'The server did not ask this device for its documents.');
      }
      answered.add(device);
      const { recalled } = state;
      try {
        const taken = await orders.recover(device, generation, recollection);
        knownList = Math.max(knownList, Math.min(taken.list, state.to.list - 1));
        const back = new Set(taken.revisions.map(({ digest }) => digest));
        const newer = taken.list > state.from.list || taken.approvers > 0 || taken.revisions.length > 0;
        await update({
          missing: state.missing.filter(({ digest }) => !back.has(digest)),
          missingApprovers: orders.rootVersion() >= state.missingApprovers ? 0 : state.missingApprovers,
          recalled: {
            devices: recalled.devices + 1,
            newer: recalled.newer + (newer ? 1 : 0),
            revisions: recalled.revisions + taken.revisions.length,
            approvers: recalled.approvers + taken.approvers,
          },
        });
        if (taken.record) await settle(device, taken.record);
        if (newer) log.info({ device, ...taken }, 'a device brought back documents');
      } catch (error) {
        if (!isCordonError(error)) throw error;
        await update({ recalled: { ...recalled, devices: recalled.devices + 1 } });
        await raise({ device, code: 'recollection_refused', detail: error.message });
      } finally {
        asked.delete(device);
        if (!holding()) bus.publish({ kind: 'list' });
      }
      if (recollection.checkpoint !== null) await compareLedger(device, recollection.checkpoint);
    });
  }

  /** A device proves with a signed checkpoint that a tree was published which is not the beginning of ours. */
  async function compareLedger(device: DeviceId, note: string): Promise<void> {
    if (!state) return;
    let published: Awaited<ReturnType<typeof openCheckpoint>>;
    try {
      published = await openCheckpoint(note, await parseVerifierKey(ledger.verifierKey));
    } catch (error) {
      if (!isCordonError(error)) throw error;
      return log.warn({ device, detail: error.message }, 'a device sent a checkpoint that is not ours');
    }
    const size = await ledger.size();
    const same = published.size <= size && (await rootOf(published.size, ledger.hashes)).equals(published.root);
    if (same || published.size <= state.seenLedger) return;
    await update({ seenLedger: published.size });
    if (state.ledger === 'suspended') return;
    const detail = `A device has seen a ledger of ${published.size} entries that does not continue the one here. The ledger rests: give a newer copy with cordon restore --ledger.`;
    await raise({ device, code: 'ledger_behind', detail });
  }

  /** Why no checkpoint may be signed; null: nothing speaks against it. */
  function ledgerSuspended(): string | null {
    if (!state || (state.ledger !== 'suspended' && state.seenLedger === 0)) return null;
    return state.seenLedger > 0
      ? `devices have seen a ledger of ${state.seenLedger} entries, and the backup has fewer`
      : 'the server was restored without a copy of the ledger, and entries may have been published after the backup';
  }

  /** True: the store has it now. Throws `certificate_revoked`. */
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
    log.info({ device, serial }, 'a device is known again');
  }

  /** Null unless our issuing authority has signed it for a device. */
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
    ledgerSuspended,
    state: () => state,
    /** What the overview and `cordon restoration show` say. */
    status: async () => ({ state, lost: recovering() ? await store.lost(MOST_LOST) : [] }),
    readmit: async (serial: string, owner: { readonly person: string | null; readonly group: string | null }) => {
      const certificate = recovering() ? await store.lostCertificate(serial) : null;
      if (!certificate) {
        throw new CordonError(
          'not_found',
          'No device with this certificate waits to be readmitted. List those that do: cordon restoration show.',
        );
      }
      await admit(certificate, owner);
    },
    close: async () => {
      if (!recovering()) throw new CordonError('conflict', 'No restoration is open.');
      await update({ closedAt: clock.now() });
    },
  };
}
