import type { z } from 'zod';
import type { deviceChange } from '../../../../shared/api/devices.ts';

const DAY = 86_400_000;

export const LIVES = [
  { value: '1', label: '1 day' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: 'other', label: 'Custom date' },
] as const;

export interface StatementForm {
  readonly kind: 'presence' | 'home';
  readonly areas: readonly string[];
  readonly reason: string;
  /** Duration of the location statement: a number of days, or `other` for a custom end. */
  readonly life: string;
  readonly until: string;
}

export const EMPTY: StatementForm = { kind: 'presence', areas: [], reason: '', life: '7', until: '' };

/** Limits of a location statement, the same as in `deviceChange`: number of areas, and number of characters of the reason. */
export const MOST_STATED_AREAS = 16;
export const LONGEST_REASON = 500;

/** End of the location statement in Unix milliseconds of the server clock. Null while the field for a custom end is empty. */
export function untilOf({ life, until }: StatementForm, now: number): number | null {
  if (life !== 'other') return now + Number(life) * DAY;
  const instant = new Date(until).getTime();
  return Number.isNaN(instant) ? null : instant;
}

export type Problems = Partial<Record<keyof StatementForm, string>>;

export function problemsOf(form: StatementForm, now: number): Problems {
  const until = untilOf(form, now);
  return {
    ...(form.areas.length === 0 && {
      areas:
        form.kind === 'home'
          ? 'The area is missing. Select an area.'
          : 'The area is missing. Select at least one area.',
    }),
    ...(form.areas.length > MOST_STATED_AREAS && {
      areas: `You selected too many areas. Select at most ${MOST_STATED_AREAS}.`,
    }),
    ...(form.reason.trim() === '' && { reason: 'The reason is missing. Explain to later readers how you know.' }),
    ...(form.life === 'other' &&
      (until === null
        ? { until: 'The end of the statement is missing. Enter a date and a time.' }
        : until <= now && {
            until: 'The end of the statement is in the past. Enter a time after the current server time.',
          })),
  };
}

type Statement = NonNullable<z.input<typeof deviceChange>['statement']>;

export function statementOf(form: StatementForm, now: number): Statement {
  const areas = form.kind === 'home' ? form.areas.slice(0, 1) : [...form.areas];
  return { kind: form.kind, areas: [...areas], reason: form.reason.trim(), until: untilOf(form, now) ?? now };
}
