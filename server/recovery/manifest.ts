/**
 * Manifest of a backup: it names the installation, and contains the hash of every other part. A backup is an age file with a tar archive of
 * `store/…` (rows as JSON lines), `keys/…` (files, encrypted under the server's passphrase), `ip/…`, and `manifest.json` as the last part.
 */
import { z } from 'zod';
import { sha256Hex } from '../../shared/order/documents.ts';

export const MANIFEST = 'manifest.json';
/** Version of the format. Readers refuse an unknown version. */
export const FORMAT = 1;
/** Maximum number of parts in a backup. With 4 MB in each part, a backup can have 4 TB. */
const MOST_PARTS = 1_000_000;

const count = z.int().min(0);

export const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.string().max(64),
  installation: z.string().max(64),
  /** Recovery point: time of the snapshot in Unix milliseconds, by the server's clock and by the machine's clock. */
  at: count,
  realAt: count,
  dialect: z.enum(['sqlite', 'postgres']),
  migrations: z.array(z.string().max(120)).max(1000),
  ledger: z.strictObject({
    size: count,
    /** Newest signed checkpoint of the ledger; null before the first checkpoint. */
    checkpoint: z.string().max(10_000).nullable(),
    /** Verifier key of the ledger as `name+id+base64`. */
    key: z.string().max(1000),
  }),
  versions: z.strictObject({ list: count, crl: count, approvers: count }),
  authority: sha256Hex,
  ipDatabase: z.strictObject({ hash: sha256Hex, name: z.string().max(400) }).nullable(),
  parts: z.array(z.strictObject({ name: z.string().max(100), bytes: count, sha256: sha256Hex })).max(MOST_PARTS),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type Part = Manifest['parts'][number];
