/** The installation itself, as its admins need to know it. No secret is in it. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { publicRootSchema } from '../pack/public-root.ts';
import { instant } from './wire.ts';

export const installationView = z.object({
  installation: z.string(),
  organisation: z.string(),
  version: z.string(),
  /** Where devices and anyone else reach it. */
  deviceUrl: z.string(),
  publicUrl: z.string(),
  /** Whom a person who is denied can turn to, when an order does not say. */
  appeal: z.string(),
  store: z.enum(['sqlite', 'postgres']),
  /** For whom backups are encrypted unless an owner names another recipient; null: nobody is configured. */
  backupRecipient: z.string().nullable(),
  /** Percent of the fleet beyond which an order's page warns. */
  largeShare: z.number(),
  /** The clock is driven and people sign in by a link: nothing here is real. */
  demo: z.boolean(),
  /** What outsiders check packs by; null before the first root of approvers is adopted. */
  publicRoot: z.object({ fingerprint: sha256Hex, document: publicRootSchema }).nullable(),
  certificates: z.array(
    z.object({
      use: z.enum(['root', 'issuing', 'server']),
      subject: z.string(),
      serial: z.string(),
      /** SHA-256 of the DER, hex. */
      fingerprint: z.string(),
      notBefore: instant,
      notAfter: instant,
    }),
  ),
});
export type Installation = z.infer<typeof installationView>;
