/** What stands against the form, field by field: the server's words, and plainer ones for what is simply not filled in yet. Pure. */
import type { OrderPreview } from '../../../../shared/api/orders.ts';
import type { Draft, OrderForm } from './order-form.ts';
import { timeText } from './written-time.ts';

/** In the order in which they stand in the form. */
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
  'travellers',
  'waiting',
  'stale',
  'exempt',
  'title',
  'authority',
  'addressee',
  'instrument',
  'statement',
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
  /** Nothing is wrong with it: it is not there yet. */
  readonly missing: boolean;
}

/** Of what can be empty. */
const MISSING: Readonly<Partial<Record<Field, { readonly text: string; readonly is: (form: OrderForm) => boolean }>>> =
  {
    areas: { text: 'Choose at least one area.', is: ({ areas }) => areas.length === 0 },
    services: { text: 'Choose at least one service.', is: ({ services }) => services.length === 0 },
    nexus: { text: 'Choose at least one tie.', is: ({ nexus }) => nexus.length === 0 },
    effective: { text: 'Give a day and a time of day.', is: ({ effective }) => timeText(effective) === undefined },
    until: {
      text: 'Give a day and a time of day, or let it last until it is withdrawn.',
      is: ({ ends, until }) => ends && timeText(until) === undefined,
    },
    exempt: {
      text: 'Give a day and a time of day until when they are exempt, or let it last as long as the order.',
      is: ({ exemption, groups, devices }) =>
        exemption === 'list' &&
        [...groups, ...devices].some(({ until }) => until !== null && timeText(until) === undefined),
    },
    title: { text: 'Give it a title.', is: ({ title }) => title.trim() === '' },
    authority: { text: 'Say who demands it.', is: ({ authority }) => authority.trim() === '' },
    addressee: { text: 'Say to whom the demand is addressed.', is: ({ addressee }) => addressee.trim() === '' },
    instrument: { text: 'Say by which law, letter or directive.', is: ({ instrument }) => instrument.trim() === '' },
    statement: {
      text: 'Write a statement in at least one language.',
      is: ({ statements }) => statements.every(({ language, text }) => language === '' || text.trim() === ''),
    },
  };

/** Words of no language yet: what is sent has no place for them. */
export const isUnnamed = ({ language, text }: OrderForm['statements'][number]): boolean =>
  language === '' && text.trim() !== '';

const isField = (name: string | undefined): name is Field => FIELDS.some((field) => field === name);

export interface Problems {
  readonly fields: ReadonlyMap<Field, Problem>;
  /** About the whole: that there are no approvers yet, that the order is closed. */
  readonly whole: readonly string[];
}

/** What the server said, and of which draft. */
export interface Answered {
  readonly draft: Draft;
  readonly problems: OrderPreview['problems'];
}

const TIMED: readonly Field[] = ['effective', 'until', 'answerBy', 'publication', 'exempt'];

/** What decides how a field is read. */
function basis(field: Field, draft: Draft): string {
  const timed = TIMED.includes(field);
  const beside = field === 'exempt' ? draft.effective : field === 'until' && draft.mode;
  return JSON.stringify([draft[field], timed && draft.zone, beside]);
}

/** Emptiness is known at once; what the server said of a field counts until the field is changed. */
export function problemsOf(form: OrderForm, draft: Draft, answered: Answered | undefined): Problems {
  const fields = new Map<Field, Problem>();
  const whole: string[] = [];
  for (const { field: path, detail, suggestions } of answered?.problems ?? []) {
    const field = path.split('.')[0];
    if (!isField(field)) whole.push(detail);
    else if (answered && basis(field, draft) !== basis(field, answered.draft)) continue;
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
    fields.set(field, { text: 'Choose the language in which this is written.', suggestions: [], missing: true });
  }
  return { fields, whole };
}

export const firstOf = (problems: ReadonlyMap<Field, unknown>): Field | undefined =>
  FIELDS.find((field) => problems.has(field));
