/** Conversion of a grace period between a number with a unit and an ISO 8601 duration. The functions are pure. */
import { durationOf } from '../rule-words.ts';

export const UNITS = ['days', 'hours', 'minutes'] as const;
export interface Grace {
  readonly amount: number;
  readonly unit: (typeof UNITS)[number];
}

const MINUTE = 60_000;
const LENGTH = { days: 24 * 60 * MINUTE, hours: 60 * MINUTE, minutes: MINUTE } as const;

/** Grace period as a whole number in the largest possible unit. A part of a minute counts as one minute. */
export function graceOf(iso: string): Grace {
  const length = durationOf(iso);
  const unit = UNITS.find((each) => length % LENGTH[each] === 0) ?? 'minutes';
  return { amount: Math.ceil(length / LENGTH[unit]), unit };
}

export function graceText({ amount, unit }: Grace): string {
  if (amount === 0) return 'PT0S';
  return { days: `P${amount}D`, hours: `PT${amount}H`, minutes: `PT${amount}M` }[unit];
}
