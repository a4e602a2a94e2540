/**
 * The last entry of a backup: what the backup is of, and the hash of every other entry. A backup is an age file; inside it is a tar archive
 * with `store/…` (rows as JSON lines), `keys/…` (files as they are, sealed under the server's passphrase), `ip/…` and `manifest.json`.
 */
import { z } from 'zod';
import { sha256Hex } from '../../shared/order/documents.ts';

export const MANIFEST = 'manifest.json';
/** Version of the format. A reader refuses an unknown version. */
export const FORMAT = 1;
/** 4 TB of parts of 4 MB. */
const MOST_PARTS = 1_000_000;

const count = z.int().min(0);

export const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** The version of Cordon that made the backup. */
  version: z.string().max(64),
  installation: z.string().max(64),
  /** The recovery point: the instant of the snapshot, Unix milliseconds by the server's domain clock, and by the machine's own. */
  at: count,
  realAt: count,
  dialect: z.enum(['sqlite', 'postgres']),
  migrations: z.array(z.string().max(120)).max(1000),
  ledger: z.strictObject({
    size: count,
    /** The newest signed note; null before the first. */
    checkpoint: z.string().max(10_000).nullable(),
    /** As `name+id+base64`. */
    key: z.string().max(1000),
  }),
  versions: z.strictObject({ list: count, crl: count, approvers: count }),
  /** SHA-256 of the root certificate, hex. */
  authority: sha256Hex,
  /** Null when the IP database that came with the program was in use. */
  ipDatabase: z.strictObject({ hash: sha256Hex, name: z.string().max(400) }).nullable(),
  parts: z.array(z.strictObject({ name: z.string().max(100), bytes: count, sha256: sha256Hex })).max(MOST_PARTS),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type Part = Manifest['parts'][number];
