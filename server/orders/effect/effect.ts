/**
 * Effect of adopted orders on devices. This module caches verdicts, signs device records, and records when orders took effect and which
 * devices they affected.
 */
import { CordonError } from '../../../shared/errors.ts';
import { createBatcher } from '../../../shared/loops/batcher.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderRule, Verdict } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import type { DeviceChanges } from '../../bus/device-changes.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import type { DeviceRecordStore, FleetPort, JurisdictionPort, Log, OrderStore, RecordRow } from '../ports.ts';
import { type AffectedDeviceStore, createAffectedDevices } from './affected-devices.ts';
import type { ReadDeviceFacts } from './device-facts.ts';
import { createDeviceRecords } from './device-records.ts';
import { createExecutions, type ExecutionStore } from './executions.ts';
import { createVerdicts } from './verdicts.ts';

export interface ChangedOrder {
  readonly order: string;
  readonly rule: OrderRule | undefined;
  readonly revision: Revision | undefined;
}

export interface Effect {
  /** Verdict from the cache; undefined if the cache has no verdict for the device. */
  cachedVerdict(device: DeviceId): Verdict | undefined;
  /** Verdict for the device. Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  record(device: DeviceId): Promise<RecordRow | null>;
  /** Signs a new device record and wakes the device if the facts in the record changed. Returns true for a new record. */
  reissueRecord(device: DeviceId): Promise<boolean>;
  /**
   * Updates device records and verdicts after orders changed, and wakes devices. `device` is an additional device whose own exemptions
   * changed.
   */
  follow(changes: readonly ChangedOrder[], device?: DeviceId): Promise<void>;
  /**
   * Records in the ledger all orders that have taken effect or ended. Without these ledger entries, the verification of an evidence pack
   * fails. Never rejects, because a failure must not prevent a pause or withdrawal.
   */
  recordExecutions(): Promise<void>;
  /** Starts the module. First records and applies orders that took effect or ended while no server ran. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createEffect(ports: {
  readonly orders: Pick<OrderStore, 'exemptions' | 'exemptionsOf'>;
  readonly store: DeviceRecordStore;
  readonly executions: ExecutionStore & AffectedDeviceStore;
  readonly adopted: AdoptedOrders;
  /** True if the order is withheld from the public at the given time. */
  readonly withheld: (order: string, at: Instant) => boolean;
  readonly facts: ReadDeviceFacts;
  readonly jurisdiction: Pick<JurisdictionPort, 'affectedBy'>;
  readonly fleet: FleetPort;
  readonly changes: Pick<DeviceChanges, 'follow'>;
  /**
   * Devices for which the revision currently denies a service. The last known location of an offline device counts even after it has
   * expired.
   */
  readonly denied: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly online: Signer;
  readonly installation: string;
  /** Highest version of a device record that any device may have received before a restore. */
  readonly recordFloor: number;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
}): Effect {
  const { store, adopted, clock, bus, log } = ports;
  const { rules } = adopted;
  const verdicts = createVerdicts({
    clock,
    bus,
    log,
    rules,
    facts: createBatcher(ports.facts),
    affectedBy: ports.jurisdiction.affectedBy,
  });
  const affected = createAffectedDevices({ store: ports.executions, clock, rules, denied: ports.denied, log });
  const executions = createExecutions({
    ...ports,
    store: ports.executions,
    rules,
    recorded: () => affected.request(),
  });
  const records = createDeviceRecords({
    ...ports,
    state: adopted,
    floor: ports.recordFloor,
    reissued: (device) => {
      verdicts.invalidate([device]);
      bus.publish({ kind: 'device', device });
    },
  });

  ports.changes.follow({
    deviceChanged: async (device) => {
      await records.reissue(device);
      verdicts.invalidate([device]);
    },
    devicesMoved: verdicts.invalidate,
  });
  adopted.publisher.onChange(() => {
    verdicts.rulesChanged();
    executions.request();
    // Record affected devices at every change, because a new revision of an active order can affect more devices without a new start of the
    // order.
    affected.request();
  });

  return {
    cachedVerdict: verdicts.cached,
    verdict: async (device) => {
      const verdict = await verdicts.verdict(device);
      if (verdict) return verdict;
      throw new CordonError('device_unknown', `There is no device ${device}.`, { device });
    },
    record: store.record.bind(store),
    reissueRecord: records.reissue,
    follow: async (changes, device) => {
      try {
        // Sign the device records first, so that the new order list never suspends a newly exempt device.
        for (const { order, revision } of changes) await records.follow(order, revision);
        if (device) await records.reissue(device);
      } finally {
        adopted.publisher.announceChange();
      }
      for (const { order, rule: before } of changes) {
        const after = rules().find((rule) => rule.order === order);
        for (const rule of [before, after]) if (rule) await verdicts.wakeAffected(rule);
      }
    },
    recordExecutions: () => executions.run(),
    start: async () => {
      await records.reissueAllExempt();
      verdicts.rulesChanged();
      await executions.run();
      affected.request();
    },
    stop: async () => {
      await verdicts.stop();
      await executions.stop();
      await affected.stop();
    },
  };
}
