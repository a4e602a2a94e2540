/** Impact preview of a policy change: the devices that would get other values, and those that already meet the new values. */
import type { CheckResult } from '../../shared/policy/check-results.ts';
import { valuesOf } from '../../shared/policy/effective-policy.ts';
import { digestOf } from '../../shared/policy/policy-digest.ts';
import { compareSettings, type SettingDifference } from '../../shared/policy/policy-document.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { AssignedPolicies, EffectivePolicy } from './assigned-policies.ts';
import type { PolicyStore, Scope } from './ports.ts';

/** Last result of a setting, with the digest of the value that the device checked. */
export interface LastResult extends CheckResult {
  readonly value: string;
}

export interface SettingImpact {
  readonly setting: string;
  /** Number of devices that would get another value. */
  readonly devices: number;
  /** Number of these devices whose last report says that they meet, or do not meet, the new value. */
  readonly met: number;
  readonly notMet: number;
}

export interface Rehearsal {
  /** Number of devices of the groups that are within the scope. */
  readonly devices: number;
  /** Number of devices that would get other values. */
  readonly changed: number;
  /** Number of devices whose grace period or actions would change, for at least one setting. */
  readonly otherActions: number;
  readonly settings: readonly SettingImpact[];
  readonly examples: readonly { readonly device: DeviceId; readonly differences: readonly SettingDifference[] }[];
  /** Devices that would get other values, another grace period or other actions. */
  readonly changedDevices: readonly DeviceId[];
}

const SLICE = 200;
const MOST_EXAMPLES = 50;

export async function rehearse(
  store: Pick<PolicyStore, 'devices' | 'groupsOf'>,
  lastResults: (devices: readonly DeviceId[]) => Promise<ReadonlyMap<DeviceId, readonly LastResult[]>>,
  {
    before,
    after,
    groups,
    scope,
  }: {
    readonly before: AssignedPolicies;
    readonly after: AssignedPolicies;
    readonly groups: readonly GroupId[];
    readonly scope: Scope;
  },
): Promise<Rehearsal> {
  const impacts = new Map<string, { devices: number; met: number; notMet: number }>();
  const examples: { device: DeviceId; differences: SettingDifference[] }[] = [];
  const changedDevices: DeviceId[] = [];
  // Devices with the same policies share one object, so the texts are few.
  const texts = new Map<EffectivePolicy, string>();
  const rulesOf = (policy: EffectivePolicy): string => {
    const known = texts.get(policy) ?? JSON.stringify(policy.settings.map((each) => [each.setting, each.compliance]));
    texts.set(policy, known);
    return known;
  };
  let [devices, changed, otherActions] = [0, 0, 0];
  for (let last: DeviceId | null = null; ; ) {
    const slice: DeviceId[] = await store.devices({ scope, groups, after: last, limit: SLICE });
    const [groupsOf, results] = await Promise.all([store.groupsOf(slice), lastResults(slice)]);
    devices += slice.length;
    for (const device of slice) {
      const own = groupsOf.get(device) ?? [];
      const [old, next] = [before.effective(device, own), after.effective(device, own)];
      if (old === next) continue;
      const sameRules = rulesOf(old) === rulesOf(next);
      if (!sameRules) otherActions += 1;
      if (!sameRules || old.digest !== next.digest) changedDevices.push(device);
      if (old.digest === next.digest) continue;
      changed += 1;
      const differences = compareSettings(valuesOf(old.settings), valuesOf(next.settings));
      if (examples.length < MOST_EXAMPLES) examples.push({ device, differences });
      for (const { setting, to } of differences) {
        const impact = impacts.get(setting) ?? { devices: 0, met: 0, notMet: 0 };
        const known = results.get(device)?.find((each) => each.setting === setting && each.value === digestOf(to));
        impact.devices += 1;
        if (known?.status === 'met') impact.met += 1;
        if (known?.status === 'not-met') impact.notMet += 1;
        impacts.set(setting, impact);
      }
    }
    if (slice.length < SLICE) break;
    last = slice.at(-1) ?? null;
    // The work pauses between two slices, so that other tasks of the server can run.
    await new Promise(setImmediate);
  }
  const settings = [...impacts].map(([setting, impact]) => ({ setting, ...impact }));
  return {
    devices,
    changed,
    otherActions,
    settings: settings.sort((a, b) => (a.setting < b.setting ? -1 : 1)),
    examples,
    changedDevices,
  };
}
