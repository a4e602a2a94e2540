/**
 * Format of an order's evidence pack: a zip of the files below. The manifest contains the SHA-256 of every other file, and an online key of
 * the approver set signs it, so each change is detected. Approvals, receipts and the ledger have their own signatures.
 */
import { z } from 'zod';
import { openingSchema } from '../ledger/ledger-entry.ts';
import { base64, envelopeSchema, orderNumber, RECEIPT_KINDS, sha256Hex, timestamp } from '../order/documents.ts';
import { MOST_PROCEEDINGS, proceedingRecordSchema } from '../order/proceedings.ts';
import { packIdSchema } from '../protocol/ids.ts';
import { publicRootSchema } from './public-root.ts';
import type { ZipLimits } from './zip-limits.ts';

export const PACK_TYPE = 'application/vnd.cordon.evidence-pack.v1+json';
/**
 * Type of an evidence pack whose ledger continued under a new name after a loss of entries. Verifiers that know only `PACK_TYPE` refuse
 * this type, because they would misread the pack.
 */
export const PACK_TYPE_CONTINUED = 'application/vnd.cordon.evidence-pack.v2+json';
/**
 * Type of an evidence pack that contains location changes, whether or not its ledger continued under a new name. Verifiers that know only
 * the earlier types refuse this type, because they do not know the file with location changes.
 */
export const PACK_TYPE_WITH_LOCATIONS = 'application/vnd.cordon.evidence-pack.v3+json';
export const PACK_TYPES = [PACK_TYPE, PACK_TYPE_CONTINUED, PACK_TYPE_WITH_LOCATIONS] as const;

/**
 * Pseudonym (handle) of a device in an evidence pack. The pseudonym is random, and each evidence pack uses other pseudonyms. A separate
 * annex, encrypted to a named recipient, says which name belongs to each pseudonym.
 */
export const handleSchema = z.string().regex(/^device-[a-z2-7]{10}$/);

export const MANIFEST = 'manifest.json';
export const SUMMARY = 'summary.html';
/** Public root: document with the keys that auditors need. The auditor compares it with a copy from another source. */
export const PUBLIC_ROOT = 'public-root.json';
/** Files with the certificates of the root CA and of the issuing CA, in PEM. */
export const AUTHORITY = { root: 'authority/root.pem', issuing: 'authority/issuing.pem' } as const;
/** File with the ledger's checkpoint, a signed note. */
export const CHECKPOINT = 'ledger/checkpoint';
/** File with ledger entries (`entriesSchema`). */
export const ENTRIES = 'ledger/entries.json';
/** File with earlier checkpoints and their consistency proofs (`growthSchema`). */
export const GROWTH = 'ledger/growth.json';
/** File with statements that the ledger continued under a new name (`continuationsSchema`), present only if entries were lost (ADR 39). */
export const CONTINUATIONS = 'ledger/continuations.json';
/**
 * File with the number of devices that the order affected, and with the pseudonyms of those that sent no receipt about the order
 * (`silentSchema`).
 */
export const SILENT = 'silent.json';
/**
 * File with admins' changes of devices' locations (`locationsSchema`). The file exists only if such a change concerns the order that the
 * evidence pack is about.
 */
export const LOCATIONS = 'locations.json';
/** File with the certificate of destruction (`destructionSchema`), present only if approvers approved an exit (wipe of work data). */
export const DESTRUCTION = 'destruction.json';
/**
 * File with the operator's answers to the authority and appeals to a court (`proceedingsSchema`), present only if an admin recorded one.
 */
export const PROCEEDINGS = 'proceedings.json';
export function packTypeOf(names: readonly string[]): (typeof PACK_TYPES)[number] {
  if (names.includes(LOCATIONS)) return PACK_TYPE_WITH_LOCATIONS;
  return names.includes(CONTINUATIONS) ? PACK_TYPE_CONTINUED : PACK_TYPE;
}
/**
 * Folders with numbered files, such as `revisions/3.json`. The number is the version of an approver set or order list, or the number of a
 * revision. Files with receipts are numbered from 1.
 */
export const SERIES = {
  approvers: 'approvers',
  revisions: 'revisions',
  lists: 'lists',
  receipts: 'receipts',
} as const;
export type Series = keyof typeof SERIES;

export const numbered = (series: Series, number: number): string => `${SERIES[series]}/${number}.json`;

/** Returns the number in the name of a numbered file, such as 3 for `revisions/3.json`; null for a name outside the given series. */
export function numberIn(series: Series, name: string): number | null {
  const [, digits] = /^([1-9][0-9]{0,8})\.json$/.exec(name.slice(SERIES[series].length + 1)) ?? [];
  return digits !== undefined && name === numbered(series, Number(digits)) ? Number(digits) : null;
}

/** Checks whether a file of an evidence pack may have the given name, in this or a later version of the format. */
export const isPackName = (name: string): boolean =>
  name === CHECKPOINT || /^([a-z]{1,20}\/)?[a-z0-9-]{1,40}\.(json|pem|html)$/.test(name);

/**
 * Maximum length in bytes of a file name in an evidence pack, and maximum number of files. 65,000 files with 20 devices each hold the
 * receipts of 1.3 million devices.
 */
const MOST_NAME_BYTES = 100;
const MOST_FILES = 65_000;
const MOST_NAME_CHARACTERS = 1_000;
const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Returns the maximum size in bytes of a file in an evidence pack. The limit is low for files that the verifier parses before it has
 * checked the manifest's signature. The highest limit allows a file with receipts of 20 devices: 10,000 receipts of 1 KB for each device.
 */
function mostFileBytes(name: string): number {
  if (name === MANIFEST) return 32 * MIB;
  if (name === PUBLIC_ROOT || name === CHECKPOINT || name === AUTHORITY.root || name === AUTHORITY.issuing) {
    return 64 * KIB;
  }
  return name.startsWith(`${SERIES.approvers}/`) ? 4 * MIB : 400 * MIB;
}

/**
 * Limits of an evidence pack's zip file. For 100,000 devices, the zip file has about 500 MB in 5,000 files. Node reads files up to 2 GiB.
 */
export const PACK_LIMITS: ZipLimits = {
  isName: isPackName,
  nameBytes: MOST_NAME_BYTES,
  files: MOST_FILES + 1,
  bytes: 2 ** 31 - 1,
  fileBytes: mostFileBytes,
};

const softwareVersion = z.string().regex(/^[0-9A-Za-z.+-]{1,40}$/);

/** Number of newest order lists that a server stores. An evidence pack lacks older lists, because the server has deleted them. */
export const MOST_STORED_LISTS = 1000;

export const manifestSchema = z.strictObject({
  installation: publicRootSchema.shape.installation,
  order: orderNumber,
  /** Identifier of the evidence pack. Its annex (separate file that says which name belongs to each pseudonym) has the same identifier. */
  pack: packIdSchema,
  /**
   * Time at which the server made the evidence pack. The server reads the ledger first, so no ledger entry in the evidence pack has a later
   * time.
   */
  madeAt: timestamp,
  organization: z.string().max(MOST_NAME_CHARACTERS),
  /**
   * Version of the program that made the evidence pack, and of its Unicode (CLDR) and time zone data. Country names and local times in the
   * evidence pack's summary page depend on these data.
   */
  software: z.strictObject({ cordon: softwareVersion, cldr: softwareVersion, tz: softwareVersion }),
  /** Files of the evidence pack without the manifest, in the same sequence as in the zip file. */
  files: z
    .array(z.strictObject({ name: z.string().max(MOST_NAME_BYTES), bytes: z.int().min(0), sha256: sha256Hex }))
    .max(MOST_FILES),
});
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * Operator's records about answers to an order's authority and about appeals to a court, sorted by number. The ledger contains the digest
 * of each record, so that a later change of a record is detected.
 */
export const proceedingsSchema = z.array(proceedingRecordSchema).min(1).max(MOST_PROCEEDINGS);

const hashes = z.array(z.base64()).max(64);

/**
 * Ledger entries with their inclusion proofs (RFC 9162, section 2.1.3). `opening` reveals the details of an entry that the public entry
 * withholds.
 */
export const entriesSchema = z
  .array(z.strictObject({ index: z.int().min(0), body: z.string(), proof: hashes, opening: openingSchema.optional() }))
  .max(100_000);

/**
 * Checkpoints at the times of decisions, with proofs that the newest ledger contains their entries unchanged (consistency proofs of RFC
 * 9162, section 2.1.4).
 */
export const growthSchema = z.array(z.strictObject({ checkpoint: z.string().max(10_000), proof: hashes })).max(10_000);

export const continuationsSchema = z.array(envelopeSchema).min(1).max(64);

/**
 * Maximum number of receipts of one kind by one device, so that a faulty device cannot fill an evidence pack. If the device sent more, the
 * evidence pack has the earliest and the latest receipts, one half of the maximum each.
 */
export const MOST_OF_A_KIND = 2_000;

/** Devices' receipts about an order with their signatures, and the certificates of the signing keys. */
export const receiptsSchema = z
  .array(
    z.strictObject({
      device: handleSchema,
      /** Certificates in DER, base64. */
      certificates: z
        .array(base64)
        .min(1)
        .max(MOST_OF_A_KIND * RECEIPT_KINDS.length),
      receipts: z
        .array(envelopeSchema)
        .min(1)
        .max(MOST_OF_A_KIND * RECEIPT_KINDS.length),
      /**
       * Number of the device's receipts that exceed the maximum (`MOST_OF_A_KIND`) and remain only on the server; absent if the evidence
       * pack has all receipts.
       */
      omitted: z.int().min(1).optional(),
    }),
  )
  .max(10_000);

/**
 * Server's statement about the devices that an order affected: their number, and the pseudonyms of those that sent no receipt (`silent`).
 * The order blocked these devices when it took effect or when the evidence pack was made, or they signed a receipt of a block or wipe.
 */
export const silentSchema = z.strictObject({
  affected: z.int().min(0),
  silent: z.array(handleSchema).max(10_000_000),
});
