import { requiredSoftware } from '../../../shared/policy/required-software.ts';
import type { SystemSetting, SystemSettings } from '../../../shared/policy/system-settings.ts';
import { UPDATE_PACKAGES } from './automatic-updates.ts';

/**
 * Settings that contradict each other, with the reason. Without this, the helper would install and remove the same package in each round.
 * Pure.
 */
export function contradictionsIn(wanted: SystemSettings): ReadonlyMap<SystemSetting, string> {
  const forbidden = wanted['software.forbidden'] ?? [];
  const found = new Map<SystemSetting, string>();
  for (const [setting, names] of [
    ['software.required', (wanted['software.required'] ?? []).map((entry) => requiredSoftware(entry).name)],
    ['updates.automatic', wanted['updates.automatic'] ? UPDATE_PACKAGES : []],
  ] as const) {
    const both = names.filter((name) => forbidden.includes(name));
    if (both.length === 0) continue;
    const reason = `The policies of this device require and forbid ${both.join(', ')}. Correct one of the policies.`;
    found.set(setting, reason).set('software.forbidden', reason);
  }
  return found;
}
