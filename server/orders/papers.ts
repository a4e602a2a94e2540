/**
 * What stays with the operator: the documents of an instrument as they were received, and decision records. Both are kept sealed under the passphrase,
 * as keys are; a signed revision names them by hash alone, which is all that goes into the ledger.
 */

import { CordonError } from '../../shared/errors.ts';
import { decisionCommitment } from '../../shared/order/decision-record.ts';
import { sha256 } from '../../shared/order/digest.ts';
import {
  type DecisionRecord,
  decisionRecordSchema,
  type InstrumentDocument,
  instrumentDocumentSchema,
  LARGEST_DOCUMENT,
  type OrderTerms,
} from '../../shared/order/documents.ts';
import { newSalt } from '../../shared/order/exemption.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Objections } from './objections.ts';
import type { OrderStore } from './ports.ts';
import { readPayload } from './views.ts';

export type KeptDocument = Omit<InstrumentDocument, 'title'>;

export interface DocumentRow extends KeptDocument {
  readonly sealed: string;
  readonly uploadedBy: PersonId;
  readonly uploadedAt: Instant;
}

export interface NamedDocument extends InstrumentDocument {
  /** With which it came. */
  readonly revision: number;
  readonly content: Buffer;
}

/** A decision record that a revision commits to. */
export interface DecisionRow {
  readonly commitment: string;
  readonly sealed: string;
}

export interface PaperStore {
  /** Those of these that are kept. */
  documents(sha256: readonly string[]): Promise<KeptDocument[]>;
  document(sha256: string): Promise<DocumentRow | null>;
  /** The same bytes again change nothing. Throws `too_large` when `most` that no revision names are kept already. */
  putDocument(document: DocumentRow, most: number): Promise<void>;
  decision(commitment: string): Promise<DecisionRow | null>;
}

export interface Sealer {
  /** `purpose` must be given again to unseal. */
  seal(plain: Buffer, purpose: string): string;
  unseal(text: string, purpose: string): Buffer;
}

export interface DecisionView extends DecisionRecord {
  readonly commitment: string;
  /** With it, anybody who is shown the record can work out the commitment. */
  readonly salt: string;
}

/** Until a proposal names them; a month later they go. */
const MOST_UNNAMED = 100;

const purposeOfDocument = (hash: string) => `instrument ${hash}`;
const purposeOfDecision = (commitment: string) => `decision ${commitment}`;

export function createPapers({
  store,
  orders,
  sealer,
  clock,
}: {
  readonly store: PaperStore;
  readonly orders: Pick<OrderStore, 'revisions'>;
  readonly sealer: Sealer;
  readonly clock: Clock;
}) {
  return {
    /** Keeps what was received. Throws `invalid_input` or `too_large`. */
    keep: async (by: PersonId, mediaType: string, content: Buffer): Promise<KeptDocument> => {
      if (content.length > LARGEST_DOCUMENT) {
        throw new CordonError('too_large', `A document has ${LARGEST_DOCUMENT} bytes at most.`);
      }
      const document = { mediaType, bytes: content.length, sha256: sha256(content) };
      if (!instrumentDocumentSchema.omit({ title: true }).safeParse(document).success) {
        const detail =
          content.length === 0 ? 'The document is empty.' : `“${mediaType}” is no media type: application/pdf.`;
        throw new CordonError('invalid_input', detail);
      }
      const sealed = sealer.seal(content, purposeOfDocument(document.sha256));
      await store.putDocument({ ...document, sealed, uploadedBy: by, uploadedAt: clock.now() }, MOST_UNNAMED);
      const [kept = document] = await store.documents([document.sha256]);
      return kept;
    },

    /** One that some revision of the order names, with the title that it has now. Throws `not_found`. */
    document: async (number: string, hash: string): Promise<NamedDocument> => {
      const named = (await orders.revisions(number)).flatMap(({ revision, payload }) =>
        (readPayload(payload).terms.documents ?? [])
          .filter((document) => document.sha256 === hash)
          .map((document) => ({ ...document, revision })),
      );
      const [first, last] = [named[0], named.at(-1)];
      const row = last && (await store.document(hash));
      if (!first || !row) throw new CordonError('not_found', `Order ${number} names no document ${hash}.`);
      const content = sealer.unseal(row.sealed, purposeOfDocument(hash));
      return { ...last, revision: first.revision, content };
    },

    /** Every document must be kept here, as it is described: approvers sign for what can be shown. */
    check: async ({ documents = [] }: OrderTerms, objections: Objections): Promise<void> => {
      const kept = await store.documents(documents.map((document) => document.sha256));
      for (const [index, { title, mediaType, bytes, sha256: hash }] of documents.entries()) {
        const held = kept.find((each) => each.sha256 === hash);
        if (held && held.mediaType === mediaType && held.bytes === bytes) continue;
        const detail = held
          ? `“${title}” is kept here as ${held.mediaType} of ${held.bytes} bytes: name it so.`
          : `“${title}” is not kept here: upload it first.`;
        objections.add(`documents.${index}`, held ? 'invalid_input' : 'not_found', detail, { sha256: hash });
      }
    },

    /** What a revision commits to, and what is kept behind it. Throws `invalid_input`. */
    commit: (written: unknown): DecisionRow => {
      const parsed = decisionRecordSchema.safeParse(written);
      if (!parsed.success) {
        const detail = 'Say what was considered, and by whom; both in 20,000 characters at most.';
        throw new CordonError('invalid_input', detail, {}, parsed.error);
      }
      const salt = newSalt();
      const commitment = decisionCommitment(salt, parsed.data);
      const text = JSON.stringify({ salt, record: parsed.data });
      return { commitment, sealed: sealer.seal(Buffer.from(text), purposeOfDecision(commitment)) };
    },

    /** The record that a revision commits to. Throws `not_found`. */
    decision: async (number: string, revision: number): Promise<DecisionView> => {
      const row = (await orders.revisions(number)).find((each) => each.revision === revision);
      const commitment = row && readPayload(row.payload).terms.internal;
      const kept = commitment === undefined ? null : await store.decision(commitment);
      if (commitment === undefined || !kept) {
        throw new CordonError('not_found', `Revision ${revision} of order ${number} has no decision record.`);
      }
      const opened: { salt: string; record: unknown } = JSON.parse(
        sealer.unseal(kept.sealed, purposeOfDecision(commitment)).toString(),
      );
      return { ...decisionRecordSchema.parse(opened.record), salt: opened.salt, commitment };
    },
  };
}

export type Papers = ReturnType<typeof createPapers>;
