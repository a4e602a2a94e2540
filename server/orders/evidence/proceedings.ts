/**
 * Answers to authorities, and appeals, as admins record them (ADR 44). These records have no effect on devices. The ledger commits to each
 * record, so that later changes of a record can be detected.
 */
import { CordonError } from '../../../shared/errors.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { withholdParticulars } from '../../../shared/ledger/withheld-particulars.ts';
import { answerState } from '../../../shared/order/answer-deadline.ts';
import { canonicalText, parseDocument } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';
import { newSalt } from '../../../shared/order/exemption.ts';
import {
  objectionTo,
  type Proceeding,
  type ProceedingRecord,
  type ProceedingState,
  proceedingRecordSchema,
  proceedingState,
} from '../../../shared/order/proceedings.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import { uselessCharacter } from '../../../shared/text/visible-text.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { ActionQueue } from '../adoption/action-queue.ts';
import { Objections } from '../drafting/objections.ts';

export interface ProceedingRow {
  readonly order: string;
  readonly number: number;
  readonly record: string;
  readonly digest: string;
}

export interface ProceedingStore {
  proceedings(order: string): Promise<ProceedingRow[]>;
  /**
   * Adds a record (an answer to an authority, or a step of an appeal) to an order. `alert`: code of the alert that the record resolves.
   * Throws `conflict` if the order already has a record with this number, or if the store lacks the record's document.
   */
  appendProceeding(
    row: ProceedingRow,
    document: string | null,
    alert: string,
    logged: EntryDraft<'order.proceeding'>,
  ): Promise<void>;
}

/** Proceedings of an order for its page. The server hides them from readers who may not read a withheld order. */
export interface ProceedingsView extends ProceedingState {
  /** All records of answers and appeals about the order, sorted by number. Records that a later record corrects are included. */
  readonly records: readonly Pick<ProceedingRecord, 'number' | 'recordedBy' | 'recordedAt' | 'proceeding'>[];
}

export const answerAlert = (order: string): string => `answer_due:${order}`;

export const readRecord = ({ record }: Pick<ProceedingRow, 'record'>): ProceedingRecord =>
  parseDocument(proceedingRecordSchema, Buffer.from(record));

export function proceedingsView(rows: readonly ProceedingRow[]): ProceedingsView {
  const records = rows.map(readRecord);
  return {
    ...proceedingState(records),
    records: records.map(({ number, recordedBy, recordedAt, proceeding }) => ({
      number,
      recordedBy,
      recordedAt,
      proceeding,
    })),
  };
}

interface RecordedOrder {
  readonly number: string;
  readonly status: string;
  readonly terms: Pick<OrderTerms, 'zone' | 'areas' | 'answerBy'>;
  readonly proceedings: Pick<ProceedingState, 'answer'>;
  readonly withheld: boolean;
}

export interface Proceedings {
  /**
   * Records an answer to the authority behind an order, or a step of an appeal. Throws `invalid_input`, `conflict`, and `not_found` for an
   * unknown order or document.
   */
  record(by: PersonId, order: string, proceeding: Proceeding): Promise<ProceedingsView>;
  /** Orders with an authority's deadline for an answer, and without a recorded answer. */
  openAnswers(): Promise<readonly OpenAnswer[]>;
}

export interface OpenAnswer {
  readonly order: string;
  readonly at: Instant;
  readonly areas: readonly string[];
}

export interface DocumentCheck {
  check(named: Pick<OrderTerms, 'documents'>, objections: Objections, field?: string): Promise<void>;
}

export function createProceedings(ports: {
  readonly store: ProceedingStore;
  readonly documents: DocumentCheck;
  readonly orders: { get(order: string): Promise<RecordedOrder>; list(): Promise<RecordedOrder[]> };
  readonly queue: Pick<ActionQueue, 'run'>;
  readonly clock: Clock;
  readonly installation: string;
}): Proceedings {
  const { store, documents, orders, queue, clock, installation } = ports;

  async function checkDocument({ document }: Proceeding): Promise<void> {
    if (!document) return;
    const objections = new Objections();
    await documents.check({ documents: [document] }, objections, 'document');
    objections.throwFirst();
  }

  async function record(by: PersonId, recorded: RecordedOrder, proceeding: Proceeding): Promise<ProceedingsView> {
    const { number: order, terms, withheld } = recorded;
    const hidden = hiddenCharacter(proceeding);
    if (hidden !== null) {
      const detail = `The text contains the hidden character ${hidden}, which readers do not see. Remove it: paste the text without formatting.`;
      throw new CordonError('invalid_input', detail, { character: hidden });
    }
    const now = clock.now();
    const rows = await store.proceedings(order);
    const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(terms.zone).toPlainDate().toString();
    const objection = objectionTo(rows.map(readRecord), proceeding, today);
    if (objection !== null) throw new CordonError('invalid_input', objection);
    await checkDocument(proceeding);
    const record: ProceedingRecord = {
      installation,
      order,
      number: rows.length + 1,
      recordedBy: by,
      recordedAt: new Date(now).toISOString(),
      salt: newSalt(),
      proceeding,
    };
    const text = canonicalText(record);
    const row = { order, number: record.number, record: text, digest: sha256(text) };
    const particulars = { order, record: row.number, digest: row.digest };
    await store.appendProceeding(row, proceeding.document?.sha256 ?? null, answerAlert(order), {
      kind: 'order.proceeding',
      at: now,
      // The ledger entry hides the number of a withheld order, so that the public cannot count the records about this order.
      ...(withheld ? withholdParticulars(particulars) : { subject: null, public: particulars }),
    });
    return proceedingsView([...rows, row]);
  }

  return {
    record: (by, order, proceeding) => queue.run(async () => record(by, await orders.get(order), proceeding)),
    openAnswers: async () =>
      (await orders.list()).flatMap((order) => {
        const answer = answerState(order, clock.now());
        return answer === null || answer.kind === 'answered'
          ? []
          : [{ order: order.number, at: answer.at, areas: order.terms.areas }];
      }),
  };
}

function hiddenCharacter(value: unknown): string | null {
  if (typeof value === 'string') return uselessCharacter(value);
  if (typeof value !== 'object' || value === null) return null;
  for (const each of Object.values(value)) {
    const found = hiddenCharacter(each);
    if (found !== null) return found;
  }
  return null;
}
