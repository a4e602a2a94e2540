/** Optional parts of an order as form values, and their conversion to the format of the API. The functions are pure. */
import { z } from 'zod';
import {
  instrumentDocumentSchema,
  NOTICE_MOMENTS,
  type OrderTerms,
  PROVENANCES,
} from '../../../../shared/order/documents.ts';
import { durationOf } from '../rule-words.ts';
import type { Draft } from './draft.ts';
import { localTime, localTimeAt, NO_TIME, timeText } from './local-time.ts';

export const optionalForm = z.object({
  receivedOn: z.string(),
  toBeAnswered: z.boolean(),
  answerBy: localTime,
  provenance: z.enum(PROVENANCES).nullable(),
  answers: z.string(),
  documents: z.array(instrumentDocumentSchema),
  publication: z.enum(['public', 'until', 'law']),
  publishAt: localTime,
  law: z.string(),
  notices: z.array(z.object({ language: z.string(), text: z.string() })),
  /**
   * Times at which users receive a notice about an order. `all`: every notice time that has not passed. `chosen`: only the notice times in
   * `plan`.
   */
  planned: z.enum(['all', 'chosen']),
  plan: z.array(z.enum(NOTICE_MOMENTS)),
  exportDays: z.string(),
  considered: z.string(),
  consideredBy: z.string(),
  reasons: z.string(),
});
export type OptionalForm = z.infer<typeof optionalForm>;

export const NO_OPTIONS: OptionalForm = {
  receivedOn: '',
  toBeAnswered: false,
  answerBy: NO_TIME,
  provenance: null,
  answers: '',
  documents: [],
  publication: 'public',
  publishAt: NO_TIME,
  law: '',
  notices: [],
  planned: 'all',
  plan: [...NOTICE_MOMENTS],
  exportDays: '',
  considered: '',
  consideredBy: '',
  reasons: '',
};

const DAY = 86_400_000;

/**
 * Form values for an existing order. The fields for the decision record start empty, because a new record would replace the existing one.
 */
export function optionsOf(terms: OrderTerms): OptionalForm {
  const { receivedOn = '', answerBy, provenance = null, answers = '', documents = [], publication, notice } = terms;
  const { noticePlan, exportWindow, zone } = terms;
  return {
    ...NO_OPTIONS,
    receivedOn,
    ...(answerBy !== undefined && { toBeAnswered: true, answerBy: localTimeAt(answerBy, zone) }),
    provenance,
    answers,
    documents: [...documents],
    ...(publication && 'until' in publication
      ? { publication: 'until', publishAt: localTimeAt(publication.until, zone) }
      : publication && { publication: 'law', law: publication.law }),
    notices: Object.entries(notice ?? {}).map(([language, text]) => ({ language, text })),
    ...(noticePlan && { planned: 'chosen', plan: [...noticePlan] }),
    exportDays: exportWindow === undefined ? '' : String(durationOf(exportWindow) / DAY),
  };
}

/**
 * Returns the optional terms of an order in the format of the API. `absent`: value for an empty field. In a revision, null deletes the
 * field from the order. In a new order, undefined omits the field.
 */
export function optionalDraft(more: OptionalForm, mode: OrderTerms['mode'], absent: null | undefined) {
  const text = (value: string) => (value.trim() === '' ? undefined : value.trim());
  const notices = more.notices.filter((each) => each.language !== '' && text(each.text) !== undefined);
  const decision = {
    considered: text(more.considered),
    by: text(more.consideredBy),
    reasons: text(more.reasons),
  };
  const days = text(more.exportDays);
  return {
    receivedOn: text(more.receivedOn) ?? absent,
    answerBy: more.toBeAnswered ? (timeText(more.answerBy) ?? '') : absent,
    provenance: more.provenance ?? absent,
    answers: text(more.answers) ?? absent,
    documents: more.documents.length > 0 ? more.documents : absent,
    publication:
      more.publication === 'public'
        ? absent
        : more.publication === 'law'
          ? { law: more.law.trim() }
          : { until: timeText(more.publishAt) ?? '' },
    notice: notices.length > 0 ? Object.fromEntries(notices.map((each) => [each.language, each.text.trim()])) : absent,
    noticePlan: more.planned === 'all' ? absent : more.plan,
    exportWindow: mode === 'exit' && days !== undefined ? `P${days}D` : absent,
    decision: Object.values(decision).some((each) => each !== undefined)
      ? Object.fromEntries(Object.entries(decision).filter(([, value]) => value !== undefined))
      : undefined,
  } satisfies Draft;
}
