import type { DeviceComplianceView } from '../../../shared/api/compliance.ts';
import { CATALOG, isSettingId } from '../../../shared/policy/catalog.ts';
import type { CheckStatus } from '../../../shared/policy/check-results.ts';
import type { ComplianceState } from '../../../shared/policy/compliance-states.ts';
import type { ComplianceAction } from '../../../shared/policy/policy-document.ts';

export const STATE_NAMES: Readonly<Record<ComplianceState, string>> = {
  compliant: 'Compliant',
  'in-grace': 'In grace period',
  'not-compliant': 'Not compliant',
  unknown: 'Unknown',
  'no-policy': 'No policy',
};
/** Name of the filter for `in-grace` and `not-compliant`. */
export const FAILING_NAME = 'Not compliant or in grace period';
export const STATE_COLORS: Readonly<Record<ComplianceState, string>> = {
  compliant: 'green',
  'in-grace': 'yellow',
  'not-compliant': 'red',
  unknown: 'gray',
  'no-policy': 'gray',
};
export const STATE_MEANINGS: Readonly<Record<ComplianceState, string>> = {
  compliant: 'Meets every setting that the device supports',
  'in-grace': 'A check failed, and the grace period runs',
  'not-compliant': 'The grace period has ended',
  unknown: 'Not reported, not readable, or no setting supported',
  'no-policy': 'No policy applies',
};

export const STATUS_NAMES: Readonly<Record<CheckStatus, string>> = {
  met: 'Met',
  'not-met': 'Not met',
  unknown: 'Unknown',
  'not-supported': 'Not supported',
};
export const STATUS_COLORS: Readonly<Record<CheckStatus, string>> = {
  met: 'green',
  'not-met': 'red',
  unknown: 'yellow',
  'not-supported': 'gray',
};

export const ACTION_NAMES: Readonly<Record<ComplianceAction, string>> = {
  notify: 'Message to the user',
  'restrict-services': 'Restrict messaging and mail',
  'lock-workspace': 'Lock workspace',
  'wipe-workspace': 'Wipe workspace',
};
export const ACTION_EFFECTS: Readonly<Record<ComplianceAction, string>> = {
  notify: 'The server sends a message to the user',
  'restrict-services': 'The server stops messages and mail of the device',
  'lock-workspace': 'The server locks the workspace',
  'wipe-workspace': 'The server wipes the workspace',
};

export const settingTitle = (setting: string): string => (isSettingId(setting) ? CATALOG[setting].title : setting);

/** Sentence that says whether the device applied the setting itself, only checks it, or does not change it. */
export function applicationText({ setting, applied }: DeviceComplianceView['settings'][number]): string {
  if (applied) return 'Applied by the device.';
  return isSettingId(setting) && CATALOG[setting].apply === null ? 'Only checked.' : 'Not changed by the device.';
}

/** Sentence about the policy that gives a setting its value. */
export function reasonText({ name, version, because, over }: DeviceComplianceView['settings'][number]): string {
  const source = `From version ${version} of the policy “${name}”`;
  if (because === 'only') return `${source}, the only policy with this setting.`;
  return `${source}, which has precedence over ${over.map((each) => `“${each.name}”`).join(' and ')}.`;
}
