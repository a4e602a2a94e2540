/**
 * The signed documents that decide about service: an order's revision, the root of approvers, the order list, a device's record
 * and a device's receipt. Each is canonical JSON (`canonical.ts`) inside a DSSE envelope (`dsse.ts`); its schema is strict, so an
 * unknown field is refused rather than skipped: a device must never enforce half of what somebody signed.
 */
import { z } from 'zod';
import { LONGEST_ATOM, POLYGON_CODE } from '../areas/atom.ts';
import { EVIDENCE_SOURCES, NEXUS, SERVICES, WAITING_RULES } from '../verdict/terms.ts';

/** RFC 3339, UTC, as `Date.prototype.toISOString` writes it. */
export const timestamp = z.iso.datetime({ precision: 3 });
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
export const base64 = z.base64();
/** Area codes are checked against the tables in `shared/areas` by whoever compiles a document; here only their form is. */
const areaCode = z.string().regex(/^[A-Z][A-Za-z0-9-]{1,31}$/);
/** Where a device was observed: a place, or an atom (`shared/areas/atom.ts`). */
const evidenceArea = z
  .string()
  .max(LONGEST_ATOM)
  .regex(/^[A-Z][A-Za-z0-9+!@-]+$/);
export const orderNumber = z.string().regex(/^[0-9]{4}-[0-9]{3,6}$/, 'an order number is a year and a count: 2015-001');
const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const personId = z.string().regex(/^per_[a-z2-7]{16}$/);
const languageTag = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);
const text = z.string().min(1).max(4000);
const rule = z.enum(['allow', 'deny']);
const hasWords = (texts: object): boolean => Object.keys(texts).length > 0;
const NO_WORDS = 'has no words in any language';
/** ISO 8601 duration of days and time: what a grace period needs. */
export const duration = z.string().regex(/^P(?=.)(\d{1,4}D)?(T(?=.)(\d{1,4}H)?(\d{1,4}M)?(\d{1,4}S)?)?$/);

export const PAYLOAD_TYPES = {
  revision: 'application/vnd.cordon.order-revision.v1+json',
  stub: 'application/vnd.cordon.order-stub.v1+json',
  approvers: 'application/vnd.cordon.approvers.v1+json',
  list: 'application/vnd.cordon.order-list.v1+json',
  record: 'application/vnd.cordon.device-record.v1+json',
  receipt: 'application/vnd.cordon.receipt.v1+json',
  messagingKey: 'application/vnd.cordon.messaging-key.v1+json',
  messagingCertificate: 'application/vnd.cordon.messaging-certificate.v1+json',
  timeCorrection: 'application/vnd.cordon.time-correction.v1+json',
} as const;

export const envelopeSchema = z.strictObject({
  payloadType: z.string().max(128),
  payload: base64,
  signatures: z.array(z.strictObject({ keyid: sha256Hex, sig: base64 })).max(64),
});
export type Envelope = z.infer<typeof envelopeSchema>;

export const ORDER_ACTS = ['propose', 'revise', 'extend', 'hold', 'release', 'exit', 'withdraw'] as const;
export type OrderAct = (typeof ORDER_ACTS)[number];

/** Whether the order is what it claims to be: it says so itself, whoever it names has confirmed it, or somebody denies it. */
export const PROVENANCES = ['asserted', 'confirmed', 'disputed'] as const;
/** When people on devices are told of an order: so long before its effective time, as it enters into force, when it is withdrawn. */
export const NOTICE_MOMENTS = ['P30D', 'P7D', 'P1D', 'PT1H', 'entry', 'withdrawal'] as const;
export type NoticeMoment = (typeof NOTICE_MOMENTS)[number];
/** The largest document of an instrument that is kept, in bytes, and how many an order names. */
export const LARGEST_DOCUMENT = 10_000_000;
export const MOST_DOCUMENTS = 20;
/** RFC 6838, section 4.2, without parameters. */
export const mediaType = z.string().regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/);

/** One document of the instrument as it was received. The signed revision names it by its hash; what is in it stays with the operator. */
export const instrumentDocumentSchema = z.strictObject({
  title: z.string().min(1).max(200),
  mediaType,
  bytes: z.int().min(1).max(LARGEST_DOCUMENT),
  sha256: sha256Hex,
});
export type InstrumentDocument = z.infer<typeof instrumentDocumentSchema>;

/** Why an order was given, for those who answer for it alone: kept by the server, sealed; the signed revision commits to it. */
export const decisionRecordSchema = z.strictObject({
  considered: z.string().min(1).max(20_000),
  /** Who considered it. */
  by: z.string().min(1).max(4_000),
  /** Reasons that do not stand in the public statement. */
  reasons: z.string().min(1).max(20_000).optional(),
});
export type DecisionRecord = z.infer<typeof decisionRecordSchema>;

/** Rings of one polygon, and points of all of them together. */
export const MOST_RINGS = 100;
export const MOST_POINTS = 2_000;

/** An outline, so that a device needs nothing else to know whether it is inside. */
export const orderPolygonSchema = z.strictObject({
  version: z.int().min(1).max(999_999),
  title: z.string().min(1).max(120),
  /**
   * Longitude and latitude of each point in turn, in millionths of a degree, since canonical JSON has integers alone; a ring's last point is not its
   * first again. Inside is what an odd number of rings hold. None crosses the antimeridian.
   */
  rings: z
    .array(z.array(z.int().min(-180_000_000).max(180_000_000)).min(6))
    .min(1)
    .max(MOST_RINGS)
    .refine((rings) => rings.every((ring) => ring.length % 2 === 0), 'a ring holds pairs')
    .refine((rings) => rings.flat().length <= 2 * MOST_POINTS, `more than ${MOST_POINTS} points`),
  /** The countries and the disputed ground that it lies in, and who claims that ground: an honest device asks nobody else. */
  touches: z.array(areaCode).min(1).max(64),
});
export type OrderPolygon = z.infer<typeof orderPolygonSchema>;

/** What an admin decides about; the same fields in a proposal, a revision and the signed document. What is not said is absent, never null. */
export const orderTermsSchema = z.strictObject({
  title: z.string().min(1).max(120),
  areas: z.array(areaCode).min(1).max(300),
  /** The members of each group that `areas` names: approvers sign who is meant, not a name. */
  groups: z.record(areaCode, z.array(areaCode).min(1).max(300)).optional(),
  /** The outline of each polygon that `areas` names. */
  polygons: z.record(z.string().max(32).regex(POLYGON_CODE), orderPolygonSchema).optional(),
  services: z.array(z.enum(SERVICES)).min(1),
  nexus: z.array(z.enum(NEXUS)).min(1),
  effective: timestamp,
  until: timestamp.nullable(),
  /** The IANA zone in which the order states its times. */
  zone: z.string().max(64),
  mode: z.enum(['suspend', 'exit']),
  unknown: rule,
  contested: rule,
  stale: z.enum(['keep', 'allow', 'deny']),
  visitors: duration,
  travellers: rule,
  /** What becomes of messages that wait when `messaging` is shut for their recipient; absent: `UNSAID_WAITING`. */
  waiting: z.enum(WAITING_RULES).optional(),
  disputed: z.record(identifier, areaCode),
  authority: text,
  addressee: text,
  instrument: text,
  /** Language tag → the public statement in that language. */
  statement: z.record(languageTag, text),
  /** Whom a person who is denied can turn to. */
  appeal: text,
  /** The day on which the instrument was received, in the order's zone (RFC 3339, full-date). */
  receivedOn: z.iso.date().optional(),
  /** When it is to be answered by. */
  answerBy: timestamp.optional(),
  provenance: z.enum(PROVENANCES).optional(),
  documents: z.array(instrumentDocumentSchema).min(1).max(MOST_DOCUMENTS).optional(),
  /** Language tag → what people on devices are told; absent: the public statement. */
  notice: z.record(languageTag, text).refine(hasWords, NO_WORDS).optional(),
  /** Until when, or by which law, the order's words are kept from the public; absent: public. */
  publication: z.union([z.strictObject({ until: timestamp }), z.strictObject({ law: text })]).optional(),
  /** When people on devices are told; absent: at every moment that still lies ahead. */
  noticePlan: z.array(z.enum(NOTICE_MOMENTS)).max(NOTICE_MOMENTS.length).optional(),
  /** For mode `exit`: how long after the effective time people can export before a wipe may be approved. */
  exportWindow: duration.optional(),
  /** The order to which this one, the operator's own and wider than what was demanded, is the answer. */
  answers: orderNumber.optional(),
  /** Salted SHA-256 of the decision record, which stays with the operator. */
  internal: sha256Hex.optional(),
});
export type OrderTerms = z.infer<typeof orderTermsSchema>;

/** Devices that one order exempts. */
export const MOST_EXEMPT = 20_000;

/**
 * One immutable revision: the whole state that it brings the order to, so that a device needs the newest one only.
 * `exempt` holds commitments (`exemption.ts`): who is exempt is signed by approvers and yet not public.
 */
export const revisionSchema = z.strictObject({
  installation: identifier,
  order: orderNumber,
  revision: z.int().min(1),
  /** SHA-256 of the payload of the adopted revision that this one replaces; null for the first. */
  previous: sha256Hex.nullable(),
  act: z.enum(ORDER_ACTS),
  proposer: identifier,
  proposedAt: timestamp,
  status: z.enum(['active', 'held', 'withdrawn']),
  /** When the order was first held without a break; null unless `status` is `held`. */
  heldSince: timestamp.nullable(),
  terms: orderTermsSchema,
  exempt: z.array(z.strictObject({ commitment: sha256Hex, until: timestamp.nullable() })).max(MOST_EXEMPT),
  /** Random, of a revision that is kept from the public when it is proposed: without it its digest, which is public, could be guessed from. */
  salt: sha256Hex.optional(),
});
export type Revision = z.infer<typeof revisionSchema>;

/** All that is public of a revision that is kept from the public: it stands in the list in its place, signed by the same approvers (`stub.ts`). */
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

/** The root: who may approve, how many of them, and which online keys may keep the list fresh. */
export const approversSchema = z.strictObject({
  installation: identifier,
  version: z.int().min(1),
  /** SHA-256 of the payload of the root before; null for the first. */
  previous: sha256Hex.nullable(),
  threshold: z.int().min(2).max(10),
  approvers: z
    .array(
      z.strictObject({
        person: identifier,
        keyid: sha256Hex,
        publicKey: base64,
        /** The installation proved the person's e-mail address or directory subject. Absent: self-attested. */
        attestation: z.literal('verified').optional(),
      }),
    )
    .min(2)
    .max(64),
  onlineKeys: z
    .array(z.strictObject({ keyid: sha256Hex, publicKey: base64 }))
    .min(1)
    .max(8),
  /** The organisation's keys, which say who may be a member of a conversation; none before the first was made. The server holds none of them. */
  organisationKeys: z
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
  /** The version of the root under which the approvals inside were given. */
  root: z.int().min(1),
  /**
   * The newest adopted revision of every order, withdrawn ones included, each with its approvals; before a `hold` the adopted revision
   * that it holds, on which one approver's word depends (`standing.ts`). Of what is kept from the public, its stub.
   */
  orders: z.array(envelopeSchema).max(5000),
});
export type OrderList = z.infer<typeof orderListSchema>;

/** What is personal and therefore not in the public list: reaches one device, stored beside the list. */
export const deviceRecordSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  version: z.int().min(1),
  home: areaCode.nullable(),
  seat: areaCode.nullable(),
  group: z.string().max(120),
  /** Opens the commitments of the orders that exempt this device. */
  exemptions: z.array(z.strictObject({ order: orderNumber, salt: sha256Hex })),
  /** An admin's word on where the device is, while it holds. */
  statement: z.strictObject({ areas: z.array(areaCode).min(1), at: timestamp, until: timestamp }).nullable(),
  /** A legal hold: nothing is destroyed on it. */
  hold: z.literal(true).optional(),
  issuedAt: timestamp,
});
export type DeviceRecord = z.infer<typeof deviceRecordSchema>;

/** The server's time was wrong. Signed by the threshold of approvers (`time-correction.ts`), never by the server. */
export const timeCorrectionSchema = z.strictObject({
  installation: identifier,
  /** A device uses each version once, and none that is older than one it has seen. */
  version: z.int().min(1),
  /** When the correction was made, so that the true time is not earlier. */
  earliest: timestamp,
  /** The first and the last wrong time that the server gave to devices. */
  from: timestamp,
  until: timestamp,
  reason: text,
});
export type TimeCorrection = z.infer<typeof timeCorrectionSchema>;

export const RECEIPT_KINDS = ['informed', 'shown', 'enforced', 'restored', 'wiped'] as const;

/** A device's signed word about itself, made after the durable change that it speaks of. */
export const receiptSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  kind: z.enum(RECEIPT_KINDS),
  listVersion: z.int().min(1),
  order: orderNumber,
  revision: z.int().min(1),
  /** Null, and so is `gate`, for `informed`, `shown` and `wiped`, which are about the whole order. */
  service: z.enum(SERVICES).nullable(),
  gate: z.enum(['open', 'closed']).nullable(),
  /** Of the plan of notices, for `informed` (it was due, and is kept) and `shown`; absent for a receipt about the order as such. */
  notice: z.enum(NOTICE_MOMENTS).optional(),
  /** The device's own time (see `agent/enforcement/device-clock.ts`). */
  at: timestamp,
});
export type Receipt = z.infer<typeof receiptSchema>;

/** A raw Ed25519 public key (RFC 8032, section 5.1.5): a device's MLS signature key (RFC 9420, section 5.1). */
const signatureKey = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'is base64 of 32 bytes');

/** A device's own word: this is the key that it signs messages with. Signed by the key of its certificate. */
export const messagingKeySchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  signatureKey,
  at: timestamp,
});
export type MessagingKey = z.infer<typeof messagingKeySchema>;

/**
 * Whose messaging key it is. Signed by an online key of the root, which says that the device is enrolled so and proved the key its own, and by an
 * organisation key of the root, without which no agent takes it for a member's.
 */
export const messagingCertificateSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  /** The identifier of the person's record. Only this field decides whose device it is. */
  person: personId,
  /** Name, e-mail and group tell people apart for a reader. Two people may have the same name. */
  name: z.string().min(1).max(200),
  /** Null: the person's record has none. Absent in certificates of older versions. */
  email: z.string().max(254).nullable().optional(),
  /** The name of the device's group when the certificate was made. */
  group: z.string().max(200).optional(),
  signatureKey,
  issuedAt: timestamp,
});
export type MessagingCertificate = z.infer<typeof messagingCertificateSchema>;

/** An observation as a device reports it. */
export const observationSchema = z.strictObject({
  source: z.enum(EVIDENCE_SOURCES),
  areas: z.array(evidenceArea).min(1).max(16),
  at: z.int().min(0),
  whole: z.boolean().optional(),
});
