/**
 * Schemas of signed documents. Each document is canonical JSON (`canonical.ts`) in a DSSE envelope (`dsse.ts`). Schemas refuse unknown
 * fields, so that a device never enforces only a part of a signed document.
 */
import { z } from 'zod';
import { LONGEST_EVIDENCE_AREA, POLYGON_CODE } from '../areas/evidence-text.ts';
import { EVIDENCE_SOURCES, NEXUS, SERVICES, WAITING_RULES } from '../verdict/terms.ts';

/** Time in UTC as RFC 3339, in the format of `Date.prototype.toISOString`. */
export const timestamp = z.iso.datetime({ precision: 3 });
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
export const base64 = z.base64();
/** Maximum length of a passkey's assertion (`passkey-assertion.ts`) in base64. */
export const LONGEST_ASSERTION = 3_300;
/** Approver's signature in an envelope: 64 to 72 bytes by a key, or a passkey's assertion. */
export const approverSignature = base64.max(LONGEST_ASSERTION);
/** Syntax of an area code. `rules.ts` checks the code against the tables in `shared/areas`. */
const areaCode = z.string().regex(/^[A-Z][A-Za-z0-9-]{1,31}$/);
/** Syntax of the area in one observation of a device's location: an area code and polygons (`shared/areas/evidence-text.ts`). */
const evidenceArea = z
  .string()
  .max(LONGEST_EVIDENCE_AREA)
  .regex(/^[A-Z][A-Za-z0-9+!@-]+$/);
export const orderNumber = z.string().regex(/^[0-9]{4}-[0-9]{3,6}$/, 'must be a year and a number, such as 2015-001');
/**
 * Relying party id: the host name for which a passkey works, in lower case. An IP address is no relying party id (WebAuthn, section 5.1.3).
 */
export const rpIdSchema = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);

const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const personId = z.string().regex(/^per_[a-z2-7]{16}$/);
const languageTag = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);
const text = z.string().min(1).max(4000);
const rule = z.enum(['allow', 'deny']);
const hasWords = (texts: object): boolean => Object.keys(texts).length > 0;
const NO_WORDS = 'must have a text in at least one language';
/** ISO 8601 duration in days, hours, minutes and seconds. */
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
  script: 'application/vnd.cordon.script.v1+json',
  package: 'application/vnd.cordon.package.v1+json',
} as const;

export const envelopeSchema = z.strictObject({
  payloadType: z.string().max(128),
  payload: base64,
  signatures: z.array(z.strictObject({ keyid: sha256Hex, sig: base64 })).max(64),
});
export type Envelope = z.infer<typeof envelopeSchema>;

export const ORDER_ACTIONS = ['propose', 'revise', 'extend', 'pause', 'resume', 'exit', 'withdraw'] as const;
export type OrderAction = (typeof ORDER_ACTIONS)[number];

/**
 * Authenticity of the legal instrument. `asserted`: only the instrument's own text names the authority. `confirmed`: the authority has
 * confirmed the instrument. `disputed`: the authenticity is disputed.
 */
export const PROVENANCES = ['asserted', 'confirmed', 'disputed'] as const;
/** Times of notices to users: durations before the effective time, the effective time itself (`effective`), and the withdrawal. */
export const NOTICE_MOMENTS = ['P30D', 'P7D', 'P1D', 'PT1H', 'effective', 'withdrawal'] as const;
export type NoticeMoment = (typeof NOTICE_MOMENTS)[number];
/** Maximum size of one document in bytes, and maximum number of documents of an order. */
export const LARGEST_DOCUMENT = 10_000_000;
export const MOST_DOCUMENTS = 20;
/** Media type after RFC 6838, section 4.2, without parameters. */
export const mediaType = z.string().regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/);

/** Document of the legal instrument, as received. The signed revision contains its hash. The operator keeps the content. */
export const instrumentDocumentSchema = z.strictObject({
  title: z.string().min(1).max(200),
  mediaType,
  bytes: z.int().min(1).max(LARGEST_DOCUMENT),
  sha256: sha256Hex,
});
export type InstrumentDocument = z.infer<typeof instrumentDocumentSchema>;

export const courtSchema = z.strictObject({ name: z.string().min(1).max(200), case: z.string().min(1).max(200) });

/** Actions that change when or whether an order applies, but not its terms. Each can state a legal basis of its own. */
export const ACTIONS_WITH_BASIS = ['extend', 'pause', 'resume', 'withdraw'] as const satisfies readonly OrderAction[];

/**
 * Legal basis of a pause, resumption, extension or withdrawal. The basis is published as part of the signed revision. It names documents by
 * title and hash; only the operator has the documents themselves.
 */
export const actionBasisSchema = z.strictObject({
  reason: text.optional(),
  documents: z.array(instrumentDocumentSchema).min(1).max(MOST_DOCUMENTS).optional(),
  court: courtSchema.optional(),
});
export type ActionBasis = z.infer<typeof actionBasisSchema>;

/**
 * Internal reasons for an order, which only the organization may read. The server stores the decision record encrypted. The signed revision
 * contains its salted hash.
 */
export const decisionRecordSchema = z.strictObject({
  considered: z.string().min(1).max(20_000),
  /** Person who examined the order that a decision record is about. */
  by: z.string().min(1).max(4_000),
  reasons: z.string().min(1).max(20_000).optional(),
});
export type DecisionRecord = z.infer<typeof decisionRecordSchema>;

export const MOST_RINGS = 100;
export const MOST_POINTS = 2_000;

/** Outline of a polygon, so that a device can decide offline whether its position is inside. */
export const orderPolygonSchema = z.strictObject({
  version: z.int().min(1).max(999_999),
  title: z.string().min(1).max(120),
  /**
   * Each ring has alternating longitudes and latitudes in millionths of a degree, because canonical JSON has only integers. The last point
   * does not repeat the first. A position is inside the polygon if an odd number of rings contain it. No ring crosses the antimeridian.
   */
  rings: z
    .array(z.array(z.int().min(-180_000_000).max(180_000_000)).min(6))
    .min(1)
    .max(MOST_RINGS)
    .refine((rings) => rings.every((ring) => ring.length % 2 === 0), 'must have pairs of longitude and latitude')
    .refine((rings) => rings.flat().length <= 2 * MOST_POINTS, `more than ${MOST_POINTS} points`),
  /**
   * Countries and disputed territories that the polygon overlaps, and claimants of these territories. A device elsewhere need not evaluate
   * the polygon.
   */
  touches: z.array(areaCode).min(1).max(64),
});
export type OrderPolygon = z.infer<typeof orderPolygonSchema>;

/** Terms of an order, with the same fields in proposals, revisions and signed documents. A field without a value is absent, never null. */
export const orderTermsSchema = z.strictObject({
  title: z.string().min(1).max(120),
  areas: z.array(areaCode).min(1).max(300),
  /** Members of each group in `areas`. Approvers sign them, because the meaning of a group's name could change. */
  groups: z.record(areaCode, z.array(areaCode).min(1).max(300)).optional(),
  polygons: z.record(z.string().max(32).regex(POLYGON_CODE), orderPolygonSchema).optional(),
  services: z.array(z.enum(SERVICES)).min(1),
  nexus: z.array(z.enum(NEXUS)).min(1),
  effective: timestamp,
  until: timestamp.nullable(),
  /** IANA time zone for the times and days of an order, such as `Europe/Berlin`. */
  zone: z.string().max(64),
  mode: z.enum(['suspend', 'exit']),
  unknown: rule,
  contested: rule,
  stale: z.enum(['keep', 'allow', 'deny']),
  visitors: duration,
  travelers: rule,
  /** Rule for messages that wait because an order suspends messaging for their recipient. The default is `DEFAULT_WAITING`. */
  waiting: z.enum(WAITING_RULES).optional(),
  disputed: z.record(identifier, areaCode),
  authority: text,
  addressee: text,
  instrument: text,
  statement: z.record(languageTag, text),
  /** Language (BCP 47) whose statement is binding if translations differ. Revisions of Cordon before 0.2.0 lack this field. */
  authoritativeLanguage: languageTag.optional(),
  /** Contact for appeals. Suspended devices show the contact to their users. */
  appeal: text,
  /** Day on which the organization received the legal instrument, in the order's time zone (RFC 3339, full-date). */
  receivedOn: z.iso.date().optional(),
  answerBy: timestamp.optional(),
  provenance: z.enum(PROVENANCES).optional(),
  documents: z.array(instrumentDocumentSchema).min(1).max(MOST_DOCUMENTS).optional(),
  /** Notice on devices by language tag. The default is the public statement. */
  notice: z.record(languageTag, text).refine(hasWords, NO_WORDS).optional(),
  /**
   * Condition that withholds an order's text from the public: a time until which the text stays secret (`until`), or a law (`law`). Without
   * this field, the text is public.
   */
  publication: z.union([z.strictObject({ until: timestamp }), z.strictObject({ law: text })]).optional(),
  /**
   * Times at which users get notices about an order. The default is all of `NOTICE_MOMENTS`. A notice before the effective time is omitted
   * if it was due before the revision was proposed.
   */
  noticePlan: z.array(z.enum(NOTICE_MOMENTS)).max(NOTICE_MOMENTS.length).optional(),
  /**
   * Length of the export window of an order with mode `exit`. Users can export data in this window, which begins at the effective time. A
   * wipe can be approved only afterward.
   */
  exportWindow: duration.optional(),
  /**
   * Number of an order that states an authority's demand. Present if the order with these terms is the operator's response to that demand.
   */
  answers: orderNumber.optional(),
  /** Salted SHA-256 of the decision record, which the operator keeps. */
  internal: sha256Hex.optional(),
});
export type OrderTerms = z.infer<typeof orderTermsSchema>;

export const MOST_EXEMPT = 20_000;

/**
 * Revision: an immutable version of an order with the order's whole state, so that a device needs only the newest revision. `exempt` has
 * salted hashes of the exempt devices (`exemption.ts`), so that approvers sign the exemptions and the public cannot read them.
 */
export const revisionSchema = z.strictObject({
  installation: identifier,
  order: orderNumber,
  revision: z.int().min(1),
  /** SHA-256 of the replaced revision's payload; null for the first revision. */
  previous: sha256Hex.nullable(),
  action: z.enum(ORDER_ACTIONS),
  proposer: identifier,
  proposedAt: timestamp,
  status: z.enum(['active', 'paused', 'withdrawn']),
  /** Time at which the present pause of an order began. Revisions during the pause repeat this time. Null unless `status` is `paused`. */
  pausedSince: timestamp.nullable(),
  terms: orderTermsSchema,
  /** Legal basis of the action that a revision carries out. Absent if the proposer stated none. */
  basis: actionBasisSchema.optional(),
  exempt: z.array(z.strictObject({ commitment: sha256Hex, until: timestamp.nullable() })).max(MOST_EXEMPT),
  /** Random value in a withheld revision. Without it, a reader of the public digest could guess the content. */
  salt: sha256Hex.optional(),
});
export type Revision = z.infer<typeof revisionSchema>;

/**
 * Stub: public summary of a revision that is withheld from the public. The order list contains the stub instead of the revision. The
 * approvers of the revision also sign the stub (`stub.ts`).
 */
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

/** Approver's confirmation that a revision takes effect immediately, because a time in it has already passed (`immediate-effect.ts`). */
export interface ImmediateEffect {
  readonly installation: string;
  readonly order: string;
  readonly revision: number;
  readonly digest: string;
  readonly effect: 'immediate';
}

/** A note has at most 16 signatures (C2SP signed-note), one of them by the ledger itself. */
export const MOST_WITNESSES = 8;

/**
 * Rule about the witnesses of the ledger. Approvers sign it as a part of the approver set, because a server that chose the witnesses could
 * choose none. Devices accept a new checkpoint only with enough valid cosignatures (`shared/ledger/cosignature.ts`).
 */
export const witnessPolicySchema = z.strictObject({
  /** Number of witnesses that must cosign a checkpoint. */
  threshold: z.int().min(1).max(MOST_WITNESSES),
  /** Verifier keys of the witnesses (C2SP signed-note, signature type 4): name, key id, and 33 bytes in base64. */
  keys: z
    .array(
      z
        .string()
        .max(200)
        .regex(
          /^[^\s+]{1,100}\+[0-9a-f]{8}\+B[A-P][A-Za-z0-9+/]{42}$/,
          'must be a verifier key as cordon-witness prints it',
        ),
    )
    .min(1)
    .max(MOST_WITNESSES),
});

export const approversSchema = z.strictObject({
  installation: identifier,
  version: z.int().min(1),
  /** SHA-256 of the previous approver set's payload; null in the first set. */
  previous: sha256Hex.nullable(),
  threshold: z.int().min(2).max(10),
  approvers: z
    .array(
      z.strictObject({
        person: identifier,
        keyid: sha256Hex,
        publicKey: base64,
        /**
         * Present if the installation has verified the person's e-mail address or directory subject. Without this field, the person is
         * self-attested.
         */
        attestation: z.literal('verified').optional(),
        /** Relying party id of a passkey. Without this field, the key is in a file or in a browser. */
        rpId: rpIdSchema.optional(),
      }),
    )
    .min(2)
    .max(64),
  onlineKeys: z
    .array(z.strictObject({ keyid: sha256Hex, publicKey: base64 }))
    .min(1)
    .max(8),
  /**
   * Organization keys, which verify devices for conversations. The server has none of the private keys. Absent before the organization
   * creates the first key.
   */
  organizationKeys: z
    .array(z.strictObject({ keyid: sha256Hex, publicKey: base64 }))
    .min(1)
    .max(8)
    .optional(),
  /** Witnesses that must cosign the ledger. Absent if devices accept checkpoints without cosignatures. */
  witnesses: witnessPolicySchema.optional(),
  issuedAt: timestamp,
});
export type Approvers = z.infer<typeof approversSchema>;

export const orderListSchema = z.strictObject({
  installation: identifier,
  version: z.int().min(1),
  previous: sha256Hex.nullable(),
  issuedAt: timestamp,
  expiresAt: timestamp,
  /** Version of the approver set whose members approved the revisions in this order list. */
  approverSet: z.int().min(1),
  /**
   * Newest adopted revision of every order, including withdrawn orders. A revision that is withheld from the public is replaced by a stub
   * (public summary). A 72-hour pause needs the revision that it pauses, so the order list then contains both (`adoption-state.ts`).
   */
  orders: z.array(envelopeSchema).max(5000),
});
export type OrderList = z.infer<typeof orderListSchema>;

/** Device record: personal data that the public order list must not contain. The server sends each record only to its device. */
export const deviceRecordSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  version: z.int().min(1),
  home: areaCode.nullable(),
  seat: areaCode.nullable(),
  group: z.string().max(120),
  /**
   * Orders that exempt the device, each with a random salt. A device hashes the salt with its device id and finds the hash among the signed
   * exemptions of the order (`exemption.ts`).
   */
  exemptions: z.array(z.strictObject({ order: orderNumber, salt: sha256Hex })),
  statement: z.strictObject({ areas: z.array(areaCode).min(1), at: timestamp, until: timestamp }).nullable(),
  /** Legal hold on the device or its user. The device then deletes nothing. */
  legalHold: z.literal(true).optional(),
  /** Set if the device may serve mail to other mail programs. Mail is then in plain text on the device's disk. */
  mailPrograms: z.literal(true).optional(),
  issuedAt: timestamp,
});
export type DeviceRecord = z.infer<typeof deviceRecordSchema>;

/** Statement that the server's time was wrong. Approvers sign it (`time-correction.ts`); the server cannot. */
export const timeCorrectionSchema = z.strictObject({
  installation: identifier,
  /** Version number of the time correction. A device applies each version once and refuses older ones. */
  version: z.int().min(1),
  /** Lower limit for the corrected time of a device: the time at which the correction was drafted. The true time can only be later. */
  earliest: timestamp,
  /** First and last wrong time that the server gave to devices. */
  from: timestamp,
  until: timestamp,
  reason: text,
});
export type TimeCorrection = z.infer<typeof timeCorrectionSchema>;

/**
 * Name of a ledger (origin in C2SP tlog-checkpoint), such as `cordon/INSTALLATION/20260310080000`. The digits are the UTC time at which the
 * ledger got a new name after a loss of entries. The first name has no digits.
 */
const ledgerOrigin = z.string().regex(/^cordon\/[A-Za-z0-9_-]{1,64}(\/[0-9]{14})?$/);
const ledgerTree = z.strictObject({ size: z.int().min(1), root: sha256Hex });

/**
 * Statement that ledger entries were lost and that the remaining entries continue under a new name. Approvers sign it
 * (`ledger-continuation.ts`).
 */
export const ledgerContinuationSchema = z.strictObject({
  installation: identifier,
  /** Old ledger name, under which the entries that survived a loss of ledger entries were published. */
  origin: ledgerOrigin,
  /**
   * Size and root hash of the ledger after a loss of entries. From this state, the server continues the ledger under the name `newOrigin`.
   */
  fork: ledgerTree,
  /**
   * Largest reported ledger with entries that the server no longer has. Null if no device or ledger copy reported one; the number of lost
   * entries is then unknown.
   */
  reported: ledgerTree.extend({ origin: ledgerOrigin }).nullable(),
  newOrigin: ledgerOrigin,
  reason: text,
  date: timestamp,
});
export type LedgerContinuation = z.infer<typeof ledgerContinuationSchema>;

export const RECEIPT_KINDS = ['delivered', 'displayed', 'enforced', 'restored', 'wiped'] as const;

/**
 * Receipt: a device's signed statement that it stored or displayed an order, blocked or restored a service, or wiped its work data. The
 * device first stores the event durably, so that a crash cannot make the receipt false.
 */
export const receiptSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  kind: z.enum(RECEIPT_KINDS),
  listVersion: z.int().min(1),
  order: orderNumber,
  revision: z.int().min(1),
  /**
   * Service that the receipt is about, and the new state of the service's gate (switch that blocks the service). Both are null for
   * `delivered`, `displayed` and `wiped`, because these receipts are not about a single service.
   */
  service: z.enum(SERVICES).nullable(),
  gate: z.enum(['open', 'closed']).nullable(),
  /**
   * Planned notice about an order, in a receipt about the notice. `delivered`: the notice is due and stored. `displayed`: the user saw the
   * notice. Absent in a receipt about an order itself.
   */
  notice: z.enum(NOTICE_MOMENTS).optional(),
  /** Time of the event that the receipt states, by the device's clock (`agent/enforcement/device-clock.ts`). */
  at: timestamp,
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Raw Ed25519 public key (RFC 8032, section 5.1.5): the device's MLS signature key (RFC 9420, section 5.1). */
const signatureKey = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'is base64 of 32 bytes');

/** Device's statement about its messaging key. The key of the device's certificate signs it. */
export const messagingKeySchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  signatureKey,
  at: timestamp,
});
export type MessagingKey = z.infer<typeof messagingKeySchema>;

/**
 * Certificate of a messaging key. A server's online key confirms that the device is enrolled and has the private key. Agents accept the
 * device in conversations only if an organization key has also signed.
 */
export const messagingCertificateSchema = z.strictObject({
  installation: identifier,
  device: identifier,
  generation: z.int().min(1),
  /**
   * Person id of the device's user. Software uses only this id; the name, e-mail address and group are for people who read the certificate.
   */
  person: personId,
  /** Name of the user, for people who read the certificate. Two people may have the same name. */
  name: z.string().min(1).max(200),
  /** E-mail address in the person's record; null if the record has none. Certificates of older Cordon versions lack the field. */
  email: z.string().max(254).nullable().optional(),
  /** Name of the device's group when the certificate was issued. */
  group: z.string().max(200).optional(),
  /**
   * Set for a mail connector: a device that passes mail between the company's mail server and Cordon. Devices accept inbound mail only from
   * such a device, and seal outbound mail only to it.
   */
  mailConnector: z.literal(true).optional(),
  signatureKey,
  issuedAt: timestamp,
});
export type MessagingCertificate = z.infer<typeof messagingCertificateSchema>;

/** Observation of a location, in the format of a device's report. */
export const observationSchema = z.strictObject({
  source: z.enum(EVIDENCE_SOURCES),
  areas: z.array(evidenceArea).min(1).max(16),
  at: z.int().min(0),
  whole: z.boolean().optional(),
});
