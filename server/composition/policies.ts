import { CordonError } from '../../shared/errors.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { soloLimit } from '../admins/action-policy.ts';
import type { Bus } from '../bus/bus.ts';
import type { Commands } from '../commands/commands.ts';
import { createCompliance } from '../compliance/compliance.ts';
import type { Devices } from '../devices/devices.ts';
import { publishObstacle } from '../packages/package-people.ts';
import { createPolicies } from '../policies/policies.ts';
import { ComplianceStore } from '../store/compliance-store.ts';
import type { Database } from '../store/database.ts';
import { PackageStore } from '../store/package-store.ts';
import { PolicyStore } from '../store/policy-store.ts';
import { UnlockShareStore } from '../store/unlock-share-store.ts';
import { UpdateChannelStore } from '../store/update-channel-store.ts';
import { createUpdateChannels } from '../update-channels/update-channels.ts';
import { readPeople } from './read-people.ts';

interface PoliciesBase {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly installation: string;
  readonly online: Signer;
}

/** Policies of devices, their update channels, and the compliance of devices with them. */
export function connectPolicies(
  { database, bus, clock, installation, online }: PoliciesBase,
  { devices, commands }: { readonly devices: Pick<Devices, 'get' | 'raiseAlert'>; readonly commands: Commands },
) {
  const store = new ComplianceStore(database);
  const shares = new UnlockShareStore(database);
  const packages = new PackageStore(database);
  const updateChannels = createUpdateChannels({
    store: new UpdateChannelStore(database),
    getPackage: async (sha256) => {
      const found = await packages.get(sha256);
      if (found) return found;
      throw new CordonError('not_found', 'The server has no package with this digest. Upload the file.', { sha256 });
    },
    obstacle: async (stored, person) => publishObstacle(stored, person, await readPeople(database)),
    now: () => clock.now(),
    onPublished: () => bus.publish({ kind: 'policies' }),
  });
  const devicePolicies = createPolicies({
    store: new PolicyStore(database),
    channelTargets: updateChannels.targets,
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
  return { devicePolicies, updateChannels, compliance };
}
