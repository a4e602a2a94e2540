/**
 * An order's evidence pack: a zip (`zip.ts`) of the files below, each JSON file canonical. The manifest, signed by an online key of the root,
 * names the SHA-256 of every other file, so that none can be changed, left out or added unseen. What the files say is proved by others' keys:
 * approvers' (approvals), devices' (receipts), the ledger's.
 */
import { z } from 'zod';
import { openingSchema } from '../ledger/leaf.ts';
import { base64, envelopeSchema, orderNumber, RECEIPT_KINDS, sha256Hex, timestamp } from '../order/documents.ts';
import { packIdSchema } from '../protocol/ids.ts';
import { publicRootSchema } from './public-root.ts';
import type { ZipLimits } from './zip-limits.ts';

export const PACK_TYPE = 'application/vnd.cordon.evidence-pack.v1+json';

/** What a pack calls a device, or a person: made at random for this pack alone. Whom it means stands in the annex, sealed to whoever may know. */
export const handleSchema = z.string().regex(/^device-[a-z2-7]{10}$/);

export const MANIFEST = 'manifest.json';
export const SUMMARY = 'summary.html';
/** `publicRootSchema`. Whoever verifies compares it with the one that they have from elsewhere. */
export const PUBLIC_ROOT = 'public-root.json';
/** Certificates in PEM. */
export const AUTHORITY = { root: 'authority/root.pem', issuing: 'authority/issuing.pem' } as const;
/** A signed note. */
export const CHECKPOINT = 'ledger/checkpoint';
/** `leavesSchema`. */
export const LEAVES = 'ledger/leaves.json';
/** `growthSchema`. */
export const GROWTH = 'ledger/growth.json';
/** `silentSchema`. */
export const SILENT = 'silent.json';
/** `destructionSchema` of `shared/pack/destruction.ts`; only when an exit was approved. */
export const DESTRUCTION = 'destruction.json';
/** Envelopes; `receiptsSchema` the last. Numbers are versions, revisions, versions, and a count. */
export const SERIES = {
  approvers: 'approvers',
  revisions: 'revisions',
  lists: 'lists',
  receipts: 'receipts',
} as const;
export type Series = keyof typeof SERIES;

export const numbered = (series: Series, number: number): string => `${SERIES[series]}/${number}.json`;

/** The number of a file of this series; null for any other name. */
export function numberIn(series: Series, name: string): number | null {
  const [, digits] = /^([1-9][0-9]{0,8})\.json$/.exec(name.slice(SERIES[series].length + 1)) ?? [];
  return digits !== undefined && name === numbered(series, Number(digits)) ? Number(digits) : null;
}

/** Whether a file of a pack, of this version or a later one, may be called so. */
export const isPackName = (name: string): boolean =>
  name === CHECKPOINT || /^([a-z]{1,20}\/)?[a-z0-9-]{1,40}\.(json|pem|html)$/.test(name);

/** The longest file name in bytes, and the most files that a manifest names. At 20 devices in a file, 65,000 files hold 1.3 million devices. */
const MOST_NAME_BYTES = 100;
const MOST_FILES = 65_000;
const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * The most bytes of one file. The verifier parses four kinds of files before it has checked the manifest's signature, so their limits are
 * tight. The largest other file is one of receipts: 20 devices with 10,000 receipts of 1 KB each.
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

export const manifestSchema = z.strictObject({
  installation: publicRootSchema.shape.installation,
  order: orderNumber,
  /** Names this pack; the annex names it too. */
  pack: packIdSchema,
  madeAt: timestamp,
  /** In the order in which they stand in the zip, before the manifest. */
  files: z
    .array(z.strictObject({ name: z.string().max(MOST_NAME_BYTES), bytes: z.int().min(0), sha256: sha256Hex }))
    .max(MOST_FILES),
});
export type Manifest = z.infer<typeof manifestSchema>;

const hashes = z.array(z.base64()).max(64);

/**
 * Leaves of the ledger, with the proof that the checkpoint has each (RFC 9162, section 2.1.3). `opening`: of a leaf that keeps its particulars from the
 * public, and of no other, since what others commit to may be a device or a person.
 */
export const leavesSchema = z
  .array(z.strictObject({ index: z.int().min(0), body: z.string(), proof: hashes, opening: openingSchema.optional() }))
  .max(100_000);

/** Checkpoints of the time when something was decided, with the proof that the newest tree begins with theirs (RFC 9162, section 2.1.4). */
export const growthSchema = z.array(z.strictObject({ checkpoint: z.string().max(10_000), proof: hashes })).max(10_000);

/** Of one device, receipts of one kind: the first half of them and the last. A device that repeats itself fills no pack. */
export const MOST_OF_A_KIND = 2_000;

/** A device's receipts on the order as it signed them, and the certificates of the keys that signed. */
export const receiptsSchema = z
  .array(
    z.strictObject({
      device: handleSchema,
      /** DER in base64. */
      certificates: z
        .array(base64)
        .min(1)
        .max(MOST_OF_A_KIND * RECEIPT_KINDS.length),
      receipts: z
        .array(envelopeSchema)
        .min(1)
        .max(MOST_OF_A_KIND * RECEIPT_KINDS.length),
      /** How many more the server has of it; absent: none. */
      omitted: z.int().min(1).optional(),
    }),
  )
  .max(10_000);

/**
 * The server's own word: whom the order denied something when a revision of it came into force, or would when the pack was made, and who of them has never
 * answered.
 */
export const silentSchema = z.strictObject({
  reached: z.int().min(0),
  silent: z.array(handleSchema).max(10_000_000),
});
