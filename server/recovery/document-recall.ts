/** Signed documents that a restored server asks from devices, because they may be newer than the backup. */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Recollection } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from '../bus/bus.ts';
import type { StoredRecovery } from './stored-recovery.ts';

/** Maximum devices that the server asks for documents at the same time. Each may send megabytes. */
const MOST_PENDING = 4;
/** Milliseconds, by the machine's clock, after which the server stops waiting for a device's documents. */
const RESPONSE_TIMEOUT = 15_000;

export type RecallKind = 'documents' | 'facts';

export interface AreasOfRecord {
  readonly home: string | null;
  readonly seat: string | null;
}

export interface RecoveredDocuments {
  readonly list: number;
  readonly approvers: number;
  readonly record: AreasOfRecord | null;
  readonly revisions: readonly { readonly order: string; readonly revision: number; readonly digest: string }[];
}

export interface DocumentRecallPorts {
  readonly recovery: StoredRecovery;
  readonly recover: (device: DeviceId, generation: number, recollection: Recollection) => Promise<RecoveredDocuments>;
  readonly approverSetVersion: () => number;
  readonly bus: Bus;
  readonly raise: (alert: {
    readonly device: DeviceId | null;
    readonly code: string;
    readonly detail: string;
  }) => Promise<void>;
  /** Sets home area and legal seat of a device that the backup lacks, from the signed record that the device has sent. */
  readonly setAreas: (device: DeviceId, record: AreasOfRecord) => Promise<void>;
  readonly log: { info(facts: object, message: string): void };
}

export function createDocumentRecall(ports: DocumentRecallPorts) {
  const { recovery, recover, approverSetVersion, bus, raise, setAreas, log } = ports;
  /**
   * Version of the newest order list from before the restore that the restored server has. At first, this is the version in the backup. The
   * version rises when a device returns a newer list to the server.
   */
  let knownList = recovery.state()?.from.list ?? 0;
  const responded = new Set<DeviceId>();
  const pending = new Map<DeviceId, number>();
  const requested = new Set<DeviceId>();

  function expire(): void {
    const now = Date.now();
    for (const [device, until] of pending) if (until < now) pending.delete(device);
  }

  /**
   * Returns the documents that a restored server requests from a device that reports the given versions of its signed documents. `documents`: all signed
   * documents, because the device has newer versions than the server. `facts`: only the device record and the ledger checkpoint. Null: no
   * request.
   */
  function requestFor(
    device: DeviceId,
    versions: { readonly list: number; readonly approverSet: number },
  ): RecallKind | null {
    const state = recovery.state();
    if (!state || !recovery.recovering() || responded.has(device)) return null;
    const newer =
      (versions.list > knownList && versions.list < state.to.list) || versions.approverSet > approverSetVersion();
    expire();
    if (pending.size >= MOST_PENDING && newer && !pending.has(device)) return null;
    if (newer) pending.set(device, Date.now() + RESPONSE_TIMEOUT);
    requested.add(device);
    return newer ? 'documents' : 'facts';
  }

  /**
   * True while the server waits for the documents of a device that has a newer order list. The server then sends no order list, because an
   * older list would raise alerts on devices.
   */
  function withholdsList(): boolean {
    if (pending.size === 0) return false;
    expire();
    return pending.size > 0;
  }

  async function acceptRecollection(device: DeviceId, generation: number, recollection: Recollection): Promise<void> {
    const state = recovery.state();
    if (!state || !recovery.recovering() || responded.has(device)) {
      throw new CordonError('conflict', 'The server did not ask this device for its documents.');
    }
    responded.add(device);
    const { recalled } = state;
    try {
      const recovered = await recover(device, generation, recollection);
      knownList = Math.max(knownList, Math.min(recovered.list, state.to.list - 1));
      const returned = new Set(recovered.revisions.map(({ digest }) => digest));
      const newer = recovered.list > state.from.list || recovered.approvers > 0 || recovered.revisions.length > 0;
      await recovery.update({
        missing: state.missing.filter(({ digest }) => !returned.has(digest)),
        missingApprovers: approverSetVersion() >= state.missingApprovers ? 0 : state.missingApprovers,
        recalled: {
          devices: recalled.devices + 1,
          newer: recalled.newer + (newer ? 1 : 0),
          revisions: recalled.revisions + recovered.revisions.length,
          approvers: recalled.approvers + recovered.approvers,
        },
      });
      if (recovered.record) await setAreas(device, recovered.record);
      if (newer) log.info({ device, ...recovered }, 'a device returned documents');
    } catch (error) {
      if (!isCordonError(error)) throw error;
      await recovery.update({ recalled: { ...recalled, devices: recalled.devices + 1 } });
      await raise({ device, code: 'recollection_refused', detail: error.message });
    } finally {
      pending.delete(device);
      if (!withholdsList()) bus.publish({ kind: 'list' });
    }
  }

  /**
   * Numbers of devices. `asked`: number of devices that the server has asked since the process started. `silent`: asked devices that have
   * not responded yet.
   */
  const requests = () => ({
    requested: requested.size,
    silent: [...requested].filter((device) => !responded.has(device)),
  });

  return { requestFor, withholdsList, acceptRecollection, requests };
}
