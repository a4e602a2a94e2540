import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { publicRootSchema } from '../pack/public-root.ts';
import { instant } from './wire.ts';

export const installationView = z.object({
  installation: z.string(),
  organization: z.string(),
  version: z.string(),
  deviceUrl: z.string(),
  publicUrl: z.string(),
  /** Contact for users of suspended services. It applies to orders without a contact of their own. */
  appeal: z.string(),
  store: z.enum(['sqlite', 'postgres']),
  /**
   * Whether the server sends mail. With mail, the server sends account links to the account's address, and an approver needs a verified
   * address.
   */
  mail: z.boolean(),
  /** Default recipient of backups (an age public key). If null, an owner must name a recipient for each backup. */
  backupRecipient: z.string().nullable(),
  /** Percentage of the fleet above which the page of an order shows a warning. */
  largeShare: z.number(),
  /** True for a demo server, which has a simulated clock and sign-in by link. */
  demo: z.boolean(),
  /** Public keys that auditors need to verify evidence packs (the public root); null before the first approver set is adopted. */
  publicRoot: z.object({ fingerprint: sha256Hex, document: publicRootSchema }).nullable(),
  certificates: z.array(
    z.object({
      use: z.enum(['root', 'issuing', 'server']),
      subject: z.string(),
      serial: z.string(),
      fingerprint: z.string(),
      notBefore: instant,
      notAfter: instant,
    }),
  ),
});
export type Installation = z.infer<typeof installationView>;
