/** Reads the facts on which a device's verdict depends: its location, home area, legal seat and exemptions. */
import { exemptionsFor } from '../../../shared/order/exemption.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { DeviceFacts } from '../../../shared/verdict/terms.ts';
import type { AdoptedOrders } from '../adoption/adopted-orders.ts';
import type { JurisdictionPort, OrderStore } from '../ports.ts';

/** Reads the location, home area, legal seat and exemptions of devices. Unknown devices are absent from the result. */
export type ReadDeviceFacts = (devices: readonly DeviceId[]) => Promise<ReadonlyMap<DeviceId, DeviceFacts>>;

export function createDeviceFacts(ports: {
  readonly jurisdiction: Pick<JurisdictionPort, 'facts'>;
  readonly orders: Pick<OrderStore, 'exemptionsOf'>;
  readonly adopted: Pick<AdoptedOrders, 'accepted'>;
}): ReadDeviceFacts {
  const { jurisdiction, orders, adopted } = ports;
  return async (devices) => {
    const locations = await jurisdiction.facts(devices);
    const exempt = Map.groupBy(await orders.exemptionsOf(devices), (row) => row.device);
    const revisions = [...adopted.accepted().values()].map(({ revision }) => revision);
    const facts = new Map<DeviceId, DeviceFacts>();
    for (const [device, location] of locations) {
      const exemptions = exemptionsFor(device, { device, exemptions: exempt.get(device) ?? [] }, revisions);
      facts.set(device, { ...location, exemptions, listExpires: null });
    }
    return facts;
  };
}
