/**
 * Effect of adopted orders on devices.
 * - Caches the verdict on each device: the decision which services the orders suspend.
 * - Signs device records (signed documents that tell a device its exemptions).
 * - Records when orders took effect and which devices they affected.
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
import { createDeviceRecords, type NewPersonalia } from './device-records.ts';
import { createExecutions, type ExecutionStore } from './executions.ts';
import { createVerdicts } from './verdicts.ts';

export interface ChangedOrder {
  readonly order: string;
  readonly rule: OrderRule | undefined;
  readonly revision: Revision | undefined;
}

export interface Effect {
  cachedVerdict(device: DeviceId): Verdict | undefined;
  /** Decides which services are suspended for a device at present. Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  record(device: DeviceId): Promise<RecordRow | null>;
  /** Version of the device's record; 0 without a record. */
  recordVersion(device: DeviceId): Promise<number>;
  /** Signs the record of a device before its first enrollment. The caller stores the record together with the device. */
  firstRecord(device: DeviceId, personalia: NewPersonalia): RecordRow;
  /** If the content of the device record changed, signs a new record, notifies the device and returns true. */
  reissueRecord(device: DeviceId): Promise<boolean>;
  /**
   * Updates device records and verdicts after orders changed, and notifies the devices. `device` is an additional device whose own
   * exemptions changed.
   */
  follow(changes: readonly ChangedOrder[], device?: DeviceId): Promise<void>;
  /**
   * Records in the ledger all orders that have taken effect or ended. The server calls this method before every action on an order, because
   * evidence packs without these entries fail the verification. Never rejects, because a failed write must not prevent a pause or
   * withdrawal.
   */
  recordExecutions(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createEffect(ports: {
  readonly orders: Pick<OrderStore, 'exemptions' | 'exemptionsOf'>;
  readonly store: DeviceRecordStore;
  readonly executions: ExecutionStore & AffectedDeviceStore;
  readonly adopted: AdoptedOrders;
  readonly withheld: (order: string, at: Instant) => boolean;
  readonly facts: ReadDeviceFacts;
  readonly jurisdiction: Pick<JurisdictionPort, 'affectedBy'>;
  readonly fleet: FleetPort;
  readonly changes: Pick<DeviceChanges, 'follow'>;
  readonly denied: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly online: Signer;
  readonly installation: string;
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
    // Affected devices are recorded at every change, because a new revision of an active order can affect more devices although the order
    // does not start again.
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
    recordVersion: store.version.bind(store),
    firstRecord: records.first,
    reissueRecord: records.reissue,
    follow: async (changes, device) => {
      try {
        // The server signs device records first, so that the new order list never suspends a newly exempt device.
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
