/** An admin's statement as the form has it, and as the API takes it. */
import type { z } from 'zod';
import type { deviceChange } from '../../../../shared/api/devices.ts';

const DAY = 86_400_000;

export const LIVES = [
  { value: '1', label: '1 day' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: 'other', label: 'Until another time' },
] as const;

export interface StatementForm {
  readonly kind: 'presence' | 'home';
  readonly areas: readonly string[];
  readonly reason: string;
  /** A number of days, or `other`. */
  readonly life: string;
  /** As an input of the kind `datetime-local` has it, in the reader's zone. */
  readonly until: string;
}

export const EMPTY: StatementForm = { kind: 'presence', areas: [], reason: '', life: '7', until: '' };

/** As in `deviceChange`. */
export const MOST_PLACES = 16;
export const LONGEST_REASON = 500;

/** By the server's clock; null while it is not said. */
export function untilOf({ life, until }: StatementForm, now: number): number | null {
  if (life !== 'other') return now + Number(life) * DAY;
  const instant = new Date(until).getTime();
  return Number.isNaN(instant) ? null : instant;
}

export type Problems = Partial<Record<keyof StatementForm, string>>;

export function problemsOf(form: StatementForm, now: number): Problems {
  const until = untilOf(form, now);
  return {
    ...(form.areas.length === 0 && { areas: form.kind === 'home' ? 'Name the place.' : 'Name at least one place.' }),
    ...(form.areas.length > MOST_PLACES && { areas: `At most ${MOST_PLACES} places.` }),
    ...(form.reason.trim() === '' && { reason: 'Say how you know: whoever asks later reads it.' }),
    ...(form.life === 'other' &&
      (until === null
        ? { until: 'Say until when it holds.' }
        : until <= now && { until: 'This time has passed already, by the clock of the server.' })),
  };
}

type Statement = NonNullable<z.input<typeof deviceChange>['statement']>;

/** Of a form without problems. */
export function statementOf(form: StatementForm, now: number): Statement {
  const areas = form.kind === 'home' ? form.areas.slice(0, 1) : [...form.areas];
  return { kind: form.kind, areas: [...areas], reason: form.reason.trim(), until: untilOf(form, now) ?? now };
}
