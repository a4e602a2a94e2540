/**
 * Disclosure desk (ADR 54): authorities, requests about one account, and refusals. Base path /api/v1.
 *
 * | route | right | effect |
 * |---|---|---|
 * | GET /disclosures/form | disclosures.form | record types, instrument types and limits |
 * | GET /disclosures | disclosures.list | list of requests, newest first; an auditor sees no account |
 * | POST /disclosures/documents?mediaType= | disclosures.upload | stores the encrypted document of an instrument |
 * | POST /disclosures | disclosures.draft | drafts a request; an over-wide demand is recorded as a refusal, and has its own error code |
 * | GET /disclosures/:id | disclosures.show | one request with all its texts and approvals |
 * | GET /disclosures/:id/document | disclosures.document | the document of the instrument |
 * | POST /disclosures/:id/narrow | disclosures.narrow | a new, narrower text; voids the approvals of the earlier text |
 * | GET /disclosures/:id/preview | disclosures.preview | the lines that would be produced; recorded in the ledger first |
 * | POST /disclosures/:id/approvals | disclosures.approve | a signature over the exact bytes of the newest text |
 * | POST /disclosures/:id/produce | disclosures.produce | seals the production to the authority, once |
 * | GET /disclosures/:id/production | disclosures.download | the sealed file; repeatable |
 * | POST /disclosures/:id/refuse | disclosures.refuse | people refuse a drafted or approved request |
 * | GET /disclosures/refusals | disclosures.refusals | list of refusals with their reasons |
 * | POST /disclosures/refusals | disclosures.record-refusal | records a demand that no request can express |
 * | GET /authorities | authorities.list | registry of authorities |
 * | POST /authorities | authorities.add | names an authority and its age key |
 * | POST /authorities/:id/confirm | authorities.confirm | a second person confirms the fingerprint |
 * | POST /authorities/:id/revoke | authorities.revoke | ends the use of a key |
 */
import { z } from 'zod';
import {
  DISCLOSURE_PAYLOAD_TYPES,
  INSTRUMENT_TYPES,
  instrumentSchema,
  noticeSchema,
  objectionSchema,
  recordTypesSchema,
  windowSchema,
} from '../disclosure/documents.ts';
import { RECORD_TYPES } from '../disclosure/record-types.ts';
import { DECIDED_REASONS, REFUSAL_REASONS, RULE_REASONS } from '../disclosure/refusal-reasons.ts';
import { base64, sha256Hex, timestamp } from '../order/documents.ts';
import { authorityIdSchema, disclosureIdSchema, personIdSchema, refusalIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const count = z.int().min(0);
const line = z.string().trim().min(1).max(200);
const paragraph = z.string().trim().min(1).max(4000);
const personView = z.object({ person: z.string(), name: z.string() });

export const authorityParams = z.object({ id: authorityIdSchema });
export const newAuthority = z.strictObject({
  name: line,
  /** Age recipient (`age1…`) of the authority. */
  recipient: z.string().trim().min(1).max(4000),
  /** How the caller got and verified the key out of band, such as by a call to a number from the public register. */
  verifiedBy: paragraph,
});
export const authorityConfirmation = z.strictObject({
  /** SHA-256 of the recipient, in hex, as the second person got it from the authority. */
  fingerprint: sha256Hex,
  verifiedBy: paragraph,
});
export const authorityRevocation = z.strictObject({ reason: paragraph });
export const authorityView = z.object({
  id: authorityIdSchema,
  name: z.string(),
  recipient: z.string(),
  fingerprint: sha256Hex,
  state: z.enum(['unconfirmed', 'verified', 'revoked']),
  added: personView.extend({ at: instant, verifiedBy: z.string() }),
  confirmed: personView.extend({ at: instant, verifiedBy: z.string() }).nullable(),
  revoked: personView.extend({ at: instant, reason: z.string() }).nullable(),
});
export type AuthorityView = z.output<typeof authorityView>;
export const authorityList = z.object({ authorities: z.array(authorityView) });

export const disclosureParams = z.object({ id: disclosureIdSchema });

/** A request about one account. No field accepts more than one account, and the window has a start and an end. */
export const newDisclosure = z.strictObject({
  person: personIdSchema,
  authority: authorityIdSchema,
  instrument: instrumentSchema,
  window: windowSchema,
  records: recordTypesSchema,
  deadline: timestamp.nullable().default(null),
  objection: objectionSchema.nullable().default(null),
  notice: noticeSchema.default({ notBefore: null, basis: null }),
});
export type NewDisclosure = z.output<typeof newDisclosure>;

/** A narrower text. Absent fields stay unchanged. Window and record types may only become smaller. */
export const narrowing = z.strictObject({
  window: windowSchema.optional(),
  records: recordTypesSchema.optional(),
  deadline: timestamp.nullable().optional(),
  objection: objectionSchema.nullable().optional(),
  notice: noticeSchema.optional(),
  /** Reason for the new text. Not part of the signed text. */
  note: paragraph,
});
export type Narrowing = z.output<typeof narrowing>;

export const DISCLOSURE_STATES = ['drafted', 'approved', 'produced', 'refused'] as const;
export const disclosureState = z.enum(DISCLOSURE_STATES);

export const disclosureApproval = z.strictObject({
  /** SHA-256 of the payload that the caller signed. A newer text has another digest, and the server refuses the signature. */
  digest: sha256Hex,
  keyid: sha256Hex,
  /** Signature over the DSSE bytes (PAE) of the payload type and the payload. */
  signature: base64.max(4096),
});

/**
 * Version of the text of a request. `payload`: exact bytes to sign, canonical JSON of `shared/disclosure/documents.ts`; null for an auditor, because
 * the text names the account.
 */
export const disclosureVersion = z.object({
  version: z.int(),
  payload: z.string().nullable(),
  payloadType: z.literal(DISCLOSURE_PAYLOAD_TYPES.disclosure),
  digest: sha256Hex,
  draftedBy: personView,
  draftedAt: instant,
  note: z.string().nullable(),
  approvals: z.array(personView.extend({ keyid: sha256Hex, sig: z.string(), at: instant })),
});

/**
 * Notice to the person on the person's devices. `none`: nothing was produced yet. `delayed`: the law forbids the notice until `dueAt`.
 * `waiting`: the person has no active device that can receive it, or no device has stored it yet. `sent`: a device has stored it.
 */
export const noticeState = z.object({
  state: z.enum(['none', 'delayed', 'waiting', 'sent']),
  dueAt: instant.nullable(),
  basis: z.string().nullable(),
  sentAt: instant.nullable(),
});

export const refusalView = z.object({
  id: refusalIdSchema,
  at: instant,
  reason: z.enum(REFUSAL_REASONS),
  title: z.string(),
  /** Stored answer to the authority. */
  answer: z.string(),
  /**
   * Origin of the refusal. `request`: the rules refused a request. `recorded`: a person recorded a demand. `decided`: people refused a
   * drafted request.
   */
  source: z.enum(['request', 'recorded', 'decided']),
  disclosure: disclosureIdSchema.nullable(),
  authority: z.string().nullable(),
  reference: z.string().nullable(),
  receivedOn: z.string().nullable(),
  note: z.string().nullable(),
  by: personView,
});
export type RefusalView = z.output<typeof refusalView>;

export const disclosureView = z.object({
  id: disclosureIdSchema,
  state: disclosureState,
  /** Account that the request is about; null for an auditor. */
  person: personView.nullable(),
  authority: z.object({ id: authorityIdSchema, name: z.string(), fingerprint: sha256Hex, recipient: z.string() }),
  instrument: instrumentSchema,
  window: windowSchema,
  records: recordTypesSchema,
  deadline: timestamp.nullable(),
  objection: objectionSchema.nullable(),
  receivedAt: instant,
  /** Newest version number. Only its text can be signed. */
  version: z.int(),
  digest: sha256Hex,
  approved: count,
  needed: count,
  /** Reason why the caller cannot approve the newest text; null if the caller can. */
  obstacle: z.string().nullable(),
  production: z.object({ at: instant, sha256: sha256Hex, bytes: count, lines: count, by: personView }).nullable(),
  notice: noticeState,
  refusal: refusalView.nullable(),
});
export type DisclosureView = z.output<typeof disclosureView>;

/** Texts, oldest first. */
export const disclosureDetail = disclosureView.extend({ versions: z.array(disclosureVersion) });
export type DisclosureDetail = z.output<typeof disclosureDetail>;

export const disclosureQuery = z.strictObject({
  state: disclosureState.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const disclosurePage = z.object({ disclosures: z.array(disclosureView), cursor: z.string().nullable() });

export const productionLine = z.object({
  record: z.enum(RECORD_TYPES),
  at: timestamp,
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
});
export type ProductionLine = z.output<typeof productionLine>;

/** A page of the lines that a preview shows. */
export const previewPage = z.strictObject({
  offset: z.int().min(0).default(0),
  limit: z.int().min(1).max(500).default(200),
});
/**
 * Lines that the newest text would produce now. `digest`: SHA-256 of the whole production as canonical lines. Nobody signs it, because
 * records can expire between preview and production (ADR 54).
 */
export const productionPreview = z.object({
  version: z.int(),
  digest: sha256Hex,
  total: count,
  lines: z.array(productionLine),
  records: z.array(
    z.object({ record: z.enum(RECORD_TYPES), title: z.string(), exists: z.string(), kept: z.string(), lines: count }),
  ),
});
export type ProductionPreview = z.output<typeof productionPreview>;

export const disclosureForm = z.object({
  records: z.array(
    z.object({
      record: z.enum(RECORD_TYPES),
      title: z.string(),
      fields: z.array(z.string()),
      exists: z.string(),
      kept: z.string(),
    }),
  ),
  instrumentTypes: z.array(z.enum(INSTRUMENT_TYPES)),
  longestWindowDays: z.int(),
  reasons: z.array(z.object({ reason: z.enum(REFUSAL_REASONS), title: z.string(), answer: z.string() })),
  /** Numbers of people: `approvals`: number of people who must approve, none of whom may have drafted the request. */
  approvals: count,
});

export const refusalDecision = z.strictObject({ reason: z.enum(DECIDED_REASONS), note: paragraph });

/** A demand that no request can express, such as a demand for all accounts or for keys. */
export const recordedDemand = z.strictObject({
  reason: z.enum(RULE_REASONS),
  authority: line,
  reference: line,
  /** Day on which the demand arrived, such as 2026-11-29. */
  receivedOn: z.iso.date(),
  note: paragraph.nullable().default(null),
});
export type RecordedDemand = z.output<typeof recordedDemand>;

export const refusalQuery = z.strictObject({
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const refusalPage = z.object({ refusals: z.array(refusalView), cursor: z.string().nullable() });
