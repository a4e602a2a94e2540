import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WAITING_RULES } from '../../shared/verdict/terms.ts';
import { type Gate, type Settlement, settle, type Waiting } from './settlement.ts';

const post = (more: Partial<Waiting> = {}): Waiting => ({
  seq: 1,
  keep: false,
  heldBy: null,
  deliverable: false,
  ...more,
});
const kept = post({ keep: true });
const held = post({ heldBy: '2015-001' });
const heldKept = post({ keep: true, heldBy: '2015-001' });
const deliverable = post({ deliverable: true });

describe('settlement of waiting mail when an order begins or ends', () => {
  it.each([
    // Columns: gate, verdict, waiting mail, gate afterward, change of the mail.
    ['open', 'hold', post(), 'hold', 'held'],
    ['open', 'hold', kept, 'hold', 'held'],
    ['hold', 'hold', held, 'hold', null],
    ['hold', 'hold', post(), 'hold', 'held'],
    ['open', 'deliver', post(), 'deliver', 'deliverable'],
    ['open', 'deliver', kept, 'deliver', 'deliverable'],
    ['open', 'deliver', heldKept, 'deliver', null],
    ['deliver', 'deliver', deliverable, 'deliver', null],
    // Mail that arrived after the order took effect.
    ['deliver', 'deliver', post(), 'deliver', 'held'],
    ['open', 'return', post(), 'return', 'returned'],
    ['open', 'return', kept, 'return', 'held'],
    ['return', 'return', heldKept, 'return', null],
    // A stricter order follows a milder one, and ends again.
    ['deliver', 'hold', deliverable, 'hold', 'held'],
    ['hold', 'return', held, 'return', 'returned'],
    ['deliver', 'return', deliverable, 'return', 'returned'],
    ['hold', 'deliver', held, 'hold', null],
    ['return', 'deliver', heldKept, 'return', null],
    ['return', 'hold', post(), 'return', 'returned'],
    // No order denies messaging any more.
    ['hold', null, held, 'open', 'released'],
    ['return', null, heldKept, 'open', 'released'],
    ['deliver', null, deliverable, 'open', 'undeliverable'],
    ['deliver', null, heldKept, 'open', 'released'],
    ['open', null, post(), 'open', null],
    ['open', null, held, 'open', 'released'],
  ] as const)('%s, %s', (gate, rule, waiting, after, change) => {
    const settled = settle(gate, rule && { rule, order: '2015-001' }, [waiting]);
    expect(settled).toEqual({ gate: after, changes: change ? [{ seq: 1, change }] : [] });
  });

  const waiting = fc
    .array(
      fc.record({
        keep: fc.boolean(),
        heldBy: fc.option(fc.constantFrom('2015-001', '2015-002')),
        deliverable: fc.boolean(),
      }),
    )
    // Held mail is never delivered.
    .map((all) =>
      all.map((each, index): Waiting => ({ ...each, deliverable: each.deliverable && !each.heldBy, seq: index + 1 })),
    );
  const gates = fc.constantFrom<Gate>('open', ...WAITING_RULES);
  const shut = fc.option(fc.record({ rule: fc.constantFrom(...WAITING_RULES), order: fc.constant('2015-002') }));

  /** Applies a settlement as the store does. */
  function carryOut(before: readonly Waiting[], { changes }: Settlement): Waiting[] {
    const bySeq = new Map(changes.map(({ seq, change }) => [seq, change]));
    return before.flatMap((each): Waiting[] => {
      const change = bySeq.get(each.seq);
      if (change === undefined) return [each];
      if (change === 'returned') return [];
      return [{ ...each, heldBy: change === 'held' ? '2015-002' : null, deliverable: change === 'deliverable' }];
    });
  }

  it('changes nothing when repeated, and holds nothing without an order', () => {
    fc.assert(
      fc.property(gates, shut, waiting, (gate, denies, all) => {
        const first = settle(gate, denies, all);
        const left = carryOut(all, first);
        expect(settle(first.gate, denies, left)).toEqual({ gate: first.gate, changes: [] });
        expect(left.filter(({ keep }) => keep)).toHaveLength(all.filter(({ keep }) => keep).length);
        const open = settle(first.gate, null, left);
        expect(carryOut(left, open).every(({ heldBy, deliverable: through }) => heldBy === null && !through)).toBe(
          true,
        );
      }),
    );
  });

  it('delivers allowed mail before held mail, in the order of numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.array(fc.boolean()), (before, after) => {
        const posts = (keeps: boolean[], from: number, heldBy: string | null) =>
          keeps.map((keep, index): Waiting => ({ seq: from + index, keep, heldBy, deliverable: false }));
        const all = posts(before, 1, null);
        const denies = { rule: 'deliver', order: '2015-002' } as const;
        const settled = carryOut(all, settle('open', denies, all));
        const more = [...settled, ...posts(after, before.length + 1, '2015-002')];
        const later = carryOut(more, settle('deliver', denies, more));
        expect(later.map((each) => each.deliverable)).toEqual([...before.map(() => true), ...after.map(() => false)]);
      }),
    );
  });
});
