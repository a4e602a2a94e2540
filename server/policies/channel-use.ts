/** Number of devices on each update channel, and of those whose agent has the version of the channel. */
import { digestOf } from '../../shared/policy/policy-digest.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { channelTargetSchema, type UpdateChannel } from '../../shared/software/update-channel.ts';
import type { AssignedPolicies } from './assigned-policies.ts';
import type { PolicyStore, Scope } from './ports.ts';
import type { LastResult } from './rehearsal.ts';

export interface ChannelUse {
  readonly devices: number;
  readonly met: number;
  readonly notMet: number;
}

const SETTING = 'agent.update-channel';
const SLICE = 500;

export async function channelUse(
  store: Pick<PolicyStore, 'devices' | 'groupsOf'>,
  lastResults: (devices: readonly DeviceId[]) => Promise<ReadonlyMap<DeviceId, readonly LastResult[]>>,
  policies: AssignedPolicies,
  scope: Scope,
): Promise<ReadonlyMap<UpdateChannel, ChannelUse>> {
  const found = new Map<UpdateChannel, { devices: number; met: number; notMet: number }>();
  // Most installations use no channel. They need no query.
  const groups = policies.groupsWith(SETTING);
  for (let last: DeviceId | null = null; groups.length > 0; ) {
    const slice: DeviceId[] = await store.devices({ scope, groups, after: last, limit: SLICE });
    const [groupsOf, results] = await Promise.all([store.groupsOf(slice), lastResults(slice)]);
    for (const device of slice) {
      const { settings } = policies.effective(device, groupsOf.get(device) ?? []);
      const value = settings.find(({ setting }) => setting === SETTING)?.value;
      const target = channelTargetSchema.safeParse(value).data;
      if (!target) continue;
      const use = found.get(target.channel) ?? { devices: 0, met: 0, notMet: 0 };
      const known = results.get(device)?.find((each) => each.setting === SETTING && each.value === digestOf(value));
      use.devices += 1;
      if (known?.status === 'met') use.met += 1;
      if (known?.status === 'not-met') use.notMet += 1;
      found.set(target.channel, use);
    }
    if (slice.length < SLICE) break;
    last = slice.at(-1) ?? null;
    // The work pauses between two slices, so that other tasks of the server can run.
    await new Promise(setImmediate);
  }
  return found;
}
