import { z } from 'zod';
import { decisionRecordSchema, instrumentDocumentSchema, mediaType, sha256Hex } from '../order/documents.ts';
import { orderParams } from './orders.ts';

export const documentQuery = z.strictObject({ mediaType });

export const documentParams = orderParams.extend({ sha256: sha256Hex });

/**
 * Media type, size and SHA-256 of an uploaded document for an order. To attach the document, a proposal repeats these three fields in its
 * list of documents and adds a title.
 */
export const uploadedDocument = instrumentDocumentSchema.omit({ title: true });

export const decisionView = decisionRecordSchema.extend({ commitment: sha256Hex, salt: sha256Hex });
