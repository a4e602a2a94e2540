import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckResult, CheckStatus } from './check-results.ts';
import { type ComplianceRecord, NO_RECORD, stepCompliance } from './compliance-step.ts';
import type { EffectiveSetting } from './effective-policy.ts';
import { COMPLIANCE_ACTIONS, type ComplianceRules } from './policy-document.ts';

const HOUR = 3_600_000;
const RULES: ComplianceRules = {
  graceHours: 24,
  actions: [
    { action: 'notify', afterHours: 0 },
    { action: 'lock-workspace', afterHours: 48 },
    { action: 'wipe-workspace', afterHours: 96 },
  ],
};
const setting = (id: EffectiveSetting['setting'], compliance = RULES): EffectiveSetting => ({
  setting: id,
  value: true,
  policy: 'pol_a',
  name: 'Laptops',
  version: 1,
  groups: [],
  because: 'only',
  over: [],
  compliance,
});
const result = (id: string, status: CheckStatus): CheckResult => ({ setting: id, status, detail: '' });
const FIREWALL = setting('firewall.enabled');
const DISK = setting('disk.encryption', { graceHours: 0, actions: [] });
const off = [result('firewall.enabled', 'not-met')];
const on = [result('firewall.enabled', 'met')];

/** Steps at the given hours, with the results at each hour. */
function course(steps: readonly (readonly [number, readonly CheckResult[]])[], effective = [FIREWALL]) {
  let record: ComplianceRecord = NO_RECORD;
  return steps.map(([hour, results]) => {
    const step = stepCompliance(effective, results, record, hour * HOUR);
    record = step.record;
    return step;
  });
}

describe('compliance', () => {
  it('notifies at once, locks and wipes after their times, and announces each action before', () => {
    const [first, grace, late, locked, wiped] = course([
      [0, off],
      [23, off],
      [24, off],
      [48, off],
      [96, off],
    ]);
    expect(first).toMatchObject({ state: 'in-grace', begin: ['notify'], nextAt: 24 * HOUR });
    expect(first?.countdown.map(({ action, at }) => [action, at / HOUR])).toEqual([
      ['lock-workspace', 48],
      ['wipe-workspace', 96],
    ]);
    expect(grace).toMatchObject({ state: 'in-grace', begin: [] });
    expect(late).toMatchObject({ state: 'not-compliant', begin: [], nextAt: 48 * HOUR });
    expect(locked).toMatchObject({ begin: ['lock-workspace'], nextAt: 96 * HOUR });
    expect(wiped).toMatchObject({ begin: ['wipe-workspace'], countdown: [], nextAt: null });
  });

  it('restricts services before it locks, and reverses both when the device complies again', () => {
    const actions = [
      { action: 'notify' as const, afterHours: 0 },
      { action: 'restrict-services' as const, afterHours: 24 },
      { action: 'lock-workspace' as const, afterHours: 48 },
    ];
    const [first, restricted, locked, back] = course(
      [
        [0, off],
        [24, off],
        [48, off],
        [49, on],
      ],
      [setting('firewall.enabled', { graceHours: 24, actions })],
    );
    expect(first?.countdown.map(({ action, at }) => [action, at / HOUR])).toEqual([
      ['restrict-services', 24],
      ['lock-workspace', 48],
    ]);
    expect(restricted).toMatchObject({ begin: ['restrict-services'], reverse: [], nextAt: 48 * HOUR });
    expect(locked).toMatchObject({ begin: ['lock-workspace'], reverse: [] });
    expect(back).toMatchObject({ state: 'compliant', reverse: ['restrict-services', 'lock-workspace'] });
    expect(back?.record).toEqual(NO_RECORD);
  });

  it('reverses a lock when the device complies again, and never a wipe', () => {
    const [, , back, again] = course([
      [0, off],
      [48, off],
      [49, on],
      [50, off],
    ]);
    expect(back).toMatchObject({ state: 'compliant', reverse: ['lock-workspace'], record: NO_RECORD });
    expect(again).toMatchObject({ state: 'in-grace', begin: ['notify'] });
    const [, wiped, afterward] = course([
      [0, off],
      [96, off],
      [97, on],
    ]);
    expect(wiped?.begin).toEqual(['lock-workspace', 'wipe-workspace']);
    expect(afterward).toMatchObject({ state: 'compliant', reverse: [] });
  });

  it('reverses a lock when the policy no longer demands it', () => {
    const locked: ComplianceRecord = { failing: { 'firewall.enabled': 0 }, taken: { 'lock-workspace': 48 * HOUR } };
    const mild = setting('firewall.enabled', { graceHours: 24, actions: [] });
    expect(stepCompliance([mild], off, locked, 50 * HOUR)).toMatchObject({
      state: 'not-compliant',
      reverse: ['lock-workspace'],
    });
  });

  it('keeps a failure that can no longer be checked, and counts an unchecked setting as unknown', () => {
    const [, hidden] = course([
      [0, off],
      [48, [result('firewall.enabled', 'unknown')]],
    ]);
    expect(hidden).toMatchObject({ state: 'not-compliant', begin: ['lock-workspace'] });
    expect(stepCompliance([FIREWALL], [], NO_RECORD, 0).state).toBe('unknown');
    expect(stepCompliance([], [], NO_RECORD, 0).state).toBe('no-policy');
  });

  it.each<[readonly (CheckStatus | null)[], string]>([
    [['met'], 'compliant'],
    [['met', 'met'], 'compliant'],
    [['met', 'not-supported'], 'compliant'],
    [['not-supported'], 'unknown'],
    [['not-supported', 'not-supported'], 'unknown'],
    [['not-supported', null], 'unknown'],
    [['met', null], 'unknown'],
    [['met', 'unknown'], 'unknown'],
    [['not-supported', 'unknown'], 'unknown'],
    [[null], 'unknown'],
    [['not-met', 'met'], 'in-grace'],
    [['not-met', 'not-supported'], 'in-grace'],
    [['not-met', null], 'in-grace'],
    [['met', 'not-met'], 'not-compliant'],
    [[], 'no-policy'],
  ])('with the results %j, the device is %s', (statuses, expected) => {
    const settings = [FIREWALL, DISK].slice(0, statuses.length);
    const results = statuses.flatMap((status, at) => (status ? [result(settings[at]?.setting ?? '', status)] : []));
    expect(stepCompliance(settings, results, NO_RECORD, 0).state).toBe(expected);
  });

  it('keeps a failure that the agent no longer supports, and its consequences', () => {
    const [, hidden] = course([
      [0, off],
      [48, [result('firewall.enabled', 'not-supported')]],
    ]);
    expect(hidden).toMatchObject({ state: 'not-compliant', begin: ['lock-workspace'] });
  });

  it('uses the earliest time of all failed settings', () => {
    const early = setting('disk.encryption', { graceHours: 0, actions: [{ action: 'lock-workspace', afterHours: 1 }] });
    const results = [...off, result('disk.encryption', 'not-met')];
    const { countdown } = stepCompliance([FIREWALL, early], results, NO_RECORD, 0);
    expect(countdown[0]).toEqual({ action: 'lock-workspace', at: HOUR, settings: ['disk.encryption'] });
  });

  it('never begins an action twice in a row, and never leaves an undemanded lock, in any course', () => {
    const status = fc.constantFrom<CheckStatus>('met', 'not-met', 'unknown', 'not-supported');
    const moment = fc.tuple(fc.integer({ min: 0, max: 60 }), status, status);
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 30 }), (moments) => {
        let record: ComplianceRecord = NO_RECORD;
        let now = 0;
        for (const [hours, firewall, disk] of moments) {
          now += hours * HOUR;
          const results = [result('firewall.enabled', firewall), result('disk.encryption', disk)];
          const step = stepCompliance([FIREWALL, DISK], results, record, now);
          for (const action of step.begin) expect(record.taken[action]).toBeUndefined();
          for (const action of COMPLIANCE_ACTIONS) {
            if (step.record.taken[action] !== undefined) expect(step.record.failing['firewall.enabled']).toBeDefined();
          }
          expect(step.nextAt === null || step.nextAt > now).toBe(true);
          // A step at the same time with the same results changes nothing more.
          const repeated = stepCompliance([FIREWALL, DISK], results, step.record, now);
          expect(repeated).toMatchObject({ begin: [], reverse: [], state: step.state, record: step.record });
          record = step.record;
        }
      }),
    );
  });
});
