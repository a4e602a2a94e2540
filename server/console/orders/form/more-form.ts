/** What an order can say and need not: what the form holds of it, and its way to the API and back. Pure. */
import { z } from 'zod';
import {
  instrumentDocumentSchema,
  NOTICE_MOMENTS,
  type OrderTerms,
  PROVENANCES,
} from '../../../../shared/order/documents.ts';
import { durationOf } from '../rule-words.ts';
import type { Draft } from './order-form.ts';
import { NO_TIME, timeText, writtenAt, writtenTime } from './written-time.ts';

export const moreForm = z.object({
  /** `2015-07-22`; empty: not said. So with every text here. */
  receivedOn: z.string(),
  toBeAnswered: z.boolean(),
  answerBy: writtenTime,
  provenance: z.enum(PROVENANCES).nullable(),
  answers: z.string(),
  documents: z.array(instrumentDocumentSchema),
  publication: z.enum(['public', 'until', 'law']),
  publishAt: writtenTime,
  law: z.string(),
  notices: z.array(z.object({ language: z.string(), text: z.string() })),
  /** all: at every moment that still lies ahead. */
  planned: z.enum(['all', 'chosen']),
  plan: z.array(z.enum(NOTICE_MOMENTS)),
  exportDays: z.string(),
  considered: z.string(),
  consideredBy: z.string(),
  reasons: z.string(),
});
export type MoreForm = z.infer<typeof moreForm>;

export const NOTHING_MORE: MoreForm = {
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

/** An order as it stands. The decision record is kept apart: what is written here takes its place. */
export function moreOf(terms: OrderTerms): MoreForm {
  const { receivedOn = '', answerBy, provenance = null, answers = '', documents = [], publication, notice } = terms;
  const { noticePlan, exportWindow, zone } = terms;
  return {
    ...NOTHING_MORE,
    receivedOn,
    ...(answerBy !== undefined && { toBeAnswered: true, answerBy: writtenAt(answerBy, zone) }),
    provenance,
    answers,
    documents: [...documents],
    ...(publication && 'until' in publication
      ? { publication: 'until', publishAt: writtenAt(publication.until, zone) }
      : publication && { publication: 'law', law: publication.law }),
    notices: Object.entries(notice ?? {}).map(([language, text]) => ({ language, text })),
    ...(noticePlan && { planned: 'chosen', plan: [...noticePlan] }),
    exportDays: exportWindow === undefined ? '' : String(durationOf(exportWindow) / DAY),
  };
}

/** `absent`: how it is said that nothing is: null takes away what the order said before, undefined leaves it out of a new one. */
export function moreDraft(more: MoreForm, mode: OrderTerms['mode'], absent: null | undefined) {
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
