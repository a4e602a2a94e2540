import { expect, it } from 'vitest';
import { type ComplianceRules, compareRules } from './policy-document.ts';

const NOTIFY = { action: 'notify', afterHours: 0 } as const;
const rules = (graceHours: number, ...actions: ComplianceRules['actions']): ComplianceRules => ({
  graceHours,
  actions,
});

it.each([
  ['equal rules', rules(0, NOTIFY), rules(0, NOTIFY), []],
  ['another grace period', rules(0), rules(24), [{ rule: 'grace-period', from: 0, to: 24 }]],
  [
    'an added wipe',
    rules(0, NOTIFY),
    rules(0, NOTIFY, { action: 'wipe-workspace', afterHours: 96 }),
    [{ rule: 'wipe-workspace', from: null, to: 96 }],
  ],
  ['a removed message', rules(0, NOTIFY), rules(0), [{ rule: 'notify', from: 0, to: null }]],
])('compares %s', (_, from, to, differences) => {
  expect(compareRules(from, to)).toEqual(differences);
});
