/** Facts about the installation for its admins, without secrets. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { publicRootSchema } from '../pack/public-root.ts';
import { instant } from './wire.ts';

export const installationView = z.object({
  installation: z.string(),
  organization: z.string(),
  version: z.string(),
  /** Address for devices, and address of the public listener. */
  deviceUrl: z.string(),
  publicUrl: z.string(),
  /** Contact for users whose service is suspended. It applies to orders that name no contact of their own. */
  appeal: z.string(),
  store: z.enum(['sqlite', 'postgres']),
  /** Whether the server sends mail. With mail, account links go to the account's address, and approvers need a verified address. */
  mail: z.boolean(),
  /**
   * Default recipient of backups (an age public key); null if none is configured. Without a default, an owner must name a recipient for
   * each backup.
   */
  backupRecipient: z.string().nullable(),
  /** Percentage of the fleet above which the page of an order shows a warning. */
  largeShare: z.number(),
  /** Whether this server is the demo, with a simulated clock and sign-in by link. */
  demo: z.boolean(),
  /**
   * Document with the public keys that auditors need to verify evidence packs (the public root); null before the first approver set is
   * adopted.
   */
  publicRoot: z.object({ fingerprint: sha256Hex, document: publicRootSchema }).nullable(),
  certificates: z.array(
    z.object({
      use: z.enum(['root', 'issuing', 'server']),
      subject: z.string(),
      serial: z.string(),
      /** SHA-256 of the certificate in DER, hex. */
      fingerprint: z.string(),
      notBefore: instant,
      notAfter: instant,
    }),
  ),
});
export type Installation = z.infer<typeof installationView>;
