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
 * Pseudonym (handle) of a device or person, random and valid in one pack only. A separate annex, encrypted to a named recipient, says which
 * name belongs to each pseudonym.
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
/** File with the number of affected devices and the devices without a response (`silentSchema`). */
export const SILENT = 'silent.json';
/** File with location changes (`locationsSchema`), present only if an admin's change of a device's location concerns the order. */
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

/** Whether the name is possible for a file of a pack, in this or a later version. */
export const isPackName = (name: string): boolean =>
  name === CHECKPOINT || /^([a-z]{1,20}\/)?[a-z0-9-]{1,40}\.(json|pem|html)$/.test(name);

/** Maximum length of a file name in bytes, and maximum number of files. 65,000 files with 20 devices each hold 1.3 million devices. */
const MOST_NAME_BYTES = 100;
const MOST_FILES = 65_000;
const MOST_NAME_CHARACTERS = 1_000;
const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Maximum size of a file in bytes. Four kinds of files have low limits, because the verifier parses them before it has checked the
 * manifest's signature. The largest of the other files has receipts: 20 devices with 10,000 receipts of 1 KB each.
 */
function mostFileBytes(name: string): number {
  if (name === MANIFEST) return 32 * MIB;
  if (name === PUBLIC_ROOT || name === CHECKPOINT || name === AUTHORITY.root || name === AUTHORITY.issuing) {
    return 64 * KIB;
  }
  return name.startsWith(`${SERIES.approvers}/`) ? 4 * MIB : 400 * MIB;
}

/** Limits of the whole zip. A pack about 100,000 devices has about 500 MB in 5,000 files; Node reads files up to 2 GiB. */
export const PACK_LIMITS: ZipLimits = {
  isName: isPackName,
  nameBytes: MOST_NAME_BYTES,
  files: MOST_FILES + 1,
  bytes: 2 ** 31 - 1,
  fileBytes: mostFileBytes,
};

const softwareVersion = z.string().regex(/^[0-9A-Za-z.+-]{1,40}$/);

/** Number of newest order lists that a server stores. A pack lacks older lists. */
export const MOST_STORED_LISTS = 1000;

export const manifestSchema = z.strictObject({
  installation: publicRootSchema.shape.installation,
  order: orderNumber,
  /** Identifier of this pack. The annex (separate file that says which name belongs to each pseudonym) also contains it. */
  pack: packIdSchema,
  /** Time at which the server made the pack. The server reads the ledger first, so no ledger entry in the pack has a later time. */
  madeAt: timestamp,
  organization: z.string().max(MOST_NAME_CHARACTERS),
  /** Version of the program that made the pack. Country names and local times in the summary depend on its Unicode and time zone data. */
  software: z.strictObject({ cordon: softwareVersion, cldr: softwareVersion, tz: softwareVersion }),
  /** Files of the pack in the order of the zip, without the manifest. */
  files: z
    .array(z.strictObject({ name: z.string().max(MOST_NAME_BYTES), bytes: z.int().min(0), sha256: sha256Hex }))
    .max(MOST_FILES),
});
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * Operator's records about answers to the order's authority and appeals to a court, sorted by number. The ledger contains the digest of
 * each record.
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
 * Maximum number of receipts of one kind by one device, so that a faulty device cannot fill the pack. If there are more, one half of this
 * number are the earliest receipts and one half the latest.
 */
export const MOST_OF_A_KIND = 2_000;

/** A device's receipts about the order with their signatures, and the certificates of the signing keys. */
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
      /** Number of receipts that exceed the limit and remain on the server; absent if all receipts are in the pack. */
      omitted: z.int().min(1).optional(),
    }),
  )
  .max(10_000);

/**
 * Server's own statement about affected devices: their number (`affected`), and the pseudonyms of those that never responded (`silent`). A
 * device is affected if the order blocked one of its services when a revision took effect or when the pack was made. A device that signed a
 * receipt of a block or a wipe is also affected. An offline device counts at its last known location.
 */
export const silentSchema = z.strictObject({
  affected: z.int().min(0),
  silent: z.array(handleSchema).max(10_000_000),
});
