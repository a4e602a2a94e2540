/**
 * Form for the demand of an authority. The form can also express demands that the desk refuses, such as a demand about everyone, so that
 * the desk records and counts them. Only the server decides. The functions are pure.
 */
import type { NewDisclosure } from '../../../../shared/api/disclosures.ts';
import type { InstrumentType } from '../../../../shared/disclosure/documents.ts';
import type { RecordType } from '../../../../shared/disclosure/record-types.ts';
import type { InstrumentDocument } from '../../../../shared/order/documents.ts';
import { instantOf } from '../utc-time.ts';

export interface DemandForm {
  /** Subject of the demand. `one`: the demand names one person. `other`: the demand names anything else, in the words of `subject`. */
  readonly account: 'one' | 'other';
  readonly person: string | null;
  readonly subject: string;
  readonly authority: string | null;
  readonly hasInstrument: boolean;
  readonly type: InstrumentType | null;
  readonly reference: string;
  readonly issuer: string;
  /** Date such as `2026-11-29`. */
  readonly issuedOn: string;
  /** Last day of validity. */
  readonly validThrough: string;
  readonly document: InstrumentDocument | null;
  readonly hasWindow: boolean;
  /** Values of inputs `datetime-local`, in UTC. */
  readonly from: string;
  readonly to: string;
  readonly records: readonly RecordType[];
  readonly asksOther: boolean;
  readonly otherRecords: string;
  readonly extras: Extras;
}

/** Fields that a request and a narrower text share. */
export interface Extras {
  readonly deadline: string;
  readonly objection: string;
  readonly delayed: boolean;
  readonly notBefore: string;
  readonly basis: string;
}

export const NO_EXTRAS: Extras = { deadline: '', objection: '', delayed: false, notBefore: '', basis: '' };

export const EMPTY_DEMAND: DemandForm = {
  account: 'one',
  person: null,
  subject: '',
  authority: null,
  hasInstrument: true,
  type: null,
  reference: '',
  issuer: '',
  issuedOn: '',
  validThrough: '',
  document: null,
  hasWindow: true,
  from: '',
  to: '',
  records: [],
  asksOther: false,
  otherRecords: '',
  extras: NO_EXTRAS,
};

export type DemandField = Exclude<keyof DemandForm, 'extras'> | keyof Extras;
export type DemandProblems = ReadonlyMap<DemandField, string>;

const isBlank = (text: string): boolean => text.trim() === '';

/** Missing entries, in the order of the fields. An over-wide demand is complete: the desk refuses it and states the reason. */
export function problemsOf(form: DemandForm): DemandProblems {
  const problems: [DemandField, string, boolean][] = [
    ['person', 'The account is missing. Select a person.', form.account === 'one' && form.person === null],
    [
      'subject',
      'The persons or accounts are missing. Enter them in the words of the demand.',
      form.account === 'other' && isBlank(form.subject),
    ],
    ['authority', 'The authority is missing. Select it, or add it on the page Authorities.', form.authority === null],
    ...instrumentProblems(form),
    ['from', 'The start is missing. Enter a date and time.', form.hasWindow && instantOf(form.from) === undefined],
    ['to', 'The end is missing. Enter a date and time.', form.hasWindow && instantOf(form.to) === undefined],
    ['records', 'No record type is selected. Select at least one.', form.records.length === 0 && !form.asksOther],
    [
      'otherRecords',
      'The other data are missing. Enter them in the words of the demand.',
      form.asksOther && isBlank(form.otherRecords),
    ],
    ...extraProblems(form.extras),
  ];
  return new Map(problems.filter(([, , missing]) => missing).map(([field, text]) => [field, text]));
}

function instrumentProblems(form: DemandForm): [DemandField, string, boolean][] {
  const { hasInstrument } = form;
  return [
    ['type', 'The type is missing. Select it.', hasInstrument && form.type === null],
    [
      'reference',
      'The reference is missing. Enter the number of the instrument.',
      hasInstrument && isBlank(form.reference),
    ],
    ['issuer', 'The issuer is missing. Enter the court or body that issued it.', hasInstrument && isBlank(form.issuer)],
    ['issuedOn', 'The date is missing. Enter the day of issue.', hasInstrument && form.issuedOn === ''],
    ['validThrough', 'The date is missing. Enter the last day of validity.', hasInstrument && form.validThrough === ''],
    ['document', 'The document is missing. Add a copy of the instrument.', hasInstrument && form.document === null],
  ];
}

export function extraProblems({ delayed, notBefore, basis }: Extras): [keyof Extras, string, boolean][] {
  return [
    [
      'notBefore',
      'The date is missing. Enter the first day of the notice.',
      delayed && instantOf(notBefore) === undefined,
    ],
    [
      'basis',
      'The legal basis is missing. Enter the law or decision that forbids the notice.',
      delayed && isBlank(basis),
    ],
  ];
}

/** Body of `POST /disclosures`. `now`: time of the server clock, at which an objection is recorded. */
export function bodyOf(form: DemandForm, now: number): Record<string, unknown> {
  const other = form.asksOther ? [form.otherRecords.trim()] : [];
  return {
    person: form.account === 'one' ? form.person : form.subject.trim(),
    authority: form.authority,
    ...(form.hasInstrument && { instrument: instrumentOf(form) }),
    window: form.hasWindow ? { from: instantOf(form.from), to: instantOf(form.to) } : openWindow(form),
    records: [...form.records, ...other],
    ...extrasOf(form.extras, now),
  };
}

const instrumentOf = ({ type, reference, issuer, issuedOn, validThrough, document }: DemandForm) => ({
  type,
  reference: reference.trim(),
  issuer: issuer.trim(),
  issuedAt: `${issuedOn}T00:00:00.000Z`,
  expiresAt: `${validThrough}T23:59:59.000Z`,
  document,
});

const openWindow = ({ from, to }: DemandForm) => ({ from: instantOf(from) ?? null, to: instantOf(to) ?? null });

export function extrasOf(extras: Extras, now: number): Pick<NewDisclosure, 'deadline' | 'objection' | 'notice'> {
  const { deadline, objection, delayed, notBefore, basis } = extras;
  return {
    deadline: instantOf(deadline) ?? null,
    objection: isBlank(objection) ? null : { text: objection.trim(), at: new Date(now).toISOString() },
    notice: delayed
      ? { notBefore: instantOf(notBefore) ?? null, basis: basis.trim() }
      : { notBefore: null, basis: null },
  };
}

/** Length and position of the window in words; null while it is incomplete. */
export function windowFacts({ from, to }: Pick<DemandForm, 'from' | 'to'>, now: number): string | null {
  const [begin, end] = [instantOf(from), instantOf(to)];
  if (begin === undefined || end === undefined) return null;
  const days = Math.ceil((Date.parse(end) - Date.parse(begin)) / 86_400_000);
  if (days <= 0) return 'The end is before the start.';
  const length = `${days} ${days === 1 ? 'day' : 'days'}`;
  return Date.parse(end) > now ? `${length}, not wholly in the past.` : `${length}, wholly in the past.`;
}
