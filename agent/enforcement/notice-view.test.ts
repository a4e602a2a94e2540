import { describe, expect, it } from 'vitest';
import type { OrderTerms } from '../../shared/order/documents.ts';
import { revisionDocument, TERMS } from '../../tests/support/signed-documents.ts';
import type { DeliveredNotice } from './notice-plan.ts';
import { noticesOf } from './notice-view.ts';

const DAY = 86_400_000;
const EFFECTIVE = Date.parse(TERMS.effective);
const UNTIL = EFFECTIVE + 90 * DAY;
const DELIVERED: DeliveredNotice = {
  order: '2015-001',
  moment: 'effective',
  effective: EFFECTIVE,
  revision: 1,
  at: EFFECTIVE,
  displayed: true,
};
const EXIT = { mode: 'exit', exportWindow: 'P30D' } as const;

/** The notices at `now` about an order that ends by its own date. */
function read(
  now: number,
  {
    delivered = [DELIVERED],
    terms = {},
    changes = {},
    wiped = [],
  }: {
    delivered?: DeliveredNotice[];
    terms?: Partial<OrderTerms>;
    changes?: Parameters<typeof revisionDocument>[0];
    wiped?: Parameters<typeof noticesOf>[2];
  },
) {
  const revision = revisionDocument({
    terms: { ...TERMS, until: new Date(UNTIL).toISOString(), ...terms },
    ...changes,
  });
  return noticesOf([{ revision }], delivered, wiped, new Map(), now).map(({ status, exit }) => ({ status, exit }));
}
const statuses = (...given: Parameters<typeof read>) => read(...given).map(({ status }) => status);

describe('an order that ends by its own date', () => {
  it.each<[string, number, string[]]>([
    ['is active before its end', UNTIL - 1, ['active']],
    ['is shown as ended from its end on', UNTIL, ['ended']],
    ['is shown as ended for a week', UNTIL + 7 * DAY, ['ended']],
    ['is not shown after a week', UNTIL + 7 * DAY + 1, []],
    ['is not shown years later', UNTIL + 3_000 * DAY, []],
  ])('%s', (_name, now, expected) => {
    expect(statuses(now, {})).toEqual(expected);
  });

  it('disappears at once when no notice was given', () => {
    expect(statuses(UNTIL - 1, { delivered: [] })).toEqual(['active']);
    expect(statuses(UNTIL, { delivered: [] })).toEqual([]);
    expect(statuses(UNTIL, { delivered: [{ ...DELIVERED, order: '2015-002' }] })).toEqual([]);
  });

  it('has ended although it was paused', () => {
    const held = { action: 'pause', status: 'paused', pausedSince: TERMS.effective } as const;
    expect(statuses(UNTIL - 1, { changes: held })).toEqual(['paused']);
    expect(statuses(UNTIL, { changes: held })).toEqual(['ended']);
  });

  it('wipes nothing after its end, and stays visible after a wipe', () => {
    const exitsBy = (now: number, wiped: Parameters<typeof noticesOf>[2]) =>
      read(now, { terms: EXIT, changes: { action: 'exit' }, wiped });
    const until = EFFECTIVE + 30 * DAY;
    const coming = { exportsUntil: until, approved: true, wiped: null };
    expect(exitsBy(UNTIL - 1, [])).toEqual([{ status: 'active', exit: coming }]);
    expect(exitsBy(UNTIL, [])).toEqual([{ status: 'ended', exit: null }]);
    const carriedOut = { order: '2015-001', revision: 1, at: until + DAY };
    expect(exitsBy(UNTIL + 3_000 * DAY, [carriedOut])).toEqual([
      { status: 'ended', exit: { ...coming, wiped: until + DAY } },
    ]);
  });
});

it('marks a notice that was given later than its moment states', () => {
  const at = EFFECTIVE - 8 * DAY;
  const delivered = [
    { ...DELIVERED, moment: 'P30D', at } as const,
    { ...DELIVERED, moment: 'P7D', at: EFFECTIVE - 7 * DAY } as const,
  ];
  const [notice] = noticesOf([{ revision: revisionDocument({}) }], delivered, [], new Map(), EFFECTIVE);
  expect(notice?.deliveries.map(({ moment, late }) => [moment, late])).toEqual([
    ['P30D', true],
    ['P7D', false],
  ]);
});

it('shows a withdrawn order until the user has seen it, and for a week after the withdrawal', () => {
  const changes = { action: 'withdraw', status: 'withdrawn' } as const;
  const withdrawn = (now: number, displayed: boolean) =>
    statuses(now, {
      changes,
      delivered: [DELIVERED, { ...DELIVERED, moment: 'withdrawal', at: EFFECTIVE + DAY, displayed }],
    });
  expect(withdrawn(EFFECTIVE + 8 * DAY, true)).toEqual(['withdrawn']);
  expect(withdrawn(EFFECTIVE + 8 * DAY + 1, true)).toEqual([]);
  // The order's own end date has passed, but the order was withdrawn before. The notice must say that it was withdrawn.
  expect(withdrawn(UNTIL + 30 * DAY, false)).toEqual(['withdrawn']);
});
