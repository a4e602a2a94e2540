import { expect, it } from 'vitest';
import { COMPLIANCE_ACTIONS, type ComplianceAction } from '../../../shared/policy/policy-document.ts';
import { contentOf, NEW_POLICY, type PolicyForm, problemsOf, proposedHours } from './policy-form.ts';

const add = (form: PolicyForm, action: ComplianceAction): PolicyForm => ({
  ...form,
  hours: { ...form.hours, [action]: proposedHours(form, action) },
});

it('proposes each graver action later than the milder ones', () => {
  const form = COMPLIANCE_ACTIONS.reduce(add, { ...NEW_POLICY, settings: { 'firewall.enabled': true } });
  expect(contentOf(form).compliance.actions).toEqual([
    { action: 'notify', afterHours: 0 },
    { action: 'restrict-services', afterHours: 24 },
    { action: 'lock-workspace', afterHours: 48 },
    { action: 'wipe-workspace', afterHours: 216 },
  ]);
  expect(problemsOf(form)).toEqual([]);
});

it('proposes no time beyond the longest one', () => {
  const form = { ...NEW_POLICY, hours: { ...NEW_POLICY.hours, 'lock-workspace': 90 * 24 } };
  expect(proposedHours(form, 'wipe-workspace')).toBe(90 * 24);
});
