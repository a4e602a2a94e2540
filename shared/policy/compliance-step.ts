/**
 * Compliance of a device: pure decisions from the effective policy, the check results and the time. The caller stores the record and carries
 * out the actions.
 */
import { type CheckResult, type CheckStatus, MOST_SETTINGS } from './check-results.ts';
import type { ComplianceState } from './compliance-states.ts';
import type { EffectiveSetting } from './effective-policy.ts';
import { COMPLIANCE_ACTIONS, type ComplianceAction } from './policy-document.ts';

/** Stored facts between two steps. Times are Unix milliseconds of the server clock. */
export interface ComplianceRecord {
  /** Failed settings, with the time of the first failed check. */
  readonly failing: Readonly<Record<string, number>>;
  /** Actions that are in effect, with their times. */
  readonly taken: Readonly<Partial<Record<ComplianceAction, number>>>;
}

export const NO_RECORD: ComplianceRecord = { failing: {}, taken: {} };

export interface Countdown {
  readonly action: ComplianceAction;
  readonly at: number;
  /** Failed settings that require the action at this time. */
  readonly settings: readonly string[];
}

export interface ComplianceStep {
  readonly state: ComplianceState;
  readonly record: ComplianceRecord;
  /** Actions to carry out now, the mildest first. */
  readonly begin: readonly ComplianceAction[];
  /** Actions to reverse now. A wipe and a notice cannot be reversed. */
  readonly reverse: readonly ComplianceAction[];
  /** Future actions, the next one first. */
  readonly countdown: readonly Countdown[];
  /** Time of the next step without a new report; null if only a report can change the state. */
  readonly nextAt: number | null;
}

const HOUR = 3_600_000;

export function statusOf(results: readonly CheckResult[], setting: string): CheckStatus | null {
  return results.find((each) => each.setting === setting)?.status ?? null;
}

/** Next state of a device. `results`: results for the present values; a setting without a result is unknown. */
export function stepCompliance(
  effective: readonly EffectiveSetting[],
  results: readonly CheckResult[],
  before: ComplianceRecord,
  now: number,
): ComplianceStep {
  const settings = effective.slice(0, MOST_SETTINGS);
  // If a setting failed and can no longer be checked, it stays failed. Otherwise a user could end the consequences by hiding the state, or
  // with an agent that does not support the setting.
  const failing = settings.filter(({ setting }) => {
    const status = statusOf(results, setting);
    const unchecked = status === 'unknown' || status === 'not-supported';
    return status === 'not-met' || (unchecked && before.failing[setting] !== undefined);
  });
  const since = (setting: string): number => Math.min(before.failing[setting] ?? now, now);

  const demands = COMPLIANCE_ACTIONS.flatMap((action): Countdown[] => {
    const times = failing.flatMap(({ setting, compliance }) =>
      compliance.actions
        .filter((each) => each.action === action)
        .map(({ afterHours }) => ({ setting, at: since(setting) + afterHours * HOUR })),
    );
    if (times.length === 0) return [];
    const at = Math.min(...times.map((each) => each.at));
    return [{ action, at, settings: times.filter((each) => each.at === at).map(({ setting }) => setting) }];
  });
  const due = demands.filter(({ at }) => at <= now).map(({ action }) => action);
  const countdown = demands.filter(({ at }) => at > now).sort((a, b) => a.at - b.at);
  const begin = due.filter((action) => before.taken[action] === undefined);
  const ended = COMPLIANCE_ACTIONS.filter((action) => before.taken[action] !== undefined && !due.includes(action));

  // An unlock makes a new workspace after a wipe, so the server never unlocks a wiped workspace by itself.
  const isWiped = before.taken['wipe-workspace'] !== undefined || begin.includes('wipe-workspace');
  const reverse = ended.filter((action) => action === 'restrict-services' || (action === 'lock-workspace' && !isWiped));
  const graceEnds = failing.map(({ setting, compliance }) => since(setting) + compliance.graceHours * HOUR);
  const nextTimes = [...countdown.map(({ at }) => at), ...graceEnds].filter((at) => at > now);

  return {
    state: stateOf(settings, results, graceEnds, now),
    record: {
      failing: Object.fromEntries(failing.map(({ setting }) => [setting, since(setting)])),
      taken: Object.fromEntries([
        ...COMPLIANCE_ACTIONS.flatMap((action) => {
          const at = before.taken[action];
          return at === undefined || ended.includes(action) ? [] : [[action, at]];
        }),
        ...begin.map((action) => [action, now]),
      ]),
    },
    begin,
    reverse,
    countdown,
    nextAt: nextTimes.length === 0 ? null : Math.min(...nextTimes),
  };
}

/**
 * State of a device. A setting that the device does not support counts neither as met nor as failed. A device that supports no setting of
 * its policies is therefore unknown, not compliant.
 */
function stateOf(
  settings: readonly EffectiveSetting[],
  results: readonly CheckResult[],
  graceEnds: readonly number[],
  now: number,
): ComplianceState {
  if (settings.length === 0) return 'no-policy';
  if (graceEnds.length > 0) return graceEnds.some((at) => at <= now) ? 'not-compliant' : 'in-grace';
  const statuses = settings.map(({ setting }) => statusOf(results, setting) ?? 'unknown');
  return statuses.includes('met') && !statuses.includes('unknown') ? 'compliant' : 'unknown';
}
