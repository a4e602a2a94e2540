/** Content of one version of a policy: the desired settings, and the consequences for a device that does not meet them. */
import { z } from 'zod';
import { canonicalText } from '../order/canonical.ts';
import { type SettingId, settingsSchema, valueText } from './catalog.ts';

/** Actions against a device that does not comply, from the mildest to the most severe. */
export const COMPLIANCE_ACTIONS = ['notify', 'restrict-services', 'lock-workspace', 'wipe-workspace'] as const;
export type ComplianceAction = (typeof COMPLIANCE_ACTIONS)[number];

const DAY = 24;
export const LONGEST_GRACE = 90 * DAY;
const hours = z.int().min(0).max(LONGEST_GRACE);

/**
 * Consequences of a failed check. `graceHours`: hours from the first failed check during which the device counts as in grace. `afterHours`:
 * hours from the same time until an action.
 */
export const complianceRulesSchema = z
  .strictObject({
    graceHours: hours,
    actions: z
      .array(z.strictObject({ action: z.enum(COMPLIANCE_ACTIONS), afterHours: hours }))
      .max(COMPLIANCE_ACTIONS.length),
  })
  .superRefine(({ graceHours, actions }, context) => {
    const order = actions.map(({ action }) => COMPLIANCE_ACTIONS.indexOf(action));
    if (order.some((position, index) => index > 0 && position <= (order[index - 1] ?? -1))) {
      context.addIssue({ code: 'custom', path: ['actions'], message: 'has each action once, the mildest first' });
    }
    if (actions.some(({ afterHours }, index) => index > 0 && afterHours < (actions[index - 1]?.afterHours ?? 0))) {
      context.addIssue({ code: 'custom', path: ['actions'], message: 'has no graver action before a milder one' });
    }
    if (actions.some(({ action, afterHours }) => action !== 'notify' && afterHours < graceHours)) {
      context.addIssue({
        code: 'custom',
        path: ['actions'],
        message: 'restricts, locks or wipes only after the grace period',
      });
    }
  });
export type ComplianceRules = z.output<typeof complianceRulesSchema>;

export const policyDocumentSchema = z.strictObject({
  settings: settingsSchema.refine((settings) => Object.keys(settings).length > 0, 'has at least one setting'),
  compliance: complianceRulesSchema,
});
export type PolicyDocument = z.output<typeof policyDocumentSchema>;

export const wipes = ({ compliance }: Pick<PolicyDocument, 'compliance'>): boolean =>
  compliance.actions.some(({ action }) => action === 'wipe-workspace');

/** Difference of one setting between two versions. Null stands for a version without the setting. */
export interface SettingDifference {
  readonly setting: SettingId;
  readonly from: unknown;
  readonly to: unknown;
}

/** Settings whose values differ, in the order of their names. */
export function compareSettings(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
): SettingDifference[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .sort()
    .map((setting) => ({ setting: setting as SettingId, from: from[setting] ?? null, to: to[setting] ?? null }))
    .filter((each) => canonicalText(each.from) !== canonicalText(each.to));
}

/**
 * Both values of a difference as texts for people; null for a version without the setting. If both shortened texts are equal, the second
 * one says that the content changed.
 */
export function differenceTexts({
  setting,
  from,
  to,
}: Omit<SettingDifference, 'setting'> & { readonly setting: string }): [string | null, string | null] {
  const [before, after] = [from, to].map((value) => (value === null ? null : valueText(setting, value)));
  return [before ?? null, before === after && after ? `${after} (changed content)` : (after ?? null)];
}

/** Difference of the grace period or of one action between two versions, in hours. Null stands for a version without the action. */
export interface RuleDifference {
  readonly rule: 'grace-period' | ComplianceAction;
  readonly from: number | null;
  readonly to: number | null;
}

/** Differences of what follows if a device does not comply, from the mildest to the most severe. */
export function compareRules(from: ComplianceRules, to: ComplianceRules): RuleDifference[] {
  const hoursOf = ({ actions }: ComplianceRules, action: ComplianceAction) =>
    actions.find((each) => each.action === action)?.afterHours ?? null;
  const all: RuleDifference[] = [
    { rule: 'grace-period', from: from.graceHours, to: to.graceHours },
    ...COMPLIANCE_ACTIONS.map((rule) => ({ rule, from: hoursOf(from, rule), to: hoursOf(to, rule) })),
  ];
  return all.filter((each) => each.from !== each.to);
}
