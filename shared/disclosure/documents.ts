/**
 * Schemas of the signed documents of the disclosure desk: the text of a request, and the transparency statement. Each is canonical JSON in
 * a DSSE envelope. The schema of a request cannot express more than one account, one authority, one instrument or one window (ADR 54).
 */
import { z } from 'zod';
import { instrumentDocumentSchema, personId, sha256Hex, timestamp } from '../order/documents.ts';
import { authorityIdSchema, disclosureIdSchema, personIdSchema } from '../protocol/ids.ts';
import { RECORD_TYPES } from './record-types.ts';

export const DISCLOSURE_PAYLOAD_TYPES = {
  disclosure: 'application/vnd.cordon.disclosure.v1+json',
  statement: 'application/vnd.cordon.transparency-statement.v1+json',
} as const;

export const INSTRUMENT_TYPES = [
  'court-order',
  'warrant',
  'production-order',
  'subpoena',
  'statutory-request',
] as const;
export type InstrumentType = (typeof INSTRUMENT_TYPES)[number];

const line = z.string().trim().min(1).max(200);
const paragraph = z.string().trim().min(1).max(4000);

export const instrumentSchema = z.strictObject({
  type: z.enum(INSTRUMENT_TYPES),
  /** Reference of the instrument. Unique for each authority: one instrument serves one request. */
  reference: line,
  issuer: line,
  issuedAt: timestamp,
  expiresAt: timestamp,
  document: instrumentDocumentSchema,
});
export type Instrument = z.infer<typeof instrumentSchema>;

export const windowSchema = z.strictObject({ from: timestamp, to: timestamp });
export type DisclosureWindow = z.infer<typeof windowSchema>;

export const recordTypesSchema = z
  .array(z.enum(RECORD_TYPES))
  .min(1)
  .max(RECORD_TYPES.length)
  .refine((types) => new Set(types).size === types.length, 'names a record type twice');

export const objectionSchema = z.strictObject({ text: paragraph, at: timestamp });
export type DisclosureObjection = z.infer<typeof objectionSchema>;

/**
 * Notice to the person. `notBefore`: time before which the law forbids the notice, with its legal basis. Null: the server sends the notice
 * at once after the production.
 */
export const noticeSchema = z
  .strictObject({ notBefore: timestamp.nullable(), basis: paragraph.nullable() })
  .refine(({ notBefore, basis }) => (notBefore === null) === (basis === null), {
    message: 'a delay of the notice needs a date and a legal basis',
    path: ['basis'],
  });
export type DisclosureNotice = z.infer<typeof noticeSchema>;

/** Text of a request, which two people of the role `legal` sign. */
export const disclosureTextSchema = z.strictObject({
  installation: z.string().min(1).max(64),
  disclosure: disclosureIdSchema,
  /**
   * Number of the text of a request: 1 for the first draft. Each narrowing of the request makes a new text and voids the approvals of the
   * earlier ones.
   */
  version: z.int().min(1).max(1000),
  person: personIdSchema,
  authority: z.strictObject({
    id: authorityIdSchema,
    name: line,
    /** Age recipient of the authority. The signatures cover it, so the server cannot seal the production to another key. */
    recipient: z.string().max(4000),
    fingerprint: sha256Hex,
  }),
  instrument: instrumentSchema,
  window: windowSchema,
  records: recordTypesSchema,
  deadline: timestamp.nullable(),
  objection: objectionSchema.nullable(),
  notice: noticeSchema,
  draftedBy: personIdSchema,
  draftedAt: timestamp,
});
export type DisclosureText = z.infer<typeof disclosureTextSchema>;

/** Key, or kind of key, that the server has. */
export const inventoryKeySchema = z.strictObject({
  use: line,
  /** Abilities of a person who has this key. */
  opens: paragraph,
  /** SHA-256 of the public key (SubjectPublicKeyInfo); null for a symmetric key. */
  publicKey: sha256Hex.nullable(),
});
export type InventoryKey = z.infer<typeof inventoryKeySchema>;

/** Dated statement of the operator, which two people of the role `legal` sign. It says nothing about the time after `expires`. */
export const transparencyStatementSchema = z.strictObject({
  installation: z.string().min(1).max(64),
  organization: z.string().min(1).max(120),
  statement: paragraph,
  date: timestamp,
  expires: timestamp,
  proposedBy: personId,
  keys: z.array(inventoryKeySchema).max(50),
});
export type TransparencyStatement = z.infer<typeof transparencyStatementSchema>;

export const TRANSPARENCY_STATEMENT =
  'We have never given a key, never built an interception, never permitted wholesale access.';
