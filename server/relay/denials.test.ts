import { describe, expect, it } from 'vitest';
import type { ServiceVerdict, WaitingRule } from '../../shared/verdict/terms.ts';
import { decidingOrder, denialNotice } from './denials.ts';

const rule = (order: string, waiting: WaitingRule, effective: number) => ({ order, waiting, effective });
const deniedBy = (...orders: string[]): ServiceVerdict => ({
  allowed: orders.length === 0,
  denials: orders.map((order) => ({ order, revision: 1, reasons: ['present'] })),
  reasons: ['present'],
});

describe('deciding order among several', () => {
  it.each<[string, ReturnType<typeof rule>[], string]>([
    ['returns before it holds', [rule('2022-001', 'hold', 1), rule('2022-002', 'return', 2)], '2022-002'],
    ['holds before it delivers', [rule('2022-001', 'deliver', 1), rule('2022-002', 'hold', 2)], '2022-002'],
    ['took effect first', [rule('2022-001', 'hold', 9), rule('2022-002', 'hold', 3)], '2022-002'],
    ['has the lower number', [rule('2022-002', 'hold', 3), rule('2022-001', 'hold', 3)], '2022-001'],
  ])('%s', (_name, rules, expected) => {
    const by = decidingOrder(deniedBy('2022-001', '2022-002'), rules);
    expect(by?.order).toBe(expected);
    expect(by?.rule).toBe(rules.find(({ order }) => order === expected)?.waiting);
  });

  it('is null while the gate is open', () => {
    expect(decidingOrder(deniedBy(), [])).toBeNull();
  });

  it('holds by default if its rule is not known yet', () => {
    expect(decidingOrder(deniedBy('2022-001'), [])).toEqual({ order: '2022-001', rule: 'hold' });
  });

  it('has its own appeal address or none', () => {
    const verdict = deniedBy('2022-001', '2022-002');
    const appeals: Record<string, string> = { '2022-001': 'first@example.org' };
    const appealOf = (order: string) => appeals[order] ?? null;
    const notice = (order: string) => denialNotice(verdict, { order, rule: 'hold' }, 'sender', appealOf);
    expect(notice('2022-001').appeal).toBe('first@example.org');
    expect(notice('2022-002')).toMatchObject({ order: '2022-002', appeal: null });
  });
});
