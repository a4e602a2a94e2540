/**
 * Signed documents that decide about service: order revision, approver set, order list, device record, receipt. Each is canonical JSON
 * (`canonical.ts`) in a DSSE envelope (`dsse.ts`). Each schema is strict: an unknown field is refused and not skipped, so that a device
 * never enforces half of a signed document.
 */
import { z } from 'zod';
import { LONGEST_EVIDENCE_AREA, POLYGON_CODE } from '../areas/evidence-text.ts';
import { EVIDENCE_SOURCES, NEXUS, SERVICES, WAITING_RULES } from '../verdict/terms.ts';

/** Time in RFC 3339, UTC, as `Date.prototype.toISOString` writes it. */
export const timestamp = z.iso.datetime({ precision: 3 });
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
export const base64 = z.base64();
/** Form of an area code. The code that compiles a document checks it against the tables in `shared/areas`. */
const areaCode = z.string().regex(/^[A-Z][A-Za-z0-9-]{1,31}$/);
/** Form of an evidence area (`shared/areas/evidence-text.ts`). */
const evidenceArea = z
  .string()
  .max(LONGEST_EVIDENCE_AREA)
  .regex(/^[A-Z][A-Za-z0-9+!@-]+$/);
export const orderNumber = z.string().regex(/^[0-9]{4}-[0-9]{3,6}$/, 'must be a year and a number, such as 2015-001');
const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const personId = z.string().regex(/^per_[a-z2-7]{16}$/);
const languageTag = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);
const text = z.string().min(1).max(4000);
const rule = z.enum(['allow', 'deny']);
const hasWords = (texts: object): boolean => Object.keys(texts).length > 0;
const NO_WORDS = 'must have a text in at least one language';
/** ISO 8601 duration in days and time, for grace periods. */
export const duration = z.string().regex(/^P(?=.)(\d{1,4}D)?(T(?=.)(\d{1,4}H)?(\d{1,4}M)?(\d{1,4}S)?)?$/);

export const PAYLOAD_TYPES = {
  revision: 'application/vnd.cordon.order-revision.v1+json',
  stub: 'application/vnd.cordon.order-stub.v1+json',
  immediateEffect: 'application/vnd.cordon.immediate-effect.v1+json',
  approvers: 'application/vnd.cordon.approvers.v1+json',
  list: 'application/vnd.cordon.order-list.v1+json',
  record: 'application/vnd.cordon.device-record.v1+json',
  receipt: 'application/vnd.cordon.receipt.v1+json',
  messagingKey: 'application/vnd.cordon.messaging-key.v1+json',
  messagingCertificate: 'application/vnd.cordon.messaging-certificate.v1+json',
  timeCorrection: 'application/vnd.cordon.time-correction.v1+json',
  ledgerContinuation: 'application/vnd.cordon.ledger-continuation.v1+json',
} as const;

export const envelopeSchema = z.strictObject({
  payloadType: z.string().max(128),
  payload: base64,
  signatures: z.array(z.strictObject({ keyid: sha256Hex, sig: base64 })).max(64),
});
export type Envelope = z.infer<typeof envelopeSchema>;

export const ORDER_ACTS = ['propose', 'revise', 'extend', 'pause', 'resume', 'exit', 'withdraw'] as const;
export type OrderAct = (typeof ORDER_ACTS)[number];

/** Authenticity of the order: only stated by the order itself, confirmed by the named authority, or disputed. */
export const PROVENANCES = ['asserted', 'confirmed', 'disputed'] as const;
/** Moments of notices to users: a time before the effective time, the effective time itself, and the withdrawal. */
export const NOTICE_MOMENTS = ['P30D', 'P7D', 'P1D', 'PT1H', 'entry', 'withdrawal'] as const;
export type NoticeMoment = (typeof NOTICE_MOMENTS)[number];
/** Size limit of an instrument's document in bytes, and number of documents of an order. */
export const LARGEST_DOCUMENT = 10_000_000;
export const MOST_DOCUMENTS = 20;
/** RFC 6838, section 4.2, without parameters. */
export const mediaType = z.string().regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/);

/** One document of the instrument as received. The signed revision contains its hash; the content stays with the operator. */
export const instrumentDocumentSchema = z.strictObject({
  title: z.string().min(1).max(200),
  mediaType,
  bytes: z.int().min(1).max(LARGEST_DOCUMENT),
  sha256: sha256Hex,
});
export type InstrumentDocument = z.infer<typeof instrumentDocumentSchema>;

export const courtSchema = z.strictObject({ name: z.string().min(1).max(200), case: z.string().min(1).max(200) });

/** Actions that change when or whether an order applies, but not its terms. Each can state its legal basis. */
export const BASED_ACTS = ['extend', 'pause', 'resume', 'withdraw'] as const satisfies readonly OrderAct[];

/**
 * Legal basis of a pause, resumption, extension or withdrawal, signed and public with its revision. The documents stay with the operator.
 */
export const actionBasisSchema = z.strictObject({
  reason: text.optional(),
  documents: z.array(instrumentDocumentSchema).min(1).max(MOST_DOCUMENTS).optional(),
  court: courtSchema.optional(),
});
export type ActionBasis = z.infer<typeof actionBasisSchema>;

/** Reasons for an order, for the organization only. The server keeps the record sealed; the signed revision commits to it. */
export const decisionRecordSchema = z.strictObject({
  considered: z.string().min(1).max(20_000),
  /** Person who considered the order. */
  by: z.string().min(1).max(4_000),
  /** Reasons that the public statement does not contain. */
  reasons: z.string().min(1).max(20_000).optional(),
});
export type DecisionRecord = z.infer<typeof decisionRecordSchema>;

/** Limits of a polygon: rings, and points of all rings together. */
export const MOST_RINGS = 100;
export const MOST_POINTS = 2_000;

/** Outline of an area, so that a device can decide alone whether it is inside. */
export const orderPolygonSchema = z.strictObject({
  version: z.int().min(1).max(999_999),
  title: z.string().min(1).max(120),
  /**
   * Longitude and latitude of each point in turn, in millionths of a degree, because canonical JSON has integers only. The last point does
   * not repeat the first. A point inside an odd number of rings is inside. No ring crosses the antimeridian.
   */
  rings: z
    .array(z.array(z.int().min(-180_000_000).max(180_000_000)).min(6))
    .min(1)
    .max(MOST_RINGS)
    .refine((rings) => rings.every((ring) => ring.length % 2 === 0), 'must have pairs of longitude and latitude')
    .refine((rings) => rings.flat().length <= 2 * MOST_POINTS, `more than ${MOST_POINTS} points`),
  /** Countries and disputed territories that the polygon overlaps, and the claimants of these territories. Other devices need no check. */
  touches: z.array(areaCode).min(1).max(64),
});
export type OrderPolygon = z.infer<typeof orderPolygonSchema>;

/** An order's terms: the same fields in a proposal, a revision and the signed document. A field without a value is absent, never null. */
export const orderTermsSchema = z.strictObject({
  title: z.string().min(1).max(120),
  areas: z.array(areaCode).min(1).max(300),
  /** Members of each group in `areas`. Approvers sign the members, not a name that could change. */
  groups: z.record(areaCode, z.array(areaCode).min(1).max(300)).optional(),
  /** Outline of each polygon in `areas`. */
  polygons: z.record(z.string().max(32).regex(POLYGON_CODE), orderPolygonSchema).optional(),
  services: z.array(z.enum(SERVICES)).min(1),
  nexus: z.array(z.enum(NEXUS)).min(1),
  effective: timestamp,
  until: timestamp.nullable(),
  /** IANA zone of the order's times. */
  zone: z.string().max(64),
  mode: z.enum(['suspend', 'exit']),
  unknown: rule,
  contested: rule,
  stale: z.enum(['keep', 'allow', 'deny']),
  visitors: duration,
  travelers: rule,
  /** Rule for waiting messages when the order suspends their recipient's `messaging`; absent: `UNSAID_WAITING`. */
  waiting: z.enum(WAITING_RULES).optional(),
  disputed: z.record(identifier, areaCode),
  authority: text,
  addressee: text,
  instrument: text,
  /** Language tag → public statement in this language. */
  statement: z.record(languageTag, text),
  /** Language whose text is valid when translations differ (BCP 47). Revisions from before version 0.2.0 lack it. */
  authoritativeLanguage: languageTag.optional(),
  /** Contact for appeals, shown to users of suspended devices. */
  appeal: text,
  /** Day on which the instrument was received, in the order's zone (RFC 3339, full-date). */
  receivedOn: z.iso.date().optional(),
  answerBy: timestamp.optional(),
  provenance: z.enum(PROVENANCES).optional(),
  documents: z.array(instrumentDocumentSchema).min(1).max(MOST_DOCUMENTS).optional(),
  /** Language tag → notice to users of devices; absent: the public statement. */
  notice: z.record(languageTag, text).refine(hasWords, NO_WORDS).optional(),
  /** Time until which, or law by which, the order's text is withheld from the public; absent: public. */
  publication: z.union([z.strictObject({ until: timestamp }), z.strictObject({ law: text })]).optional(),
  /** Moments of notices to users; absent: every moment in the future. */
  noticePlan: z.array(z.enum(NOTICE_MOMENTS)).max(NOTICE_MOMENTS.length).optional(),
  /** For mode `exit`: time after the effective time during which users can export data before a wipe may be approved. */
  exportWindow: duration.optional(),
  /** Number of the order to which the operator responds with an own order, wider than the demanded order. */
  answers: orderNumber.optional(),
  /** Salted SHA-256 of the decision record, which stays with the operator. */
  internal: sha256Hex.optional(),
});
export type OrderTerms = z.infer<typeof orderTermsSchema>;

/** Devices that one order exempts. */
export const MOST_EXEMPT = 20_000;

/**
 * One immutable revision with the whole state of the order, so that a device needs only the newest one. `exempt` contains commitments
 * (`exemption.ts`): approvers sign the exempt devices, and the public cannot read them.
 */
export const revisionSchema = z.strictObject({
  installation: identifier,
  order: orderNumber,
  revision: z.int().min(1),
  /** SHA-256 of the payload of the adopted revision that the new revision replaces; null for the first revision. */
  previous: sha256Hex.nullable(),
  act: z.enum(ORDER_ACTS),
  proposer: identifier,
  proposedAt: timestamp,
  status: z.enum(['active', 'paused', 'withdrawn']),
  /** Start of an uninterrupted pause; null unless `status` is `paused`. */
  pausedSince: timestamp.nullable(),
  terms: orderTermsSchema,
  /** Legal basis of the action. Absent if the proposer stated none, and in older revisions. */
  basis: actionBasisSchema.optional(),
  exempt: z.array(z.strictObject({ commitment: sha256Hex, until: timestamp.nullable() })).max(MOST_EXEMPT),
  /** Random value of a revision that is withheld at its proposal. Without it, the public digest would allow guessing the content. */
  salt: sha256Hex.optional(),
});
export type Revision = z.infer<typeof revisionSchema>;

/** The public part of a withheld revision. It replaces the revision in the list, and the same approvers sign it (`stub.ts`). */
export const orderStubSchema = z.strictObject({
  installation: identifier,
  order: orderNumber,
  revision: z.int().min(1),
  services: z.array(z.enum(SERVICES)).min(1),
  areas: z.array(areaCode).min(1).max(300),
  /** SHA-256 of the revision's payload. */
  digest: sha256Hex,
});
export type OrderStub = z.infer<typeof orderStubSchema>;

/** An approver's confirmation that a revision with a past time changes service at once (`immediate-effect.ts`). */
export interface ImmediateEffect {
  readonly installation: string;
  readonly order: string;
  readonly revision: number;
  /** SHA-256 of the revision's payload. */
  readonly digest: string;
  readonly effect: 'immediate';
}

/** An approver set: approvers, threshold, and the online keys that sign order lists. */
export const approversSchema = z.strictObject({
  installation: identifier,
  version: z.int().min(1),
  /** SHA-256 of the payload of the previous set; null for the first. */
  previous: sha256Hex.nullable(),
  threshold: z.int().min(2).max(10),
  approvers: z
    .array(
      z.strictObject({
        person: identifier,
        keyid: sha256Hex,
        publicKey: base64,
        /** Proof of the person's e-mail address or directory subject by the installation. Absent: self-attested. */
        attestation: z.literal('verified').optional(),
      }),
    )
    .min(2)
    .max(64),
  onlineKeys: z
    .array(z.strictObject({ keyid: sha256Hex, publicKey: base64 }))
    .min(1)
    .max(8),
  /**
   * The organization's keys, which confirm devices for conversations; none before the first was created. The server holds none of the
   * private keys.
   */
  organizationKeys: z
    .array(z.strictObject({ keyid: sha256Hex, publicKey: base64 }))
    .min(1)
    .max(8)
    .optional(),
  issuedAt: timestamp,
});
export type Approvers = z.infer<typeof approversSchema>;

export const orderListSchema = z.strictObject({
  installation: identifier,
  version: z.int().min(1),
  previous: sha256Hex.nullable(),
  issuedAt: timestamp,
  expiresAt: timestamp,
  /** Version of the approver set under which the approvals in the list were given. */
  approverSet: z.int().min(1),
  /**
   * The newest adopted revision of every order, withdrawn ones included, each with its approvals. Before a brief pause, also the revision
   * beneath it, which the pause depends on (`adoption-state.ts`). For a withheld revision, its stub.
   */
  orders: z.array(envelopeSchema).max(5000),
});
export type OrderList = z.infer<typeof orderListSchema>;

/** Personal data that the public list must not contain. Each record goes to one device beside the list. */
export const deviceRecordSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  version: z.int().min(1),
  home: areaCode.nullable(),
  seat: areaCode.nullable(),
  group: z.string().max(120),
  /** Values that open the commitments of orders that exempt this device. */
  exemptions: z.array(z.strictObject({ order: orderNumber, salt: sha256Hex })),
  /** An admin's location statement for the device, until its end. */
  statement: z.strictObject({ areas: z.array(areaCode).min(1), at: timestamp, until: timestamp }).nullable(),
  /** Present while the device or its person is under a legal hold: the device destroys nothing. */
  legalHold: z.literal(true).optional(),
  issuedAt: timestamp,
});
export type DeviceRecord = z.infer<typeof deviceRecordSchema>;

/** A statement that the server's time was wrong. A threshold of approvers signs it (`time-correction.ts`), never the server. */
export const timeCorrectionSchema = z.strictObject({
  installation: identifier,
  /** A device uses each version of a time correction once, and never an older version than it has seen. */
  version: z.int().min(1),
  /** Time of the correction: the true time is not earlier than this time. */
  earliest: timestamp,
  /** First and last wrong time that the server gave to devices. */
  from: timestamp,
  until: timestamp,
  reason: text,
});
export type TimeCorrection = z.infer<typeof timeCorrectionSchema>;

/** Name of a log (C2SP tlog-checkpoint). The digits are the UTC time of the continuation that began it; the first log has none. */
const ledgerOrigin = z.string().regex(/^cordon\/[A-Za-z0-9_-]{1,64}(\/[0-9]{14})?$/);
const ledgerTree = z.strictObject({ size: z.int().min(1), root: sha256Hex });

/**
 * A statement that ledger entries were lost and the remaining ones continue under a new name. A threshold of approvers signs it
 * (`ledger-continuation.ts`).
 */
export const ledgerContinuationSchema = z.strictObject({
  installation: identifier,
  /** Name under which the remaining entries were published. */
  origin: ledgerOrigin,
  /** The tree that continues: all entries that the server still has. */
  fork: ledgerTree,
  /** Largest tree that a device or a copy has reported and that is not part of the fork. Null: no report, so the loss is unknown. */
  shown: ledgerTree.extend({ origin: ledgerOrigin }).nullable(),
  newOrigin: ledgerOrigin,
  reason: text,
  date: timestamp,
});
export type LedgerContinuation = z.infer<typeof ledgerContinuationSchema>;

export const RECEIPT_KINDS = ['delivered', 'displayed', 'enforced', 'restored', 'wiped'] as const;

/** A device's signed statement about itself, made after the durable change that it reports. */
export const receiptSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  kind: z.enum(RECEIPT_KINDS),
  listVersion: z.int().min(1),
  order: orderNumber,
  revision: z.int().min(1),
  /** Service of the receipt. Null for `delivered`, `displayed` and `wiped`, which concern the whole order; `gate` is null too. */
  service: z.enum(SERVICES).nullable(),
  gate: z.enum(['open', 'closed']).nullable(),
  /** Moment of the notice plan, for `delivered` (due and stored) and `displayed`; absent for a receipt about the order itself. */
  notice: z.enum(NOTICE_MOMENTS).optional(),
  /** The device's own time (`agent/enforcement/device-clock.ts`). */
  at: timestamp,
});
export type Receipt = z.infer<typeof receiptSchema>;

/** A raw Ed25519 public key (RFC 8032, section 5.1.5): a device's MLS signature key (RFC 9420, section 5.1). */
const signatureKey = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'is base64 of 32 bytes');

/** A device's statement about the key with which it signs messages. The key of its certificate signs the statement. */
export const messagingKeySchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  signatureKey,
  at: timestamp,
});
export type MessagingKey = z.infer<typeof messagingKeySchema>;

/**
 * Certificate of a messaging key. An online key confirms that the device is enrolled and has proved possession of the key. An organization
 * key countersigns it; without that, no agent accepts the device as a member.
 */
export const messagingCertificateSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  /** Identifier of the person's record. Only this field decides whose device it is. */
  person: personId,
  /** Name, e-mail and group, for readers. Two people may have the same name. */
  name: z.string().min(1).max(200),
  /** E-mail address in the person's record; null if the record has none. Absent in certificates of older versions. */
  email: z.string().max(254).nullable().optional(),
  /** Name of the device's group when the certificate was issued. */
  group: z.string().max(200).optional(),
  signatureKey,
  issuedAt: timestamp,
});
export type MessagingCertificate = z.infer<typeof messagingCertificateSchema>;

/** An observation in the form of a device's report. */
export const observationSchema = z.strictObject({
  source: z.enum(EVIDENCE_SOURCES),
  areas: z.array(evidenceArea).min(1).max(16),
  at: z.int().min(0),
  whole: z.boolean().optional(),
});
