import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SettingId } from './catalog.ts';
import { settingsSchema } from './catalog.ts';
import { type AssignedPolicy, byPrecedence, effectiveSettings } from './effective-policy.ts';
import { compareSettings, complianceRulesSchema } from './policy-document.ts';
import { rolloutNumber, versionFor } from './staged-rollout.ts';

const RULES = { graceHours: 24, actions: [] };
const SETTINGS: readonly SettingId[] = ['disk.encryption', 'screen.lock-minutes', 'agent.log-level'];

const assigned = fc
  .uniqueArray(
    fc.record({
      policy: fc.string({ minLength: 1, maxLength: 4 }),
      precedence: fc.integer({ min: 1, max: 4 }),
      version: fc.integer({ min: 1, max: 3 }),
      groups: fc.array(fc.constantFrom('grp_a', 'grp_b'), { minLength: 1, maxLength: 2 }),
      minutes: fc.option(fc.integer({ min: 1, max: 5 })),
      level: fc.option(fc.constantFrom('debug', 'info', 'warn', 'error')),
      encrypted: fc.boolean(),
    }),
    { selector: ({ policy }) => policy, maxLength: 8 },
  )
  .map((policies) =>
    policies.map(
      ({ minutes, level, encrypted, ...policy }): AssignedPolicy => ({
        ...policy,
        name: policy.policy,
        document: {
          settings: {
            ...(minutes !== null && { 'screen.lock-minutes': minutes }),
            ...(level !== null && { 'agent.log-level': level }),
            ...(encrypted && { 'disk.encryption': true as const }),
          },
          compliance: RULES,
        },
      }),
    ),
  );

describe('effective policy', () => {
  it('has exactly one value for each assigned setting, independent of the order, with a true explanation', () => {
    fc.assert(
      fc.property(
        assigned.chain((policies) =>
          fc.tuple(fc.constant(policies), fc.shuffledSubarray(policies, { minLength: policies.length })),
        ),
        ([policies, shuffled]) => {
          const effective = effectiveSettings(policies);
          expect(effectiveSettings(shuffled)).toEqual(effective);
          for (const setting of SETTINGS) {
            const having = policies.filter(({ document }) => document.settings[setting] !== undefined);
            const found = effective.filter((each) => each.setting === setting);
            expect(found).toHaveLength(having.length === 0 ? 0 : 1);
            const [winner] = found;
            if (!winner) continue;
            const source = having.find(({ policy }) => policy === winner.policy);
            expect(source?.document.settings[setting]).toEqual(winner.value);
            expect(winner.because).toBe(having.length === 1 ? 'only' : 'precedence');
            expect(winner.over).toHaveLength(having.length - 1);
            for (const other of having) {
              if (source && other !== source) expect(byPrecedence(source, other)).toBeLessThan(0);
            }
          }
        },
      ),
    );
  });

  it('rolls a version out to the same devices and more at each stage', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        (policy, device, a, b) => {
          const [small, large] = [Math.min(a, b), Math.max(a, b)];
          const at = (percent: number) => versionFor(policy, { current: 1, next: { version: 2, percent } }, device);
          if (at(small) === 2) expect(at(large)).toBe(2);
          expect(at(100)).toBe(2);
          expect(at(0)).toBe(1);
        },
      ),
    );
    const share = Array.from({ length: 2000 }, (_, index) => rolloutNumber('pol_x', `dev_${index}`)).filter(
      (n) => n < 20,
    );
    expect(share.length).toBeGreaterThan(300);
    expect(share.length).toBeLessThan(500);
  });

  it('compares two sets of settings', () => {
    const differences = compareSettings({ a: 1, b: [1], c: true }, { b: [1], c: false, d: 'x' });
    expect(differences).toEqual([
      { setting: 'a', from: 1, to: null },
      { setting: 'c', from: true, to: false },
      { setting: 'd', from: null, to: 'x' },
    ]);
  });

  it.each<[string, unknown]>([
    ['an unknown setting', { 'disk.colour': true }],
    ['false for a required setting', { 'disk.encryption': false }],
    ['an option in place of a package', { 'software.forbidden': ['--purge'] }],
    ['an unknown country', { 'location.areas': ['XQ'] }],
    ['no operating system', { 'os.minimum': {} }],
  ])('refuses %s', (_, settings) => expect(settingsSchema.safeParse(settings).success).toBe(false));

  it.each<[string, unknown]>([
    ['a lock within the grace period', { graceHours: 24, actions: [{ action: 'lock-workspace', afterHours: 1 }] }],
    [
      'a wipe before a lock',
      {
        graceHours: 0,
        actions: [
          { action: 'wipe-workspace', afterHours: 1 },
          { action: 'lock-workspace', afterHours: 2 },
        ],
      },
    ],
    [
      'an action twice',
      {
        graceHours: 0,
        actions: [
          { action: 'notify', afterHours: 0 },
          { action: 'notify', afterHours: 2 },
        ],
      },
    ],
    [
      'a graver action before a milder one',
      {
        graceHours: 0,
        actions: [
          { action: 'notify', afterHours: 9 },
          { action: 'lock-workspace', afterHours: 2 },
        ],
      },
    ],
  ])('refuses rules with %s', (_, rules) => expect(complianceRulesSchema.safeParse(rules).success).toBe(false));
});
