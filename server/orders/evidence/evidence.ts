/** Evidence about orders: rollouts, explanations of past verdicts, and the audit of readers of withheld orders. */
import type { Explanation } from '../../../shared/api/explanation.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import type { AffectedDeviceStore } from '../effect/affected-devices.ts';
import type { ExecutionStore } from '../effect/executions.ts';
import type { DeviceStateStore, Rehearsal } from '../impact/rehearsal.ts';
import type { ApproverStore, JurisdictionPort, OrderStore } from '../ports.ts';
import { explain } from './explanation.ts';
import { createOrderReadings, type OrderReadings, type ReadingStore } from './order-readings.ts';
import type { Receipts } from './receipts.ts';
import { createRollout, type OrderRollout, type RolloutStore } from './rollout.ts';

export interface Evidence extends OrderReadings {
  rollout(order: string): Promise<OrderRollout>;
  /**
   * Explains which services orders suspended for a device at a past time. Throws `beyond_retention` for a time whose evidence was deleted,
   * `invalid_input` for a future time, and `not_found` for a time before the device's enrollment.
   */
  explain(device: DeviceId, at: Instant): Promise<Explanation>;
}

export function createEvidence(ports: {
  readonly orders: OrderStore;
  readonly approvers: Pick<ApproverStore, 'people'>;
  readonly executions: Pick<AffectedDeviceStore, 'recordedAffected'> & Pick<ExecutionStore, 'executions'>;
  readonly rollouts: RolloutStore;
  readonly deviceStates: DeviceStateStore;
  readonly readings: ReadingStore;
  readonly receipts: Pick<Receipts, 'ofDevice'>;
  readonly adopted: AdoptedOrders;
  readonly rehearsal: Rehearsal;
  readonly jurisdiction: Pick<JurisdictionPort, 'past'>;
  readonly clock: Clock;
}): Evidence {
  const { orders, approvers, adopted, receipts, rehearsal, jurisdiction, clock } = ports;
  const { read, readings } = createOrderReadings({
    store: ports.readings,
    orders,
    approvers,
    state: adopted,
    clock,
  });
  const { progress } = createRollout({
    orders,
    executions: ports.executions,
    store: ports.rollouts,
    deviceStates: ports.deviceStates,
    state: adopted,
    rehearsal,
    clock,
  });
  return {
    read,
    readings: async (order) => {
      await orderOf(orders, order);
      return readings(order);
    },
    rollout: progress,
    explain: async (device, at) => {
      const past = await jurisdiction.past(device, at);
      const exemptions = await orders.exemptionsOf([device]);
      const ofDevice = await receipts.ofDevice(device);
      const accepted = adopted.acceptedAt(at);
      return explain({ device, past, accepted, exemptions, receipts: ofDevice, now: clock.now() });
    },
  };
}
