/**
 * Format of an order's evidence pack: a zip (`zip.ts`) of the files below; each JSON file is canonical. The manifest contains the SHA-256
 * of every other file and is signed by an online key of the approver set. No file can be changed, removed or added unnoticed. Other keys
 * prove the content: approvers' (approvals), devices' (receipts), the ledger's.
 */
import { z } from 'zod';
import { openingSchema } from '../ledger/ledger-entry.ts';
import { base64, envelopeSchema, orderNumber, RECEIPT_KINDS, sha256Hex, timestamp } from '../order/documents.ts';
import { MOST_PROCEEDINGS, proceedingRecordSchema } from '../order/proceedings.ts';
import { packIdSchema } from '../protocol/ids.ts';
import { publicRootSchema } from './public-root.ts';
import type { ZipLimits } from './zip-limits.ts';

export const PACK_TYPE = 'application/vnd.cordon.evidence-pack.v1+json';
/** Type of a pack whose ledger continued after a loss of entries. Verifiers of the first version refuse it and do not misread it. */
export const PACK_TYPE_CONTINUED = 'application/vnd.cordon.evidence-pack.v2+json';
/** Type of a pack with location changes, with or without a continued ledger. Verifiers of the other versions do not know the file. */
export const PACK_TYPE_WITH_LOCATIONS = 'application/vnd.cordon.evidence-pack.v3+json';
export const PACK_TYPES = [PACK_TYPE, PACK_TYPE_CONTINUED, PACK_TYPE_WITH_LOCATIONS] as const;

/** Handle of a device or person, random for this pack alone. The annex, sealed to a named recipient, assigns names to handles. */
export const handleSchema = z.string().regex(/^device-[a-z2-7]{10}$/);

export const MANIFEST = 'manifest.json';
export const SUMMARY = 'summary.html';
/** `publicRootSchema`. The auditor compares it with an independent copy. */
export const PUBLIC_ROOT = 'public-root.json';
/** Certificates in PEM. */
export const AUTHORITY = { root: 'authority/root.pem', issuing: 'authority/issuing.pem' } as const;
/** Signed note with the checkpoint of the ledger. */
export const CHECKPOINT = 'ledger/checkpoint';
/** Content: `entriesSchema`. */
export const ENTRIES = 'ledger/entries.json';
/** Content: `growthSchema`. */
export const GROWTH = 'ledger/growth.json';
/** `continuationsSchema`; only when the ledger continued after a loss of entries (ADR 39). */
export const CONTINUATIONS = 'ledger/continuations.json';
/** Content: `silentSchema`. */
export const SILENT = 'silent.json';
/** `locationsSchema` of `shared/pack/location-records.ts`; only when an admin's change of a device's location concerns the order. */
export const LOCATIONS = 'locations.json';
/** `destructionSchema` of `shared/pack/destruction.ts`; only when an exit was approved. */
export const DESTRUCTION = 'destruction.json';
/** `proceedingsSchema`; only when an answer or an appeal was recorded. */
export const PROCEEDINGS = 'proceedings.json';
export function packTypeOf(names: readonly string[]): (typeof PACK_TYPES)[number] {
  if (names.includes(LOCATIONS)) return PACK_TYPE_WITH_LOCATIONS;
  return names.includes(CONTINUATIONS) ? PACK_TYPE_CONTINUED : PACK_TYPE;
}
/** Envelopes; `receiptsSchema` the last. Numbers are versions, revisions, versions, and a count. */
export const SERIES = {
  approvers: 'approvers',
  revisions: 'revisions',
  lists: 'lists',
  receipts: 'receipts',
} as const;
export type Series = keyof typeof SERIES;

export const numbered = (series: Series, number: number): string => `${SERIES[series]}/${number}.json`;

/** Number of a file in its series; null for any other name. */
export function numberIn(series: Series, name: string): number | null {
  const [, digits] = /^([1-9][0-9]{0,8})\.json$/.exec(name.slice(SERIES[series].length + 1)) ?? [];
  return digits !== undefined && name === numbered(series, Number(digits)) ? Number(digits) : null;
}

/** Whether the name is possible for a file of this version's or a later version's packs. */
export const isPackName = (name: string): boolean =>
  name === CHECKPOINT || /^([a-z]{1,20}\/)?[a-z0-9-]{1,40}\.(json|pem|html)$/.test(name);

/** Longest file name in bytes, and largest number of files. With 20 devices in a file, 65,000 files hold 1.3 million devices. */
const MOST_NAME_BYTES = 100;
const MOST_FILES = 65_000;
const MOST_NAME_CHARACTERS = 1_000;
const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Largest size of one file in bytes. The verifier parses four kinds of files before the manifest's signature, so their limits are tight.
 * The largest other file holds receipts: 20 devices with 10,000 receipts of 1 KB each.
 */
function mostFileBytes(name: string): number {
  if (name === MANIFEST) return 32 * MIB;
  if (name === PUBLIC_ROOT || name === CHECKPOINT || name === AUTHORITY.root || name === AUTHORITY.issuing) {
    return 64 * KIB;
  }
  return name.startsWith(`${SERIES.approvers}/`) ? 4 * MIB : 400 * MIB;
}

/** A pack about 100,000 devices has about 500 MB in 5,000 files. Node reads files up to 2 GiB. */
export const PACK_LIMITS: ZipLimits = {
  isName: isPackName,
  nameBytes: MOST_NAME_BYTES,
  files: MOST_FILES + 1,
  bytes: 2 ** 31 - 1,
  fileBytes: mostFileBytes,
};

const softwareVersion = z.string().regex(/^[0-9A-Za-z.+-]{1,40}$/);

/** Number of newest order lists that a server keeps. A later pack lacks the older lists. */
export const LISTS_KEPT = 1000;

export const manifestSchema = z.strictObject({
  installation: publicRootSchema.shape.installation,
  order: orderNumber,
  /** Identifier of this pack; the annex names it too. */
  pack: packIdSchema,
  /** Time by the server's clock, after the pack's checkpoint. */
  madeAt: timestamp,
  /** Name of the organization, as the operator states it. */
  organization: z.string().max(MOST_NAME_CHARACTERS),
  /**
   * The program that made the pack. Names of countries and local times in the summary depend on its Unicode data (CLDR) and time zone data.
   */
  software: z.strictObject({ cordon: softwareVersion, cldr: softwareVersion, tz: softwareVersion }),
  /** Files in the order of the zip, before the manifest. */
  files: z
    .array(z.strictObject({ name: z.string().max(MOST_NAME_BYTES), bytes: z.int().min(0), sha256: sha256Hex }))
    .max(MOST_FILES),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The operator's records about answers and appeals, by number. The ledger commits to each record. */
export const proceedingsSchema = z.array(proceedingRecordSchema).min(1).max(MOST_PROCEEDINGS);

const hashes = z.array(z.base64()).max(64);

/**
 * Ledger entries with their inclusion proofs (RFC 9162, section 2.1.3). `opening`: only for an entry with withheld particulars, because
 * other commitments may concern a device or a person.
 */
export const entriesSchema = z
  .array(z.strictObject({ index: z.int().min(0), body: z.string(), proof: hashes, opening: openingSchema.optional() }))
  .max(100_000);

/** Checkpoints at the times of decisions, with consistency proofs to the newest tree (RFC 9162, section 2.1.4). */
export const growthSchema = z.array(z.strictObject({ checkpoint: z.string().max(10_000), proof: hashes })).max(10_000);

/** Envelopes of adopted continuations, oldest first. */
export const continuationsSchema = z.array(envelopeSchema).min(1).max(64);

/** Limit for receipts of one kind by one device: the first half and the last half. A device that repeats itself cannot fill a pack. */
export const MOST_OF_A_KIND = 2_000;

/** A device's receipts about the order with their signatures, and the certificates of the signing keys. */
export const receiptsSchema = z
  .array(
    z.strictObject({
      device: handleSchema,
      /** Certificates, DER in base64. */
      certificates: z
        .array(base64)
        .min(1)
        .max(MOST_OF_A_KIND * RECEIPT_KINDS.length),
      receipts: z
        .array(envelopeSchema)
        .min(1)
        .max(MOST_OF_A_KIND * RECEIPT_KINDS.length),
      /** Number of receipts that the server has beyond the limit; absent if all receipts are in the pack. */
      omitted: z.int().min(1).optional(),
    }),
  )
  .max(10_000);

/**
 * The server's own statement. `reached`: number of affected devices: the order blocked a service of the device at a revision's effective
 * time or at the time of the pack, or the device signed that it enforced the order. An offline device with an expired location counts at
 * its last location. `silent`: those that never answered, by handle.
 */
export const silentSchema = z.strictObject({
  reached: z.int().min(0),
  silent: z.array(handleSchema).max(10_000_000),
});
