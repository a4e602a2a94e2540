import { describe, expect, it } from 'vitest';
import { commandWindowSchema, isOpen, isOpenAt } from './command-window.ts';

const [MONDAY, TUESDAY, SUNDAY] = [1, 2, 7];
const at = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

describe('a window', () => {
  it.each([
    ['22:00', '23:30', undefined, MONDAY, '22:00', true],
    ['22:00', '23:30', undefined, MONDAY, '23:30', false],
    ['22:00', '04:00', undefined, MONDAY, '03:59', true],
    ['22:00', '04:00', undefined, MONDAY, '04:00', false],
    // The window of Sunday night is open on Monday morning, and the window of Monday night on Tuesday morning.
    ['22:00', '04:00', [SUNDAY], MONDAY, '01:00', true],
    ['22:00', '04:00', [SUNDAY], MONDAY, '23:00', false],
    ['22:00', '04:00', [MONDAY], TUESDAY, '01:00', true],
    ['09:00', '17:00', [MONDAY], TUESDAY, '10:00', false],
  ] as const)('from %s to %s on %j at day %i, %s: %s', (from, to, days, day, time, open) => {
    expect(isOpenAt({ from, to, ...(days && { days: [...days] }) }, day, at(time))).toBe(open);
  });

  it('uses the local time of the machine', () => {
    const noon = new Date(2026, 10, 29, 12, 0).getTime();
    expect(isOpen({ from: '11:59', to: '12:01', days: [SUNDAY] }, noon)).toBe(true);
    expect(isOpen({ from: '11:59', to: '12:01', days: [MONDAY] }, noon)).toBe(false);
  });

  it.each([
    { from: '24:00', to: '01:00' },
    { from: '10:00', to: '10:00' },
    { from: '9:00', to: '10:00' },
  ])('%j is refused', (window) => expect(commandWindowSchema.safeParse(window).success).toBe(false));
});
