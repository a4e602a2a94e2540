/**
 * Effective policy of a device: for each setting the value, the policy that gives it, and the reason. The functions are pure.
 *
 * Precedence is total. Policies are in one list of the organization, and the policy with the lower number has precedence. Equal numbers are
 * ordered by the identifier of the policy. The result does not depend on the order of the arguments.
 */
import { SETTING_IDS, type SettingId } from './catalog.ts';
import type { ComplianceRules, PolicyDocument } from './policy-document.ts';

/** Policy that is assigned to a group of the device, in the version that applies to the device. */
export interface AssignedPolicy {
  readonly policy: string;
  readonly name: string;
  readonly precedence: number;
  readonly version: number;
  /** Groups of the device to which the policy is assigned. */
  readonly groups: readonly string[];
  readonly document: PolicyDocument;
}

export interface Overruled {
  readonly policy: string;
  readonly name: string;
  readonly version: number;
  readonly value: unknown;
}

export interface EffectiveSetting {
  readonly setting: SettingId;
  readonly value: unknown;
  readonly policy: string;
  readonly name: string;
  readonly version: number;
  readonly groups: readonly string[];
  /**
   * Reason for the value. `only`: no other assigned policy has the setting. `precedence`: the policy has precedence over the policies in
   * `over`.
   */
  readonly because: 'only' | 'precedence';
  readonly over: readonly Overruled[];
  readonly compliance: ComplianceRules;
}

/** Order of precedence: negative if `a` has precedence over `b`. Zero only for the same policy. */
export function byPrecedence(
  a: Pick<AssignedPolicy, 'precedence' | 'policy'>,
  b: Pick<AssignedPolicy, 'precedence' | 'policy'>,
): number {
  return a.precedence - b.precedence || (a.policy < b.policy ? -1 : a.policy > b.policy ? 1 : 0);
}

/** Effective settings, in the order of the catalog. */
export function effectiveSettings(assigned: readonly AssignedPolicy[]): EffectiveSetting[] {
  const ordered = [...assigned].sort(byPrecedence);
  return SETTING_IDS.flatMap((setting) => {
    const [first, ...others] = ordered.filter(({ document }) => document.settings[setting] !== undefined);
    if (!first) return [];
    const { policy, name, version, groups, document } = first;
    return {
      setting,
      value: document.settings[setting],
      policy,
      name,
      version,
      groups: [...groups].sort(),
      because: others.length === 0 ? 'only' : 'precedence',
      over: others.map((other) => ({
        policy: other.policy,
        name: other.name,
        version: other.version,
        value: other.document.settings[setting],
      })),
      compliance: document.compliance,
    };
  });
}

export const valuesOf = (effective: readonly EffectiveSetting[]): Record<string, unknown> =>
  Object.fromEntries(effective.map(({ setting, value }) => [setting, value]));
