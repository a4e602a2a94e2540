/** Impact previews of a new IP database and of a new territory policy on existing orders. The previews store nothing. */
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import type { TerritoryMap } from '../../../shared/areas/territory-policy.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import type { JurisdictionPort, OrderStore } from '../ports.ts';
import { addressChange, type OrderChange } from './address-change.ts';
import { type PolicyChange, policyChange } from './policy-change.ts';
import type { Rehearsal } from './rehearsal.ts';

export interface ChangeImpact {
  /** Impact on announced and active orders if the devices' addresses were located in the given areas. */
  addresses(moved: ReadonlyMap<DeviceId, HomeArea | null>): Promise<OrderChange[]>;
  policy(policy: TerritoryMap): Promise<PolicyChange[]>;
}

export function createChangeImpact(ports: {
  readonly orders: Pick<OrderStore, 'exemptions' | 'exemptionsOf'>;
  readonly adopted: Pick<AdoptedOrders, 'accepted' | 'rules'>;
  readonly jurisdiction: Pick<JurisdictionPort, 'facts'>;
  readonly rehearsal: Pick<Rehearsal, 'rehearse'>;
  readonly clock: Pick<Clock, 'now'>;
}): ChangeImpact {
  const { orders, adopted, jurisdiction, rehearsal, clock } = ports;
  const adoptedNow = () => ({ accepted: adopted.accepted(), rules: adopted.rules(), now: clock.now() });
  return {
    addresses: (moved) => addressChange({ ...adoptedNow(), moved, jurisdiction, orders }),
    policy: (policy) => policyChange({ ...adoptedNow(), policy, orders, rehearsal }),
  };
}
