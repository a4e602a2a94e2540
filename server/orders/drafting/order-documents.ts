/**
 * Documents of legal instruments, and internal decision records of the operator. The server stores both encrypted. Revisions and the ledger
 * contain only hashes of the documents and commitments to the decision records.
 */

import { CordonError } from '../../../shared/errors.ts';
import { decisionCommitment } from '../../../shared/order/decision-record.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import {
  type DecisionRecord,
  decisionRecordSchema,
  type InstrumentDocument,
  instrumentDocumentSchema,
  LARGEST_DOCUMENT,
  type OrderTerms,
  type Revision,
} from '../../../shared/order/documents.ts';
import { newSalt } from '../../../shared/order/exemption.ts';
import type { PersonId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { readPayload } from '../adoption/revision-payload.ts';
import { type ProceedingStore, readRecord } from '../evidence/proceedings.ts';
import type { DecisionRow, OrderStore } from '../ports.ts';
import type { Objections } from './objections.ts';

export type StoredDocument = Omit<InstrumentDocument, 'title'>;

export interface DocumentRow extends StoredDocument {
  readonly sealed: string;
  readonly uploadedBy: PersonId;
  readonly uploadedAt: Instant;
}

export interface NamedDocument extends InstrumentDocument {
  readonly revision: number;
  readonly content: Buffer;
}

export interface DocumentStore {
  documents(sha256: readonly string[]): Promise<StoredDocument[]>;
  document(sha256: string): Promise<DocumentRow | null>;
  /**
   * Stores an uploaded document. A second upload of the same bytes changes nothing. Throws `too_large` if the store already has `most`
   * documents that belong to no order.
   */
  putDocument(document: DocumentRow, most: number): Promise<void>;
  decision(commitment: string): Promise<DecisionRow | null>;
}

export interface Sealer {
  /** Encrypts bytes. They can be decrypted only with the same `purpose`. */
  seal(plain: Buffer, purpose: string): string;
  unseal(text: string, purpose: string): Buffer;
}

export interface DecisionView extends DecisionRecord {
  readonly commitment: string;
  /**
   * Random salt in the hash (`commitment`) of this decision record. The order's revision contains only the hash. A reader needs the salt to
   * verify that the record matches the hash.
   */
  readonly salt: string;
}

/** Maximum number of stored documents that belong to no order. The server deletes such a document after a month. */
const MOST_UNNAMED = 100;

const purposeOfDocument = (hash: string) => `instrument ${hash}`;
const purposeOfDecision = (commitment: string) => `decision ${commitment}`;

export const documentsOf = ({ terms, basis }: Pick<Revision, 'terms' | 'basis'>): InstrumentDocument[] => [
  ...(terms.documents ?? []),
  ...(basis?.documents ?? []),
];

/**
 * Returns the type, size and hash of an uploaded document. Throws `too_large` for more than `LARGEST_DOCUMENT` bytes, and `invalid_input`
 * for an empty document or an invalid media type.
 */
function describeDocument(mediaType: string, content: Buffer): StoredDocument {
  if (content.length > LARGEST_DOCUMENT) {
    throw new CordonError('too_large', `A document has at most ${LARGEST_DOCUMENT} bytes.`);
  }
  const document = { mediaType, bytes: content.length, sha256: sha256(content) };
  if (instrumentDocumentSchema.omit({ title: true }).safeParse(document).success) return document;
  const detail =
    content.length === 0
      ? 'The document is empty.'
      : `“${mediaType}” is not a media type. A media type is for example application/pdf.`;
  throw new CordonError('invalid_input', detail);
}

export function createOrderDocuments({
  store,
  orders,
  proceedings,
  sealer,
  clock,
}: {
  readonly store: DocumentStore;
  readonly orders: Pick<OrderStore, 'revisions'>;
  readonly proceedings: Pick<ProceedingStore, 'proceedings'>;
  readonly sealer: Sealer;
  readonly clock: Clock;
}) {
  return {
    /**
     * Encrypts and stores an uploaded document. Throws `invalid_input` for an invalid document. Throws `too_large` if the document is too
     * large, or if too many stored documents belong to no order.
     */
    keep: async (by: PersonId, mediaType: string, content: Buffer): Promise<StoredDocument> => {
      const document = describeDocument(mediaType, content);
      const sealed = sealer.seal(content, purposeOfDocument(document.sha256));
      await store.putDocument({ ...document, sealed, uploadedBy: by, uploadedAt: clock.now() }, MOST_UNNAMED);
      const [stored = document] = await store.documents([document.sha256]);
      return stored;
    },

    /** Type and size of an uploaded document; null for an unknown one. */
    stored: async (hash: string): Promise<StoredDocument | null> => (await store.documents([hash]))[0] ?? null,

    /** Content of an uploaded document, for a caller that has checked the reader's rights. */
    read: async (hash: string): Promise<Buffer> => {
      const row = await store.document(hash);
      if (!row) throw new CordonError('not_found', `There is no document ${hash}.`);
      return sealer.unseal(row.sealed, purposeOfDocument(hash));
    },

    /** Returns a document. Throws `not_found` if no revision and no proceeding of the order refers to the document. */
    document: async (number: string, hash: string): Promise<NamedDocument> => {
      const rows = await orders.revisions(number);
      const recorded = (await proceedings.proceedings(number)).flatMap((row) => {
        const { document } = readRecord(row).proceeding;
        return document?.sha256 === hash ? [{ ...document, revision: rows.at(-1)?.revision ?? 1 }] : [];
      });
      const named = rows.flatMap(({ revision, payload }) =>
        documentsOf(readPayload(payload))
          .filter((document) => document.sha256 === hash)
          .map((document) => ({ ...document, revision })),
      );
      named.push(...recorded);
      const [first, last] = [named[0], named.at(-1)];
      const row = last && (await store.document(hash));
      if (!first || !row) throw new CordonError('not_found', `Order ${number} names no document ${hash}.`);
      const content = sealer.unseal(row.sealed, purposeOfDocument(hash));
      return { ...last, revision: first.revision, content };
    },

    /**
     * Checks that the store has each document with the stated type and size, because the server must be able to show everything that
     * approvers sign.
     */
    check: async (
      { documents = [] }: Pick<OrderTerms, 'documents'>,
      objections: Objections,
      field = 'documents',
    ): Promise<void> => {
      const stored = await store.documents(documents.map((document) => document.sha256));
      for (const [index, { title, mediaType, bytes, sha256: hash }] of documents.entries()) {
        const found = stored.find((each) => each.sha256 === hash);
        if (found && found.mediaType === mediaType && found.bytes === bytes) continue;
        const detail = found
          ? `“${title}” is stored here as ${found.mediaType} of ${found.bytes} bytes: name it so.`
          : `“${title}” is not stored here: upload it first.`;
        objections.add(`${field}.${index}`, found ? 'invalid_input' : 'not_found', detail, { sha256: hash });
      }
    },

    /** Creates the commitment to a decision record, and encrypts the record. Throws `invalid_input` for an invalid record. */
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

    decision: async (number: string, revision: number): Promise<DecisionView> => {
      const row = (await orders.revisions(number)).find((each) => each.revision === revision);
      const commitment = row && readPayload(row.payload).terms.internal;
      const stored = commitment === undefined ? null : await store.decision(commitment);
      if (commitment === undefined || !stored) {
        throw new CordonError('not_found', `Revision ${revision} of order ${number} has no decision record.`);
      }
      const opened: { salt: string; record: unknown } = JSON.parse(
        sealer.unseal(stored.sealed, purposeOfDecision(commitment)).toString(),
      );
      return { ...decisionRecordSchema.parse(opened.record), salt: opened.salt, commitment };
    },
  };
}

export type OrderDocuments = ReturnType<typeof createOrderDocuments>;
