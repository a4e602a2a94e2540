/** IP databases: which address is in which country. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

export const LARGEST_IP_DATABASE = 256 * 1024 * 1024;

export const ipDatabaseView = z.object({
  hash: sha256Hex,
  name: z.string(),
  importedAt: instant,
  /** When its maker built it: its age is what an admin must see. */
  builtAt: instant,
  active: z.boolean(),
});
export const ipDatabaseList = z.object({ databases: z.array(ipDatabaseView) });
export const ipDatabaseQuery = z.strictObject({ name: z.string().regex(/^[A-Za-z0-9._ -]{1,120}$/) });
export const ipDatabaseParams = z.object({ hash: sha256Hex });
