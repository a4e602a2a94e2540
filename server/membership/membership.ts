/**
 * Verified devices: the server certifies the owner of each messaging key, stores the organization's countersignatures, and proves both by
 * the ledger. The server alone cannot verify a device: devices also require a signature by the organization key, which no server has.
 */
import type { Signer } from '../../shared/order/dsse.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createCountersignatures } from './countersignatures.ts';
import { createMessagingKeys, type KeyOwners } from './messaging-keys.ts';
import { createSettledApproverSet } from './organization-keys.ts';
import type {
  ApproverSetPort,
  CountersignatureStore,
  LedgerPort,
  Log,
  MessagingKeyStore,
  VerifiedDeviceStore,
} from './ports.ts';
import { announceEndedDevices, createVerifiedDevices } from './verified-devices.ts';

export interface MembershipStores {
  readonly keys: MessagingKeyStore;
  readonly countersignatures: CountersignatureStore;
  readonly verified: VerifiedDeviceStore;
}

export type Membership = ReturnType<typeof createMembership>;

export function createMembership(
  ports: KeyOwners & {
    readonly installation: string;
    readonly stores: MembershipStores;
    readonly approverSets: ApproverSetPort;
    readonly ledger: LedgerPort;
    readonly online: Signer;
    readonly bus: Bus;
    readonly clock: Clock;
    readonly log: Log;
  },
) {
  const { installation, stores, approverSets, ledger, online, devices, people, bus, clock, log } = ports;
  const settled = createSettledApproverSet(approverSets, stores.countersignatures);
  return {
    ...createMessagingKeys({
      installation,
      store: stores.keys,
      approverSets,
      online,
      owners: { devices, people },
      bus,
      clock,
    }),
    ...createCountersignatures({ store: stores.countersignatures, settled, ledger, bus, clock, log }),
    ...createVerifiedDevices(stores.verified, ledger, settled),
    stop: announceEndedDevices(stores.verified, bus, log),
  };
}
