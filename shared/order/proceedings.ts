/**
 * Answers to an order's authority, and appeals to a court, as admins record them (ADR 44). A record never changes a service. A record is
 * corrected by a new record. The ledger contains the digest of each.
 */
import { z } from 'zod';
import { courtSchema, instrumentDocumentSchema, orderNumber, personId, sha256Hex, timestamp } from './documents.ts';

export const APPEAL_OUTCOMES = ['allowed', 'partly-allowed', 'dismissed', 'withdrawn'] as const;
export type AppealOutcome = (typeof APPEAL_OUTCOMES)[number];

export const MOST_PROCEEDINGS = 200;

const step = {
  /**
   * Day on which the operator answered an order's authority, or of a step in an appeal against the order. The day is in the order's time
   * zone.
   */
  on: z.iso.date(),
  note: z.string().min(1).max(2000).optional(),
  /** Number of an earlier record that this record corrects. The server also keeps the earlier record. */
  corrects: z.int().min(1).optional(),
};

export const proceedingSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answer'),
    ...step,
    by: z.string().min(1).max(200),
    document: instrumentDocumentSchema,
  }),
  z.strictObject({
    kind: z.literal('appeal-filed'),
    ...step,
    court: courtSchema,
    document: instrumentDocumentSchema.optional(),
  }),
  z.strictObject({
    kind: z.literal('appeal-decided'),
    ...step,
    /** Number of the record that reported the filing of the appeal. */
    appeal: z.int().min(1),
    outcome: z.enum(APPEAL_OUTCOMES),
    document: instrumentDocumentSchema.optional(),
  }),
]);
export type Proceeding = z.infer<typeof proceedingSchema>;

/** Record of an answer or a step of an appeal. The ledger contains the SHA-256 of its canonical JSON. */
export const proceedingRecordSchema = z.strictObject({
  installation: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  order: orderNumber,
  number: z.int().min(1).max(MOST_PROCEEDINGS),
  recordedBy: personId,
  recordedAt: timestamp,
  /** Random value, so that readers of the public ledger cannot guess the record from its digest. */
  salt: sha256Hex,
  proceeding: proceedingSchema,
});
export type ProceedingRecord = z.infer<typeof proceedingRecordSchema>;

type Of<K extends Proceeding['kind']> = Extract<Proceeding, { readonly kind: K }>;

export interface Appeal {
  readonly appeal: number;
  readonly filed: Of<'appeal-filed'>;
  /** Decision on the appeal; null while the appeal is pending. */
  readonly decided: Of<'appeal-decided'> | null;
}

export interface ProceedingState {
  readonly answer: Of<'answer'> | null;
  readonly appeals: readonly Appeal[];
}

type Numbered = Pick<ProceedingRecord, 'number' | 'proceeding'>;

/**
 * Returns the operator's answer to the authority and the appeals to courts. `records` are sorted by number. A corrected record is replaced
 * by its correction.
 */
export function proceedingState(records: readonly Numbered[]): ProceedingState {
  const valid = current(records);
  const of = <K extends Proceeding['kind']>(kind: K) =>
    valid.flatMap(({ first, proceeding }) =>
      proceeding.kind === kind ? [{ first, proceeding: proceeding as Of<K> }] : [],
    );
  const decisions = of('appeal-decided');
  return {
    answer: of('answer').at(-1)?.proceeding ?? null,
    appeals: of('appeal-filed').map(({ first, proceeding }) => ({
      appeal: first,
      filed: proceeding,
      decided: decisions.findLast((each) => each.proceeding.appeal === first)?.proceeding ?? null,
    })),
  };
}

/**
 * Returns the valid records of answers to an order's authority and of appeals against the order. A correction replaces the corrected
 * record. `first`: number of the original record before any correction.
 */
function current(
  records: readonly Numbered[],
): { readonly first: number; readonly number: number; readonly proceeding: Proceeding }[] {
  const chains = new Map<number, { first: number; number: number; proceeding: Proceeding }>();
  for (const { number, proceeding } of records) {
    const { corrects } = proceeding;
    const first = (corrects === undefined ? undefined : chains.get(corrects)?.first) ?? number;
    if (corrects !== undefined) chains.delete(corrects);
    chains.set(number, { first, number, proceeding });
  }
  return [...chains.values()].sort((a, b) => a.first - b.first);
}

/**
 * Reason to refuse a new record of an answer or appeal (`next`); null if the record is acceptable. `records`: the order's existing records.
 * `today`: present day in the order's time zone.
 */
export function objectionTo(records: readonly Numbered[], next: Proceeding, today: string): string | null {
  if (records.length >= MOST_PROCEEDINGS) return `An order has ${MOST_PROCEEDINGS} records at most.`;
  if (next.on > today) return `${next.on} is in the future: it is ${today} in the order’s zone.`;
  const valid = current(records);
  const { corrects } = next;
  const corrected = valid.find(({ number }) => number === corrects);
  if (corrects !== undefined && corrected?.proceeding.kind !== next.kind) {
    return `Record ${corrects} cannot be corrected: the order has no such record, it is of another kind, or another record corrects it already.`;
  }
  if (
    next.kind === 'answer' &&
    corrects === undefined &&
    valid.some(({ proceeding }) => proceeding.kind === 'answer')
  ) {
    return 'The answer is recorded already. To change it, correct that record.';
  }
  const { appeals } = proceedingState(records);
  if (next.kind === 'appeal-filed' && corrected) {
    const decided = appeals.find(({ appeal }) => appeal === corrected.first)?.decided;
    return decided && decided.on < next.on ? `The appeal was decided on ${decided.on}, before that day.` : null;
  }
  if (next.kind !== 'appeal-decided') return null;
  const about = appeals.find(({ appeal }) => appeal === next.appeal);
  if (!about) return `The order has no appeal ${next.appeal}.`;
  if (about.decided && corrects === undefined)
    return 'The decision is recorded already. To change it, correct that record.';
  if (corrected?.proceeding.kind === 'appeal-decided' && corrected.proceeding.appeal !== next.appeal) {
    return `Record ${corrects} is about another appeal.`;
  }
  return next.on < about.filed.on ? `The appeal was filed on ${about.filed.on}, after that day.` : null;
}

export const OUTCOME_NAMES: Readonly<Record<AppealOutcome, string>> = {
  allowed: 'allowed',
  'partly-allowed': 'partly allowed',
  dismissed: 'dismissed',
  withdrawn: 'withdrawn',
};

/**
 * Sentence about an answer to an authority or a step of an appeal, without the note that an admin added. The sentence contains
 * unescaped text that users entered.
 */
export function proceedingWords(proceeding: Proceeding): string {
  switch (proceeding.kind) {
    case 'answer':
      return `Answered on ${proceeding.on} by ${proceeding.by}`;
    case 'appeal-filed':
      return `Appeal filed on ${proceeding.on}: ${proceeding.court.name}, case ${proceeding.court.case}`;
    case 'appeal-decided':
      return `Appeal ${proceeding.appeal} decided on ${proceeding.on}: ${OUTCOME_NAMES[proceeding.outcome]}`;
  }
}
