/** State of the policy editor, and its conversion to a policy document. The functions are pure. */
import type { z } from 'zod';
import { CATALOG, isSettingId, SETTING_IDS, type SettingId } from '../../../shared/policy/catalog.ts';
import {
  COMPLIANCE_ACTIONS,
  type ComplianceAction,
  LONGEST_GRACE,
  type PolicyDocument,
  policyDocumentSchema,
} from '../../../shared/policy/policy-document.ts';

export interface PolicyForm {
  readonly settings: Readonly<Partial<Record<SettingId, unknown>>>;
  readonly graceHours: number;
  /** Hours after the first failed check; null if the policy does not have the action. */
  readonly hours: Readonly<Record<ComplianceAction, number | null>>;
}

export const NEW_POLICY: PolicyForm = {
  settings: {},
  graceHours: 24,
  hours: { notify: 0, 'restrict-services': null, 'lock-workspace': null, 'wipe-workspace': null },
};

/** Hours between an action and the milder one before it, when an admin adds the action. */
const LATER: Readonly<Record<ComplianceAction, number>> = {
  notify: 0,
  'restrict-services': 0,
  'lock-workspace': 24,
  'wipe-workspace': 7 * 24,
};

/** Hours that the form proposes for an added action: after the grace period, and after all milder actions. */
export function proposedHours({ graceHours, hours }: PolicyForm, action: ComplianceAction): number {
  const milder = COMPLIANCE_ACTIONS.slice(0, COMPLIANCE_ACTIONS.indexOf(action)).map((each) => hours[each] ?? 0);
  const proposed = Math.max(action === 'notify' ? 0 : graceHours, ...milder) + LATER[action];
  return Math.min(proposed, LONGEST_GRACE);
}

export interface PolicyContent {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly compliance: PolicyDocument['compliance'];
}

export function formOf({ settings, compliance }: PolicyContent): PolicyForm {
  const hoursOf = (action: ComplianceAction) =>
    compliance.actions.find((each) => each.action === action)?.afterHours ?? null;
  return {
    settings: Object.fromEntries(Object.entries(settings).filter(([id]) => isSettingId(id))),
    graceHours: compliance.graceHours,
    hours: {
      notify: hoursOf('notify'),
      'restrict-services': hoursOf('restrict-services'),
      'lock-workspace': hoursOf('lock-workspace'),
      'wipe-workspace': hoursOf('wipe-workspace'),
    },
  };
}

export function contentOf({ settings, graceHours, hours }: PolicyForm): PolicyContent {
  const actions = COMPLIANCE_ACTIONS.flatMap((action) => {
    const afterHours = hours[action];
    return afterHours === null ? [] : [{ action, afterHours }];
  });
  return { settings, compliance: { graceHours, actions } };
}

/** Problems of the form, in the catalog's texts; empty if the server would accept the document. */
export function problemsOf(form: PolicyForm): string[] {
  const problems = SETTING_IDS.flatMap((id) => {
    if (form.settings[id] === undefined) return [];
    const schema: z.ZodType = CATALOG[id].value;
    const result = schema.safeParse(form.settings[id]);
    if (result.success) return [];
    const [issue] = result.error.issues;
    // The editor shows the errors of a connection beside its fields.
    const at = id === 'network.connections' ? issue?.path[0] : undefined;
    if (typeof at === 'number') return [`${CATALOG[id].title}: Correct the marked fields of connection ${at + 1}.`];
    return [`${CATALOG[id].title}: ${issue?.message ?? 'is not valid'}.`];
  });
  if (problems.length > 0) return problems;
  const whole = policyDocumentSchema.safeParse(contentOf(form));
  return whole.success ? [] : whole.error.issues.map(({ message }) => `The policy ${message}.`);
}
