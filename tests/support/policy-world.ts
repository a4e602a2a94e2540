/** Policies and compliance over a real store, on a clock that the test drives. */
import { generateKeyPairSync } from 'node:crypto';
import { LocalBus } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { connectPolicies } from '../../server/composition/policies.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { readPublicKey, signerOf } from '../../shared/order/dsse.ts';
import type { CheckStatus } from '../../shared/policy/check-results.ts';
import type { PolicyDocument } from '../../shared/policy/policy-document.ts';
import type { AccountId, CommandId, DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { testPersonKeys } from './person-keys.ts';

export const BY = 'acc_aaaaaaaaaaaaaaaa' as AccountId;
export const HOUR = 3_600_000;
export const START = Date.parse('2015-11-20T09:00:00Z');

/** Firewall required: a message at once, and a lock after 48 hours. */
export const FIREWALL: PolicyDocument = {
  settings: { 'firewall.enabled': true },
  compliance: {
    graceHours: 24,
    actions: [
      { action: 'notify', afterHours: 0 },
      { action: 'lock-workspace', afterHours: 48 },
    ],
  },
};

export async function openPolicyWorld(database: Database) {
  const clock = new DrivenClock(START);
  const bus = new LocalBus();
  const keys = testPersonKeys();
  const devices = createDevices({
    ...deviceStores(database, keys),
    bus,
    clock,
    followers: { deviceChanged: async (device) => bus.publish({ kind: 'device', device }) },
  });
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
  });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const online = signerOf(privateKey);
  const failures: unknown[] = [];
  const open = async () => {
    const managed = connectPolicies({ database, bus, clock, installation: 'ins_test', online }, { devices, commands });
    const stop = await managed.compliance.start((error) => failures.push(error));
    return { ...managed, stop };
  };
  let { devicePolicies, compliance, stop } = await open();

  return {
    clock,
    bus,
    devices,
    commands,
    failures,
    /** Key that verifies statements of compliance. */
    onlineKey: readPublicKey(publicKey.export({ type: 'spki', format: 'der' }).toString('base64')),
    get policies() {
      return devicePolicies;
    },
    get compliance() {
      return compliance;
    },
    /** Stops the work, and starts it anew over the same store, as a server does after a restart. */
    async restart(): Promise<void> {
      await stop();
      ({ devicePolicies, compliance, stop } = await open());
      await compliance.settled();
    },
    stop: () => stop(),
    /** Creates a policy, rolls out its first version to all devices, and assigns it. */
    async apply(name: string, document: PolicyDocument, groups: readonly GroupId[]) {
      const { id } = await devicePolicies.create(name, document, '', BY);
      await devicePolicies.rollOut(id, 1, 100, BY);
      const policy = await devicePolicies.assign(id, groups, BY);
      await compliance.settled();
      return policy;
    },
    /** Report of a device about its effective settings: all met except the named statuses. */
    async report(
      device: DeviceId,
      statuses: Readonly<Record<string, CheckStatus>> = {},
      generation = 1,
    ): Promise<void> {
      const policy = (await devicePolicies.effectiveFor([device])).get(device);
      const results = (policy?.settings ?? []).map(({ setting }) => ({
        setting,
        status: statuses[setting] ?? ('met' as const),
        detail: '',
      }));
      await compliance.report(device, generation, { digest: policy?.digest ?? '', at: 1, results });
    },
    /** Jumps forward, and waits for the steps that are due. */
    async pass(hours: number): Promise<void> {
      clock.jump(clock.now() + hours * HOUR);
      await compliance.settled();
    },
    kinds: async (device: DeviceId): Promise<string[]> =>
      (await commands.list(device)).map(({ command }) => command.kind).reverse(),
    /** The device reports that it has carried out its newest command of this kind. */
    async finish(device: DeviceId, kind: string): Promise<CommandId> {
      const found = (await commands.list(device)).find(({ command }) => command.kind === kind);
      if (!found) throw new Error(`there is no command ${kind}`);
      await commands.finished(device, 1, { command: found.id, outcome: 'done', detail: '' });
      return found.id;
    },
  };
}
