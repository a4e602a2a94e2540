/**
 * Signs a new version of a device record (signed document for one device) when its content changes, for example the device's exemptions.
 * The server signs device records before it sends a new order list, so that the list never suspends a newly exempt device.
 */
import { isCordonError } from '../../../shared/errors.ts';
import { createBatcher } from '../../../shared/loops/batcher.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { slices } from '../impact/rehearsal.ts';
import type { DevicePersonalia, DeviceRecordStore, FleetPort, OrderStore, RecordRow } from '../ports.ts';
import { firstRecord, nextRecord } from './device-record.ts';

const ATTEMPTS = 5;
/** Maximum number of device records in one batch. The records of a batch share database reads and commits. */
const AT_ONCE = 256;

/** Data about a device before its first enrollment. Such a device has no location statement yet. */
export type NewPersonalia = Pick<DevicePersonalia, 'home' | 'seat' | 'group' | 'underLegalHold'>;

export interface DeviceRecords {
  /**
   * Signs the first record of a device before its first enrollment. Orders cannot exempt such a device yet. The caller stores the record
   * together with the device.
   */
  first(device: DeviceId, personalia: NewPersonalia): RecordRow;
  reissue(device: DeviceId): Promise<boolean>;
  /**
   * Signs new records of the devices that the current revision of an order exempts, but that the earlier revision `before` did not exempt.
   */
  follow(order: string, before: Revision | undefined): Promise<void>;
  /**
   * Signs new device records for all devices that orders exempt, if the content of the record changed. The server calls this method at its
   * start, because a crash after an adoption may have left records unsigned.
   */
  reissueAllExempt(): Promise<void>;
}

export function createDeviceRecords(ports: {
  readonly orders: Pick<OrderStore, 'exemptions' | 'exemptionsOf'>;
  readonly store: DeviceRecordStore;
  readonly fleet: Pick<FleetPort, 'personalia'>;
  readonly state: AdoptedOrders;
  readonly clock: Clock;
  readonly online: Signer;
  readonly installation: string;
  readonly floor: number;
  readonly reissued: (device: DeviceId) => void;
}): DeviceRecords {
  const { orders, store, fleet, state, clock, online, installation, floor, reissued } = ports;
  const exemptionsOf = createBatcher(async (devices: readonly DeviceId[]) =>
    Map.groupBy(await orders.exemptionsOf(devices), ({ device }) => device),
  );
  /**
   * Orders for which signing a device record failed, for example because the database was unavailable. The next change of such an order
   * covers the records of all its exempt devices, not only of the newly exempt ones.
   */
  const unfinished = new Set<string>();

  async function reissue(device: DeviceId): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const now = clock.now();
      const personalia = await fleet.personalia(device);
      if (!personalia) return false;
      const accepted = state.accepted();
      const salts = ((await exemptionsOf(device)) ?? []).filter(
        (each) => accepted.get(each.order)?.revision.revision === each.revision,
      );
      const before = await store.record(device);
      const next = nextRecord({ installation, device, personalia, salts, before, floor, now, online });
      if (!next) return false;
      try {
        await store.saveRecord(device, next);
      } catch (error) {
        if (!isCordonError(error, 'conflict') || attempt === ATTEMPTS) throw error;
        continue;
      }
      reissued(device);
      return true;
    }
  }

  /** Signs new records of several devices. If one record fails, the others are signed nevertheless. */
  async function reissueAll(devices: Iterable<DeviceId>): Promise<void> {
    const failed: unknown[] = [];
    for (const some of slices([...devices], AT_ONCE)) {
      for (const done of await Promise.allSettled(some.map(reissue))) {
        if (done.status === 'rejected') failed.push(done.reason);
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  return {
    first: (device, known) => {
      const personalia = { ...known, generation: 1, statement: null };
      return firstRecord({ installation, device, personalia, salts: [], floor, now: clock.now(), online });
    },
    reissue,
    follow: async (order, before) => {
      const revision = state.accepted().get(order)?.revision;
      if (!revision) return;
      // A device that remains exempt keeps its salt, so its device record does not change.
      const had = new Set(unfinished.has(order) ? [] : before?.exempt.map(({ commitment }) => commitment));
      if (revision.exempt.every(({ commitment }) => had.has(commitment))) return;
      unfinished.add(order);
      const exempt = await orders.exemptions(order, revision.revision);
      await reissueAll(exempt.filter(({ commitment }) => !had.has(commitment)).map(({ device }) => device));
      unfinished.delete(order);
    },
    reissueAllExempt: async () => {
      const now = clock.now();
      const devices = new Set<DeviceId>();
      for (const { order, revision, withdrawn, until } of state.rules()) {
        if (withdrawn || (until !== null && now >= until)) continue;
        for (const { device } of await orders.exemptions(order, revision)) devices.add(device);
      }
      await reissueAll(devices);
    },
  };
}
