/** Errors in the order form, by field: the server's errors, with simpler texts for empty fields. The functions are pure. */
import type { OrderPreview } from '../../../../shared/api/order-preview.ts';
import type { Draft } from './draft.ts';
import { timeText } from './local-time.ts';
import type { OrderForm } from './order-form.ts';

export const FIELDS = [
  'areas',
  'disputed',
  'services',
  'nexus',
  'zone',
  'effective',
  'until',
  'mode',
  'unknown',
  'contested',
  'visitors',
  'travelers',
  'waiting',
  'stale',
  'exempt',
  'title',
  'authority',
  'addressee',
  'instrument',
  'statement',
  'authoritativeLanguage',
  'appeal',
  'receivedOn',
  'answerBy',
  'provenance',
  'answers',
  'documents',
  'publication',
  'notice',
  'noticePlan',
  'exportWindow',
  'decision',
] as const;
export type Field = (typeof FIELDS)[number];

export interface Problem {
  readonly text: string;
  readonly suggestions: readonly string[];
  readonly missing: boolean;
}

const MISSING: Readonly<Partial<Record<Field, { readonly text: string; readonly is: (form: OrderForm) => boolean }>>> =
  {
    areas: { text: 'The areas are missing. Select at least one area.', is: ({ areas }) => areas.length === 0 },
    services: {
      text: 'The services are missing. Select at least one service.',
      is: ({ services }) => services.length === 0,
    },
    nexus: {
      text: 'The connection with the areas (nexus) is missing. Select at least one condition.',
      is: ({ nexus }) => nexus.length === 0,
    },
    effective: {
      text: 'The effective time is missing. Enter a date and a time.',
      is: ({ effective }) => timeText(effective) === undefined,
    },
    until: {
      text: 'The end time is missing. Enter a date and a time, or clear the end time.',
      is: ({ ends, until }) => ends && timeText(until) === undefined,
    },
    exempt: {
      text: 'The end of an exemption is missing. Enter a date and a time, or clear its end time.',
      is: ({ exemption, groups, devices }) =>
        exemption === 'list' &&
        [...groups, ...devices].some(({ until }) => until !== null && timeText(until) === undefined),
    },
    title: { text: 'The title is missing. Enter a title.', is: ({ title }) => title.trim() === '' },
    authority: {
      text: 'The authority is missing. Enter the body that issued the legal instrument.',
      is: ({ authority }) => authority.trim() === '',
    },
    addressee: {
      text: 'The addressee is missing. Enter the person or company to which the legal instrument is addressed.',
      is: ({ addressee }) => addressee.trim() === '',
    },
    instrument: {
      text: 'The legal instrument is missing. Enter the law, court order, decree or letter.',
      is: ({ instrument }) => instrument.trim() === '',
    },
    statement: {
      text: 'The statement is missing. Write it in at least one language.',
      is: ({ statements }) => statements.every(({ language, text }) => language === '' || text.trim() === ''),
    },
  };

/**
 * Checks whether a text of an order lacks a language. The browser must find such a text, because a request contains each text under its
 * language code and cannot contain a text without a code.
 */
export const isUnnamed = ({ language, text }: OrderForm['statements'][number]): boolean =>
  language === '' && text.trim() !== '';

const isField = (name: string | undefined): name is Field => FIELDS.some((field) => field === name);

export interface Problems {
  readonly fields: ReadonlyMap<Field, Problem>;
  readonly whole: readonly string[];
}

export interface CheckedDraft {
  readonly draft: Draft;
  readonly problems: OrderPreview['problems'];
}

const TIMED: readonly Field[] = ['effective', 'until', 'answerBy', 'publication', 'exempt'];

/**
 * Returns the input that the server checks for a field, as one text. The server's error for the field is outdated as soon as this text
 * changes.
 */
function basis(field: Field, draft: Draft): string {
  const timed = TIMED.includes(field);
  const beside = field === 'exempt' ? draft.effective : field === 'until' && draft.mode;
  return JSON.stringify([draft[field], timed && draft.zone, beside]);
}

/**
 * Errors to show at the fields of an order form. The browser finds empty fields at once. The server's error for a field stays until the
 * value of the field changes.
 */
export function problemsOf(form: OrderForm, draft: Draft, checked: CheckedDraft | undefined): Problems {
  const fields = new Map<Field, Problem>();
  const whole: string[] = [];
  for (const { field: path, detail, suggestions } of checked?.problems ?? []) {
    const field = path.split('.')[0];
    if (!isField(field)) whole.push(detail);
    else if (checked && basis(field, draft) !== basis(field, checked.draft)) continue;
    else if (!fields.has(field)) fields.set(field, { text: detail, suggestions, missing: false });
  }
  for (const field of FIELDS) {
    const missing = MISSING[field];
    if (missing?.is(form)) fields.set(field, { text: missing.text, suggestions: [], missing: true });
  }
  for (const [field, texts] of [
    ['statement', form.statements],
    ['notice', form.more.notices],
  ] as const) {
    if (!texts.some(isUnnamed)) continue;
    fields.set(field, {
      text: 'The language of this text is missing. Select a language.',
      suggestions: [],
      missing: true,
    });
  }
  return { fields, whole };
}

export const firstOf = (problems: ReadonlyMap<Field, unknown>): Field | undefined =>
  FIELDS.find((field) => problems.has(field));
