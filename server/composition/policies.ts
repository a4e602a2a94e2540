import type { Signer } from '../../shared/order/dsse.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { soloLimit } from '../admins/action-policy.ts';
import type { Bus } from '../bus/bus.ts';
import type { Commands } from '../commands/commands.ts';
import { createCompliance } from '../compliance/compliance.ts';
import type { Devices } from '../devices/devices.ts';
import { createPolicies } from '../policies/policies.ts';
import { ComplianceStore } from '../store/compliance-store.ts';
import type { Database } from '../store/database.ts';
import { PolicyStore } from '../store/policy-store.ts';
import { UnlockShareStore } from '../store/unlock-share-store.ts';

interface PoliciesBase {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly installation: string;
  readonly online: Signer;
}

/** Policies of devices, and the compliance of devices with them. */
export function connectPolicies(
  { database, bus, clock, installation, online }: PoliciesBase,
  { devices, commands }: { readonly devices: Pick<Devices, 'get' | 'raiseAlert'>; readonly commands: Commands },
) {
  const store = new ComplianceStore(database);
  const shares = new UnlockShareStore(database);
  const devicePolicies = createPolicies({
    store: new PolicyStore(database),
    lastResults: store.results,
    bus,
    clock,
  });
  const compliance = createCompliance({
    store,
    policies: devicePolicies,
    commands,
    devices,
    wipeLimit: soloLimit,
    shareOfLock: (request) => shares.shareOfLock(request),
    installation,
    online,
    bus,
    clock,
  });
  return { devicePolicies, compliance };
}
